"""The same function as each framework offers it: its name there, its defaults, its errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nonlin.errors import NonlinError
from nonlin.facts import KinkChoice

# Hugging Face's is the table ACT2FN of transformers.
FRAMEWORKS = ("torch", "jax", "keras", "timm", "hf")


@dataclass(frozen=True, kw_only=True)
class Convention:
    """How one framework offers an activation.

    Attributes:
        call: dotted path of the framework's function, such as ``jax.nn.leaky_relu``; a
            class is made without arguments and its object called; ``[key]`` at the end
            looks up a table, such as ``transformers.activations.ACT2FN[gelu]``.
        arguments: keywords that the call needs to be this function.
        parameters: the framework's defaults, where they are not the record's.
        note: a difference that a user meets, in a sentence.
        wrong: where its float32 values or gradients are far from the true ones, in a
            sentence; tests hold the framework to it, so that a mended error is noticed.
        exported: whether its ONNX graph is as accurate as the framework's own function.
        called: whether eager PyTorch calls it instead of the formula: one memory pass each
            way, and the formula's own bits. Its gradient at NaN may be 0 or 1.
    """

    call: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    wrong: str = ""
    exported: bool = True
    called: bool = False


def kink_choice(framework: str) -> KinkChoice:
    """Whose slope a framework takes at a kink: Keras, timm and Hugging Face run on PyTorch."""
    return "jax" if framework == "jax" else "torch"


def convention_of(
    activation: str, conventions: Mapping[str, Convention], framework: str
) -> Convention:
    """What a framework makes of an activation.

    Raises:
        NonlinError: no such framework, or it does not offer the function.
    """
    if framework in conventions:
        return conventions[framework]
    if framework not in FRAMEWORKS:
        raise NonlinError(f"{activation}: like={framework!r}; allowed: {', '.join(FRAMEWORKS)}")
    offered = ", ".join(conventions) or "none of the frameworks"
    raise NonlinError(f"{activation}: {framework} has no such function; offered by: {offered}")
