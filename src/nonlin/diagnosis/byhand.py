"""Steps of a program that moves its parameters itself, without an optimizer of PyTorch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from scipy.special import stdtr
from torch import Tensor

from nonlin.diagnosis.arguments import tensors_in
from nonlin.diagnosis.backpropagation import Pushed
from nonlin.diagnosis.measuring import followed, own_part
from nonlin.diagnosis.operations import Effect, effect_of, is_learned_from
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


# How likely a change may lie as near to the gradient as it does where it is drawn by chance; and
# the fewest entries of which that can be told in float32.
_CHANCE, _FEWEST = 1e-6, 3


class _Noted(NamedTuple):
    """A parameter with a gradient, before the program moves it."""

    name: str | None  # what the program calls it
    parameter: Tensor
    entries: Tensor
    norm: Tensor
    gradient: Tensor | None  # the same entries of the gradient; None of a sparse one


class MovedByHand:
    """Figures of parameters around the steps of a program.

    A step is what changes parameters that have a gradient. A back-propagation without one, as of
    one batch of several whose gradients are summed, is part of the step that comes after it.

    A step may also exchange a parameter for a new tensor, as ``w = w - lr * g`` does. It is known
    by its name: what the program calls so now lies downhill of what it called so before, where a
    new batch lies anywhere.
    """

    def __init__(self, updates: Updates) -> None:
        self.updates = updates
        self._noted: dict[int, _Noted] = {}
        self._exchanged: dict[str, str] = {}  # names of parameters that steps exchange: layers
        self._shapes: set[torch.Size] = set()  # of parameters

    def clear(self) -> None:
        """Forget gradients that no step followed."""
        self._noted.clear()

    def may_be(self, function: Any, args: Any, kwargs: Mapping[str, Any]) -> bool:
        """Whether a call may be part of a step, and is not that of a forward pass.

        No gradient goes through it, or it is arithmetic of one shape, as of ``w - lr * g``.
        """
        with torch._C.DisableTorchFunction():
            if not torch.is_grad_enabled() or not is_learned_from(function, args, kwargs):
                return True
            if effect_of(function)[0] not in (Effect.ADD, Effect.MULTIPLY):
                return False
            shapes = {t.shape for t in tensors_in(args, kwargs) if t.ndim}
            return len(shapes) == 1 and shapes <= self._shapes

    def follow(self) -> None:
        """Give the parameters that were exchanged since the last look their names."""
        if self._exchanged:
            names = self.updates.names
            for name, tensors in names.tensors(self._exchanged).items():
                for tensor in filter(_is_learned, tensors):
                    names.give(tensor, name, self._exchanged[name])

    def note(self, pushed: Sequence[Pushed]) -> None:
        """Note gradients, and the parameters as they are."""
        pushed = [p for p in pushed if p.parameter.is_floating_point() and p.parameter.numel()]
        entries = copies([followed(own_part(p.parameter)) for p in pushed])
        norms = norms_of_gradients([p.gradient for p in pushed])
        self._shapes |= {p.parameter.shape for p in pushed}
        for (parameter, gradient), before, norm in zip(pushed, entries, norms, strict=True):
            # A copy: most programs set the gradient to 0 with the step.
            slopes = followed(own_part(gradient)).clone() if is_dense(gradient) else None
            name = self.updates.names.find(parameter)
            self._noted[id(parameter)] = _Noted(name, parameter, before, norm, slopes)

    def has_moved(self, step: int) -> bool:
        """Whether any parameter has changed since then; the step is noted where one has.

        Where all gradients are 0, as in a network whose units are all dead, none can.
        """
        noted = list(self._noted.values())
        before = [n.entries for n in noted]
        parameters = [n.parameter for n in noted]
        now = [followed(own_part(p)) for p in parameters]
        moved = _differ(now, before)
        if noted and not any(moved):
            heirs = self._heirs(noted)
            parameters = [heirs.get(id(p), p) for p in parameters]
            now = [followed(own_part(p)) for p in parameters]
            moved = _differ(now, before)
        pushed = _differ([n.norm for n in noted], [torch.zeros_like(n.norm) for n in noted])
        if not noted or (any(pushed) and not any(moved)):
            return False
        self._noted.clear()
        self.updates.run.optimizers.add(KIND)
        looked = []
        for n, parameter, entries, has_moved, has_gradient in zip(
            noted, parameters, now, moved, pushed, strict=True
        ):
            # In 32 bits a parameter that has a gradient and stays is not part of this step: the
            # other network of two, or an input. Rounding swallows a step in 16 bits.
            if has_gradient and not has_moved and n.parameter.dtype.itemsize >= 4:
                continue
            gradient = n.gradient
            if parameter is not n.parameter:
                name = str(n.name)
                layer = self.updates.names.layer(n.parameter) or name
                self._exchanged[name] = layer
                self.updates.names.give(parameter, name, layer)
                if parameter.dtype.itemsize < 4:
                    gradient = None  # A copy of one with more digits may lose nothing.
            kept = self.updates.entry(parameter, KIND, n.name or f"parameter{len(looked) + 1}")
            kept.seen += 1
            own = own_part(parameter)
            looked.append(Look(kept, own, entries, n.entries, n.norm, gradient))
        keep(looked, step)
        self._others({id(n.parameter) for n in noted})
        return True

    def _heirs(self, noted: Sequence[_Noted]) -> dict[int, Tensor]:
        """By parameter, the tensor that the program has put in its place."""
        tensors = self.updates.names.tensors({n.name for n in noted if n.name is not None})
        found, vague = {}, {}
        for n in noted:
            called = tensors.get(n.name or "", ())
            heir = next((t for t in called if _may_follow(t, n.parameter)), None)
            if heir is None or any(t is n.parameter for t in called):
                continue
            if n.name in self._exchanged or _lies_downhill(n, followed(own_part(heir))):
                found[id(n.parameter)] = heir
            elif n.entries.numel() < _FEWEST or heir.dtype.itemsize < 4:
                # Too few, or too coarse, to tell by itself: as the others of this step.
                vague[id(n.parameter)] = heir
        return vague | found if found else {}

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


def _is_learned(tensor: Tensor) -> bool:
    return tensor.requires_grad and tensor.is_leaf


def _may_follow(tensor: Tensor, parameter: Tensor) -> bool:
    """Whether a tensor is of the kind that may stand in the place of another."""
    same = tensor.shape == parameter.shape and tensor.dtype == parameter.dtype
    return same and _is_learned(tensor)


def _lies_downhill(before: _Noted, now: Tensor) -> bool:
    """Whether a step down the gradient leads from the one to the other.

    One without a gradient, as of a dead unit, stays where it was. Of n directions that are drawn by
    chance, cosine · √((n - 1)/(1 - cosine²)) has Student's distribution.
    """
    if before.gradient is None or now.numel() < _FEWEST:
        return False
    change = before.entries.double().flatten() - now.double().flatten()
    slope = before.gradient.double().flatten()
    if not slope.any():
        return not change.any()
    cosine = float(torch.nn.functional.cosine_similarity(change, slope, dim=0, eps=0.0))
    degrees = now.numel() - 1
    # Rounding may take the cosine above 1.
    t = cosine * math.sqrt(degrees / max(1 - cosine**2, torch.finfo(torch.float64).eps))
    return bool(stdtr(degrees, -t) < _CHANCE)


def _differ(one: list[Tensor], other: list[Tensor]) -> list[bool]:
    """Whether the tensors of each pair differ anywhere; NaN differs from itself."""
    found: dict[int, bool] = {}
    for places in by_device(one):
        differ = torch.stack([(one[i] != other[i]).any() for i in places])
        found |= zip(places, differ.tolist(), strict=True)
    return [found[i] for i in range(len(one))]
