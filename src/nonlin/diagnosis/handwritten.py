"""Activations that a program writes out: ``torch.where(h > 0, h, 0)``, ``h * torch.sigmoid(h)``.

:func:`nonlin.recognition.recognise` knows calls; these are several, and there are many ways to
write them. So the calls are followed from a layer's output, and the numbers at their end are
held against the catalogue; so are those of code that cannot be followed, such as a
``torch.autograd.Function`` of the program's own.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from torch import Tensor

from nonlin.activation import Activation
from nonlin.diagnosis.operations import Effect
from nonlin.diagnosis.provenance import Origin, Origins
from nonlin.diagnosis.statistics import Site
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
# Activations of which others are made, as SiLU of a sigmoid.
_PARTS = frozenset(("sigmoid", "tanh", "softplus", "relu6", "hard_sigmoid", "hard_tanh"))
_CALLS_OF_PARTS = {get(name).conventions["torch"].call.rpartition(".")[2] for name in _PARTS}
_UNSEEN = "unseen"
_NUMBERS = 1024
_TOLERANCE = 1e-4
# Of float32, and how far from 0 numbers have to lie for a function to show that it bends.
_EXACT, _WIDE = 1e-6, 2.0
# Steps in which a chain may show both signs, without which all rectifiers look alike.
_TRIES = 12


class Root(NamedTuple):
    """A layer's output that elementwise calls were applied to."""

    z: Tensor
    origin: Origin


class _Member(NamedTuple):
    """What came of it, by which calls and, among them, which activations."""

    result: weakref.ref[Tensor]
    root: Root
    names: tuple[str, ...]
    parts: tuple[Site, ...] = ()


class Found(NamedTuple):
    """An activation that was written out, its input, and the activations it was made of."""

    record: Activation
    root: Root
    parts: tuple[Site, ...]


class Handwritten:
    """Follows elementwise calls from layers' outputs, in one step."""

    def __init__(self, origins: Origins) -> None:
        self.origins = origins
        self._members: dict[int, _Member] = {}
        self._last: Root | None = None  # the last layer's output
        self._known: dict[Any, Activation | None] = {}
        self._tries: dict[Any, int] = {}

    def clear(self) -> None:
        """Forget the tensors of a step."""
        self._members.clear()
        self._last = None

    def follows(self, effect: Effect, name: str) -> bool:
        """Whether a call is part of such a chain and not its reader."""
        if effect in (Effect.ADD, Effect.MULTIPLY, Effect.STEP, Effect.DETACH):
            return True
        return name in _ELEMENTWISE or name in _CALLS_OF_PARTS

    def layer(self, result: Tensor) -> None:
        """A layer has been called, or what lies behind it before its activation."""
        root = self._root(result)
        if root is not None and result.requires_grad:
            self._last = root

    def part(self, site: Site, z: Tensor, result: Tensor) -> None:
        """An activation has been called: it may be a part of another."""
        if self._last is not None and z is self._last.z:
            self._last = None  # Held longer, large outputs would each take new memory.
        if site.name not in _PARTS or result is z or not result.requires_grad:
            return
        member = self._member(z)
        root = self._root(z) if member is None else member.root
        if root is None or result.shape != root.z.shape:
            return
        names, parts = ((), ()) if member is None else (member.names, member.parts)
        self._members[id(result)] = _Member(
            weakref.ref(result), root, (*names, site.name), (*parts, site)
        )

    def note(self, name: str, tensors: Sequence[Tensor], result: Any) -> None:
        """An elementwise call has been made."""
        if not isinstance(result, Tensor) or not result.requires_grad or result.is_complex():
            return
        found: Root | None = None
        names: tuple[str, ...] = ()
        parts: tuple[Site, ...] = ()
        for tensor in tensors:
            if not tensor.requires_grad or (_is_learned_slope(tensor) and "mul" in name):
                continue
            member = self._member(tensor)
            root = member.root if member is not None else self._root(tensor)
            if root is None or (found is not None and root.z is not found.z):
                return
            found = found or root
            names += member.names if member is not None else ()
            parts += member.parts if member is not None else ()
        if parts and name.startswith("log"):
            return  # The logarithm of a probability is a part of a loss.
        if found is None or result is found.z or result.shape != found.z.shape:
            return
        names = (*names, name)
        self._members[id(result)] = _Member(weakref.ref(result), found, names, parts)

    def read(self, tensor: Tensor, by: str = "") -> Found | None:
        """The activation whose output another call reads; None if it is none.

        Args:
            tensor: what is read.
            by: the activation that reads it.
        """
        member = self._member(tensor) or self._unseen(tensor)
        if member is None:
            return None
        root, parts = member.root, member.parts
        alone = parts and len(member.names) == 1
        record = None if alone else self._recognised(member, tensor)
        if record is not None and any(part.record == record for part in parts):
            record = None
        if record is None and by in _PARTS:
            return None  # What reads it is a part of the same.
        # The input is held no longer than it has to be.
        self._members = {k: m for k, m in self._members.items() if m.root.z is not root.z}
        return None if record is None else Found(record, root, parts)

    def _unseen(self, tensor: Tensor) -> _Member | None:
        """What code that cannot be followed has perhaps made of the last layer's output."""
        last, origin = self._last, self.origins.of(tensor)
        if last is None or tensor is last.z or tensor.shape != last.z.shape:
            return None
        if not tensor.requires_grad or tensor.is_leaf or tensor.dtype != last.z.dtype:
            return None
        if origin is not None and not origin.is_unknown:
            return None
        return _Member(weakref.ref(tensor), last, (_UNSEEN,))

    def _member(self, tensor: Tensor) -> _Member | None:
        member = self._members.get(id(tensor))
        return member if member is not None and member.result() is tensor else None

    def _root(self, tensor: Tensor) -> Root | None:
        origin = self.origins.of(tensor)
        if origin is None or origin.producer is None or origin.site is not None:
            return None
        if tensor.is_complex():
            return None  # The catalogue's functions are those of real numbers.
        return Root(tensor, origin)

    def _recognised(self, member: _Member, y: Tensor) -> Activation | None:
        key = member.root.origin.producer, member.names
        if key in self._known:
            return self._known[key]
        every = max(1, y.numel() // _NUMBERS)
        z, y = (t.detach().reshape(-1)[::every].double() for t in (member.root.z, y))
        if bool((z < 0).any()) and bool((z > 0).any()):
            opaque = member.names == (_UNSEEN,)
            self._known[key] = get("identity") if opaque and _scales(z, y) else match(z, y)
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
    if not math.isfinite(allowed):
        return None  # As with -inf for what is masked, from which everything is as far.
    if _are_on_a_line(z, y, allowed):
        return None  # As numbers near 0 are of most functions.
    nearest: tuple[float, Activation] | None = None
    for record in (*_candidates(), *_rectifiers(z, y), *_swishes(z, y)):
        error = float((record(z) - y).abs().max())
        if error <= allowed and (nearest is None or error < nearest[0]):
            nearest = error, record
    return None if nearest is None else nearest[1]


def _are_on_a_line(z: Tensor, y: Tensor, allowed: float) -> bool:
    beside, above = z - z.mean(), y - y.mean()
    slope = (beside @ above) / (beside @ beside)
    return bool((above - slope * beside).abs().max() <= allowed)


def _scales(z: Tensor, y: Tensor) -> bool:
    """Whether all results are one multiple of their inputs, as `x·σ(βx)` with β = 0 is of x."""
    if bool((z == y).all()):
        return True
    ratio = float(y[z.abs().argmax()] / z[z.abs().argmax()])
    wide = float(z.abs().max()) > _WIDE  # near 0 most functions are
    return wide and bool(((y - ratio * z).abs() <= _EXACT * y.abs().max()).all())


def _rectifiers(z: Tensor, y: Tensor) -> list[Activation]:
    """The leaky ReLU with the slope that is seen."""
    lowest = z.argmin()
    slope = float(y[lowest] / z[lowest])
    return [get("leaky_relu", alpha=slope)] if 0 < slope < 1 else []


def _swishes(z: Tensor, y: Tensor) -> list[Activation]:
    """The swish with the β that is seen."""
    place = z.argmax()
    ratio = float(y[place] / z[place])
    beta = math.log(ratio / (1 - ratio)) / float(z[place]) if 0 < ratio < 1 else 0.0
    return [get("swish", beta=beta)] if 0 < beta < math.inf else []


def _is_learned_slope(tensor: Tensor) -> bool:
    return tensor.is_leaf and tensor.numel() == 1


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
