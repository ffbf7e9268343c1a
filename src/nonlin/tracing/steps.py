"""What ran in a forward pass: steps, and what flows from one to the next."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nonlin.activation import Activation

Kind = Literal[
    "input", "constant", "parameter", "embedding", "layer", "activation", "norm", "add", "join",
    "product", "mix", "unknown",
]  # fmt: skip


@dataclass(frozen=True)
class Flow:
    """What flows into a step.

    Attributes:
        source: index of the step it comes from.
        through: what it passed on the way that keeps values as they are or picks among them:
            reshaping, dropout, pooling.
        factor: the number it was multiplied by on the way.
    """

    source: int
    through: tuple[str, ...] = ()
    factor: float = 1.0


@dataclass(frozen=True)
class Step:
    """Something that ran and changed the numbers.

    Attributes:
        index: position in the order of execution.
        kind: ``layer`` multiplies by a weight; ``add`` and ``product`` combine tensors; ``join``
            lays them side by side; ``mix`` averages one with weights that sum to 1 (attention);
            ``parameter`` and ``constant`` come from no input; ``unknown`` is any other call.
        name: path of the module, name of the parameter, or the call.
        reads: what flows in; the values alone for a ``mix``.
        record: the activation.
        module: the module around an activation or a norm, if it is a module.
        weight: name of a layer's or embedding's weight; empty where it is computed.
        bias: name of the bias, if there is one.
        transposed: whether the weight's first axis is the input's, as in ``x @ w``.
        groups: groups of a convolution.
        stride: of a transposed convolution, the product over its axes: so many times fewer
            inputs reach an output.
        values: for an activation, a call's parameters that are tensors.
    """

    index: int
    kind: Kind
    name: str
    reads: tuple[Flow, ...] = ()
    record: Activation | None = None
    module: Any = None
    weight: str = ""
    bias: str = ""
    transposed: bool = False
    groups: int = 1
    stride: int = 1
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Trace:
    """What ran, in order.

    Attributes:
        steps: every step.
    """

    steps: tuple[Step, ...]

    def of_kind(self, *kinds: Kind) -> list[Step]:
        """The steps of these kinds, in order of execution."""
        return [step for step in self.steps if step.kind in kinds]

    def readers(self, index: int) -> list[Step]:
        """The steps that read the output of a step."""
        return [step for step in self.steps if any(flow.source == index for flow in step.reads)]

    def exchanged(self, new: Mapping[str, Activation]) -> Trace:
        """The same steps with other activations, by the name of those that ran."""
        return Trace(
            tuple(
                dataclasses.replace(step, record=new[step.record.name], module=None, values={})
                if step.record is not None and step.record.name in new
                else step
                for step in self.steps
            )
        )

    def activations_after(self, index: int) -> list[Activation]:
        """The activations that read a step, directly or through norms, sums and joins."""
        found: list[Activation] = []
        for step in self.readers(index):
            if step.kind == "activation" and step.record is not None:
                found.append(step.record)
            elif step.kind in ("norm", "add", "join"):
                found += self.activations_after(step.index)
        return list(dict.fromkeys(found))
