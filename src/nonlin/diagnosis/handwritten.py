"""Activations that a program writes out: ``torch.where(h > 0, h, 0)``, ``1 / (1 + (-h).exp())``.

:func:`nonlin.recognition.recognise` knows calls; these are several, and there are many ways to
write them. So the calls are followed from a layer's output, and the numbers at their end are
held against the catalogue.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import cache
from math import isfinite
from typing import Any, NamedTuple

from torch import Tensor

from nonlin.activation import Activation
from nonlin.diagnosis.operations import Effect
from nonlin.diagnosis.provenance import Origin, Origins
from nonlin.facts import Facts
from nonlin.functions import get, list_activations

# Functions of each number alone, beside sums, products and what changes a sign.
_ELEMENTWISE = frozenset(
    (
        *("where", "exp", "expm1", "log", "log1p", "abs", "absolute", "sqrt", "square", "pow"),
        *("clamp", "clip", "clamp_min", "clamp_max", "maximum", "minimum", "erf", "reciprocal"),
        *("neg", "negative", "rsub", "rdiv", "rtruediv", "rpow", "float", "half", "to", "type"),
    )
)
_NUMBERS = 1024
_TOLERANCE = 1e-4
# Steps in which a chain may show both signs, without which all rectifiers look alike.
_TRIES = 12


class Root(NamedTuple):
    """A layer's output that elementwise calls were applied to."""

    z: Tensor
    origin: Origin


class _Member(NamedTuple):
    """What came of it, and by which calls."""

    result: weakref.ref[Tensor]
    root: Root
    names: tuple[str, ...]


class Handwritten:
    """Follows elementwise calls from layers' outputs, in one step."""

    def __init__(self, origins: Origins) -> None:
        self.origins = origins
        self._members: dict[int, _Member] = {}
        self._known: dict[Any, Activation | None] = {}
        self._tries: dict[Any, int] = {}

    def clear(self) -> None:
        """Forget the tensors of a step."""
        self._members.clear()

    def follows(self, effect: Effect, name: str) -> bool:
        """Whether a call is part of such a chain and not its reader."""
        if effect in (Effect.ADD, Effect.MULTIPLY, Effect.STEP, Effect.DETACH):
            return True
        return name in _ELEMENTWISE

    def note(self, name: str, tensors: Sequence[Tensor], result: Any) -> None:
        """An elementwise call has been made."""
        if not isinstance(result, Tensor) or not result.requires_grad:
            return
        found: Root | None = None
        names: tuple[str, ...] = ()
        for tensor in tensors:
            if not tensor.requires_grad:
                continue
            member = self._member(tensor)
            root = member.root if member is not None else self._root(tensor)
            if root is None or (found is not None and root.z is not found.z):
                return
            found = found or root
            names += member.names if member is not None else ()
        if found is None or result is found.z or result.shape != found.z.shape:
            return
        names = (*names, name)
        self._members[id(result)] = _Member(weakref.ref(result), found, names)

    def read(self, tensor: Tensor) -> tuple[Activation, Root] | None:
        """The activation whose output another call reads, and its input; None if it is none."""
        member = self._member(tensor)
        if member is None:
            return None
        root = member.root
        record = self._recognised(member, tensor)
        # The input is held no longer than it has to be.
        self._members = {k: m for k, m in self._members.items() if m.root.z is not root.z}
        return None if record is None else (record, root)

    def _member(self, tensor: Tensor) -> _Member | None:
        member = self._members.get(id(tensor))
        return member if member is not None and member.result() is tensor else None

    def _root(self, tensor: Tensor) -> Root | None:
        origin = self.origins.of(tensor)
        if origin is None or origin.producer is None or origin.site is not None:
            return None
        return Root(tensor, origin)

    def _recognised(self, member: _Member, y: Tensor) -> Activation | None:
        key = member.root.origin.producer, member.names
        if key in self._known:
            return self._known[key]
        every = max(1, y.numel() // _NUMBERS)
        z, y = (t.detach().reshape(-1)[::every].double() for t in (member.root.z, y))
        if bool((z < 0).any()) and bool((z > 0).any()):
            self._known[key] = match(z, y)
            return self._known[key]
        self._tries[key] = self._tries.get(key, 0) + 1
        if self._tries[key] == _TRIES:
            self._known[key] = None
        return None


def match(z: Tensor, y: Tensor) -> Activation | None:
    """The record whose values at `z` are `y`, the nearest if there are several; None for none.

    Args:
        z: float64 numbers of either sign.
        y: as many results.

    Example:
        >>> import torch
        >>> z = torch.linspace(-3, 3, 100, dtype=torch.float64)
        >>> match(z, torch.where(z > 0, z, torch.zeros_like(z)))
        relu
        >>> match(z, z * 0.5)
    """
    allowed = _TOLERANCE * float(y.abs().max())
    if not isfinite(allowed):
        return None  # As with -inf for what is masked, from which everything is as far.
    if _are_on_a_line(z, y, allowed):
        return None  # As numbers near 0 are of most functions.
    nearest: tuple[float, Activation] | None = None
    for record in (*_rectifiers(z, y), *_candidates()):
        error = float((record(z) - y).abs().max())
        if error <= allowed and (nearest is None or error < nearest[0]):
            nearest = error, record
    return None if nearest is None else nearest[1]


def _are_on_a_line(z: Tensor, y: Tensor, allowed: float) -> bool:
    beside, above = z - z.mean(), y - y.mean()
    slope = (beside @ above) / (beside @ beside)
    return bool((above - slope * beside).abs().max() <= allowed)


def _rectifiers(z: Tensor, y: Tensor) -> list[Activation]:
    """The leaky ReLU with the slope that is seen."""
    lowest = z.argmin()
    slope = float(y[lowest] / z[lowest])
    return [get("leaky_relu", alpha=slope)] if 0 < slope < 1 else []


@cache
def _candidates() -> tuple[Activation, ...]:
    """What PyTorch has a function for, bounded on a side and nowhere infinitely steep."""
    found = []
    for name in list_activations():
        record = get(name)
        facts = record.facts
        if "torch" not in record.conventions or not isinstance(facts, Facts) or facts.surrogate:
            continue
        bounded = max(facts.range.low, -facts.range.high) > -float("inf")
        if bounded and facts.smoothness >= 0 and facts.lipschitz < float("inf"):
            found.append(record)
    return tuple(found)
