"""How exactly kernels compute, and what they keep for the backward pass: per call or context."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

from nonlin.errors import NonlinError

Precision = Literal["exact", "fast"]
Save = Literal["auto", "input", "derivative", "output"]

PRECISIONS = ("exact", "fast")
SAVES: tuple[Save, ...] = ("auto", "input", "derivative", "output")

current_precision: ContextVar[Precision] = ContextVar("precision", default="exact")
current_save: ContextVar[Save] = ContextVar("save", default="auto")


@contextmanager
def precision(choice: Precision) -> Iterator[None]:
    """Choose how exactly native kernels compute within the context, in this thread.

    Args:
        choice: ``"exact"``, the default, rounds a float64 result once: at most 0.51 ULP in
            float32. ``"fast"`` computes in float32: at most 4 ULP, beside a zero of a
            derivative 4 of the larger units in which certificates count there. Where there is
            no fast kernel the exact one is as allowed.

    Raises:
        NonlinError: another choice.

    Example:
        >>> import nonlin, numpy as np
        >>> with nonlin.precision("fast"):
        ...     y = nonlin.silu(np.float32([1.0]))
    """
    _require("precision", choice, PRECISIONS)
    token = current_precision.set(choice)
    try:
        yield
    finally:
        current_precision.reset(token)


@contextmanager
def saving(choice: Save) -> Iterator[None]:
    """Choose what PyTorch's forward pass keeps for the backward pass within the context.

    Args:
        choice: ``"input"`` computes the derivative again when it is needed; ``"derivative"``
            keeps it instead, so that the backward pass is one multiplication, and a second
            derivative is refused; ``"auto"``, the default, keeps both while the derivatives
            take less than 256 MiB, and beyond that the input. ``"output"`` keeps the value,
            which the next layer mostly keeps too, so that it costs no memory, and takes the
            derivative from it: less exact where the value is close to a limit, as PyTorch's
            sigmoid and tanh are (docs/saved_output.md), and only where it follows from the
            value. While parameters are trained the input is kept.

    Raises:
        NonlinError: another choice; when an activation is called, ``"output"`` for one whose
            derivative does not follow from its value.
    """
    _require("save", choice, SAVES)
    token = current_save.set(choice)
    try:
        yield
    finally:
        current_save.reset(token)


def chosen(
    precision: Precision | None, save: Save | None, function: Callable[..., Any], *arguments: Any
) -> Any:
    """Call a function with choices that are made for this call alone; None leaves the context's.

    It does what the two contexts above do, at a tenth of their cost. What a compiler traces
    uses no kernel, and context variables are nothing that it could trace.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.compiler.is_compiling():
        return function(*arguments)
    tokens = []
    try:
        if precision is not None:
            _require("precision", precision, PRECISIONS)
            tokens.append((current_precision, current_precision.set(precision)))
        if save is not None:
            _require("save", save, SAVES)
            tokens.append((current_save, current_save.set(save)))
        return function(*arguments)
    finally:
        for variable, token in tokens:
            variable.reset(token)


def _require(name: str, choice: str, allowed: tuple[str, ...]) -> None:
    if choice not in allowed:
        raise NonlinError(f"{name}={choice!r}; allowed: {', '.join(allowed)}")
