"""Where a tensor comes from: the layer and the activation before it, and what lies between."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from nonlin.diagnosis.arguments import computed
from nonlin.diagnosis.operations import Effect
from nonlin.diagnosis.statistics import Site
from nonlin.tracing import calls


@dataclass(frozen=True)
class Origin:
    """Where a tensor comes from.

    Attributes:
        linear_from: weight layers from which only linear steps lead here; empty for the
            network's input; None behind anything that is not linear.
        producer: the weight layer whose output this is, but for normalisation and the like.
        site: the activation it comes from by linear steps.
        exact: whether it is that activation's output, but for its arrangement.
        axis: where the units are.
        normalised: whether a normalisation lies between the layer and here.
        batch_normalised: whether batch normalisation does.
        is_input: whether it comes from the network's input by linear steps.
        drawn: the layers that gave the mean of which this is a sample, without a gradient.
        heads: activations of one kind whose outputs stand side by side here.
        reads: what the layer whose output this is has read.
    """

    linear_from: frozenset[str] | None = None
    producer: str | None = None
    site: Site | None = None
    exact: bool = False
    axis: int = -1
    normalised: bool = False
    batch_normalised: bool = False
    is_input: bool = False
    drawn: frozenset[str] = frozenset()
    heads: tuple[Site, ...] = ()
    reads: weakref.ref[Tensor] | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether it comes from what no rule knows."""
        known = self.linear_from is not None or self.producer or self.site or self.drawn
        return not known and not self.heads

    def output(self) -> Origin:
        """The same, as the output of its heads' activation where it has some."""
        return replace(self, site=self.heads[0], exact=True) if self.heads else self


NOWHERE = Origin()
INPUT = Origin(linear_from=frozenset(), is_input=True)


class Origins:
    """Origins of the tensors of one step, found by identity for as long as they live."""

    def __init__(self) -> None:
        self._of: dict[int, tuple[Any, Origin]] = {}

    def clear(self) -> None:
        """Forget all."""
        self._of.clear()

    def of(self, tensor: Tensor) -> Origin | None:
        """The origin of a tensor that was noted, or None."""
        entry = self._of.get(id(tensor))
        return entry[1] if entry is not None and entry[0]() is tensor else None

    def note(self, result: Any, origin: Origin) -> None:
        """Note where a result comes from; lists of tensors too."""
        if isinstance(result, Tensor):
            self._of[id(result)] = (weakref.ref(result), origin)
        elif isinstance(result, list | tuple):
            for part in result:
                if isinstance(part, Tensor):
                    self._of[id(part)] = (weakref.ref(part), origin)

    def read_the_same(self, tensors: list[Tensor]) -> bool:
        """Whether these are outputs of layers that have all read one and the same tensor."""
        origins = [self.of(t) for t in tensors]
        read = [o.reads() for o in origins if o is not None and o.reads is not None]
        return len(read) == len(tensors) and read[0] is not None and all(x is read[0] for x in read)

    def pass_on(self, tensors: list[Tensor], results: Any) -> None:
        """Note that each result comes from the tensor in its place, as in a broadcast."""
        for tensor, result in zip(tensors, results, strict=True):
            origin = self.of(tensor)
            if origin is not None:
                self.note(result, origin)

    def after(self, effect: Effect, name: str, tensors: list[Tensor], result: Any) -> Origin | None:
        """The origin of the result of a function that is no layer and no activation."""
        known = [(t, o) for t in tensors if (o := self.of(t)) is not None]
        if not known:
            return None
        first = known[0][1]
        if name == "normal":
            # As Normal.sample() draws; Normal.rsample() is a sum and a product.
            return Origin(drawn=frozenset(o.producer for _, o in known if o.producer))
        if effect is Effect.VIEW:
            return _arranged(first, known[0][0], result)
        if effect is Effect.DROPOUT:
            return replace(first, exact=False, heads=())
        if effect is Effect.BATCH_NORM:
            return replace(first, exact=False, heads=(), normalised=True, batch_normalised=True)
        if effect is Effect.NORM:
            return Origin(
                producer=first.producer,
                site=first.site,
                axis=first.axis,
                normalised=True,
            )
        if effect is Effect.LINEAR:
            joined = _joined([o for _, o in known])
            is_whole = name in calls.JOINS and len(known) == len(tensors) > 1
            return replace(joined, heads=_heads([o for _, o in known])) if is_whole else joined
        if effect is Effect.ADD:
            moving = computed(tensors)
            if len(moving) > 1:
                return _joined([self.of(t) or NOWHERE for t in moving])
            return replace(first, exact=False, heads=())
        if effect is Effect.WEIGHT:
            return _multiplied(tensors, known)
        if effect is Effect.MULTIPLY:
            others = [t for t in tensors if t.numel() > 1]
            if len(others) == 1:
                return replace(first, exact=False, heads=())
        return replace(NOWHERE, axis=first.axis, producer=None)


def _multiplied(tensors: list[Tensor], known: list[tuple[Tensor, Origin]]) -> Origin:
    """The origin of a matrix product without a weight."""
    moving = [(t, o) for t, o in known if not o.is_input] or known
    signal, origin = moving[0]
    others = [t for t in tensors if t is not signal]
    if len(moving) > 1 or any(t.requires_grad for t in others):
        return Origin(axis=known[0][1].axis)
    # A constant, such as the matrix of a graph, changes nothing; one that came with the input
    # changes nothing where it stands before the signal, as it then mixes rows alone.
    mixed = replace(origin, exact=False, heads=(), reads=None)
    if len(known) == 1 or signal is tensors[-1]:
        return mixed
    return replace(mixed, linear_from=None)


def _arranged(origin: Origin, tensor: Tensor, result: Any) -> Origin:
    shape = getattr(result, "shape", None)
    if shape is None or len(shape) == tensor.ndim:
        return origin
    # Flattening a picture puts channels and places on one axis.
    return replace(origin, axis=-1)


def _heads(origins: list[Origin]) -> tuple[Site, ...]:
    sites = [o.site for o in origins if o.site is not None and o.exact]
    alike = len(sites) == len(origins) and all(s.record == sites[0].record for s in sites)
    return tuple(sites) if alike else ()


def _joined(origins: Iterable[Origin]) -> Origin:
    """The origin of a sum or a concatenation."""
    origins = list(origins)
    linear: frozenset[str] | None = frozenset()
    for origin in origins:
        if origin.linear_from is None or linear is None:
            linear = None
        else:
            linear |= origin.linear_from
    first = origins[0]
    return Origin(
        linear_from=linear,
        producer=first.producer,
        site=first.site if len(origins) == 1 else None,
        axis=first.axis,
        normalised=all(o.normalised for o in origins),
        batch_normalised=any(o.batch_normalised for o in origins),
        is_input=all(o.is_input for o in origins),
        drawn=frozenset().union(*(o.drawn for o in origins)),
    )
