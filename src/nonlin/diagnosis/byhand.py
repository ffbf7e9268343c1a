"""Steps of a program that moves its parameters itself, without an optimizer of PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from nonlin.diagnosis.backpropagation import Pushed
from nonlin.diagnosis.measuring import followed, own_part
from nonlin.diagnosis.updates import (
    Look,
    Updates,
    by_device,
    copies,
    is_dense,
    keep,
    norms_of_gradients,
)

# What moves these parameters, where an optimizer's name would stand.
KIND = "by hand"


class _Noted(NamedTuple):
    """A parameter with a gradient, before the program moves it."""

    parameter: Tensor
    entries: Tensor
    norm: Tensor
    gradient: Tensor | None  # the same entries of the gradient; None of a sparse one


class MovedByHand:
    """Figures of parameters around the steps of a program.

    A step is what changes parameters that have a gradient. A back-propagation without one, as of
    one batch of several whose gradients are summed, is part of the step that comes after it.
    """

    def __init__(self, updates: Updates) -> None:
        self.updates = updates
        self._noted: dict[int, _Noted] = {}

    def clear(self) -> None:
        """Forget gradients that no step followed."""
        self._noted.clear()

    def note(self, pushed: Sequence[Pushed]) -> None:
        """Note gradients, and the parameters as they are."""
        pushed = [p for p in pushed if p.parameter.is_floating_point() and p.parameter.numel()]
        entries = copies([followed(own_part(p.parameter)) for p in pushed])
        norms = norms_of_gradients([p.gradient for p in pushed])
        for (parameter, gradient), before, norm in zip(pushed, entries, norms, strict=True):
            # A copy: most programs set the gradient to 0 with the step.
            slopes = followed(own_part(gradient)).clone() if is_dense(gradient) else None
            self._noted[id(parameter)] = _Noted(parameter, before, norm, slopes)

    def has_moved(self, step: int) -> bool:
        """Whether any parameter has changed since then; the step is noted where one has.

        Where all gradients are 0, as in a network whose units are all dead, none can.
        """
        noted = list(self._noted.values())
        now = [followed(own_part(n.parameter)) for n in noted]
        moved = _differ(now, [n.entries for n in noted])
        pushed = _differ([n.norm for n in noted], [torch.zeros_like(n.norm) for n in noted])
        if not noted or (any(pushed) and not any(moved)):
            return False
        self._noted.clear()
        self.updates.run.optimizers.add(KIND)
        looked = []
        for n, entries, has_moved, has_gradient in zip(noted, now, moved, pushed, strict=True):
            # In 32 bits a parameter that has a gradient and stays is not part of this step: the
            # other network of two, or an input. Rounding swallows a step in 16 bits.
            if has_gradient and not has_moved and n.parameter.dtype.itemsize >= 4:
                continue
            kept = self.updates.entry(n.parameter, KIND, f"parameter{len(looked) + 1}")
            kept.seen += 1
            own = own_part(n.parameter)
            looked.append(Look(kept, own, entries, n.entries, n.norm, n.gradient))
        keep(looked, step)
        self._others({id(n.parameter) for n in noted})
        return True

    def _others(self, noted: set[int]) -> None:
        """Note the parameters without a gradient of networks of which others have one."""
        for network in self.updates.names.networks():
            parameters = [p for p in network.parameters() if p.requires_grad]
            without = [p for p in parameters if id(p) not in noted and p.is_floating_point()]
            if len(without) == len(parameters):
                continue
            for parameter in without:
                kept = self.updates.entry(parameter, KIND, "")
                kept.seen += 1
                self.updates.without(kept, followed(own_part(parameter)))


def _differ(one: list[Tensor], other: list[Tensor]) -> list[bool]:
    """Whether the tensors of each pair differ anywhere; NaN differs from itself."""
    found: dict[int, bool] = {}
    for places in by_device(one):
        differ = torch.stack([(one[i] != other[i]).any() for i in places])
        found |= zip(places, differ.tolist(), strict=True)
    return [found[i] for i in range(len(one))]
