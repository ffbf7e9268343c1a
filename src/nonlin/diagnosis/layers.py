"""Layers: what multiplies its input by a weight that is learned."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nonlin.diagnosis.arguments import is_wrapped, leaf_of
from nonlin.diagnosis.contractions import MATRIX_PRODUCTS, Contraction, contraction
from nonlin.diagnosis.naming import Names
from nonlin.diagnosis.provenance import Origin, Origins
from nonlin.diagnosis.scales import Scales
from nonlin.diagnosis.statistics import Run, Weight
from nonlin.tracing import calls

# Calls of one layer or activation that are measured in a step: a recurrent cell makes hundreds.
MOST_CALLS = 4


class When(NamedTuple):
    """When a call ran: optimizer step, place in the order of execution, network around it."""

    step: int
    order: int
    root: str


class Found(NamedTuple):
    """A call with a weight, and the layer it belongs to."""

    layer: str
    weight: Tensor
    input: Tensor
    contraction: Contraction
    tied: bool
    part_of: str | None = None  # the layer whose parameter holds the weights of several


class Layers:
    """Reads the calls of layers into a run."""

    def __init__(self, run: Run, names: Names, origins: Origins, scales: Scales) -> None:
        self.run, self.names, self.origins, self.scales = run, names, origins, scales

    def find(
        self,
        call: str,
        tensors: Sequence[Tensor],
        args: Any,
        kwargs: Mapping[str, Any],
        path: str,
    ) -> Found | None:
        """The layer that a call is, or None where no learned weight takes part.

        Args:
            call: name of the function.
            tensors: its arguments that are tensors.
            args: its arguments.
            kwargs: its keyword arguments.
            path: of the module around it.
        """
        factor, x = self._pair(call, tensors, args, kwargs)
        if factor is None or x is None or is_wrapped(x):
            return None
        how = contraction(call, args, factor, x)
        weight = self._learned(factor)
        if how is None:
            return None
        if weight is None:
            return Found(path, factor, x, how, False)
        layer = self.names.layer(weight) or path
        if (place := _place_in_stack(factor, weight)) is not None:
            return Found(f"{layer}[{place}]", factor, x, how, False, layer)
        lies_here = self.names.parameter(weight) == layer and _is_within(layer, path)
        tied = call == "linear" and layer != path and not lies_here
        return Found(layer, weight, x, how, tied)

    def note(
        self,
        found: Found,
        call: str,
        args: Any,
        kwargs: Mapping[str, Any],
        result: Tensor,
        when: When,
    ) -> None:
        """Write a call of a layer into the run, and where its result comes from."""
        layer, weight, x, how, tied, _ = found
        origin = self.origins.of(x) or Origin()
        entry = self.run.weights.get(layer)
        if entry is None:
            entry = self._first(found, call, args, kwargs, result, when)
        entry.order = when.order
        entry.tied |= tied
        entry.calls += 1
        entry.reads = origin.site
        if origin.site is not None:
            # An activation whose result nobody reads would not be there.
            self.run.branched |= origin.site.serves
        entry.reads_normalised = origin.normalised
        entry.from_input = origin.is_input
        if origin.drawn and weight.requires_grad:
            self.run.drawn[layer] = origin.drawn
        for source in origin.linear_from or ():
            entry.linear_calls[source] = entry.linear_calls.get(source, 0) + 1
        if entry.calls_of_step(when.step) <= MOST_CALLS and x.numel():
            scales = [self.scales.rms(x), self.scales.rms(result)]
            entry.input.add(when.step, torch.stack(scales).float())
        reads = weakref.ref(x)
        self.origins.note(result, Origin(frozenset({layer}), layer, axis=how.axis, reads=reads))

    def _first(
        self,
        found: Found,
        call: str,
        args: Any,
        kwargs: Mapping[str, Any],
        result: Tensor,
        when: When,
    ) -> Weight:
        layer, weight, x, how, _, part_of = found
        shape = tuple(weight.shape)
        groups = 1
        if call in calls.CONVOLUTIONS and "transpose" not in call:
            groups = max(1, x.shape[how.axis] // shape[1])
        outputs = result.shape[how.axis]
        entry = Weight(layer, when.order, shape, how.fan_in, outputs, groups)
        entry.root, entry.part_of = when.root, part_of
        self.run.weights[layer] = entry
        bias = _bias(call, args, kwargs)
        if bias is not None:
            entry.has_bias = True
            entry.keep_bias(bias)
        return entry

    def _pair(
        self, call: str, tensors: Sequence[Tensor], args: Any, kwargs: Mapping[str, Any]
    ) -> tuple[Tensor | None, Tensor | None]:
        """The weight of a call and what it multiplies."""
        if call not in MATRIX_PRODUCTS:
            x = kwargs.get("input", args[0] if args else None)
            weight = kwargs.get("weight", args[1] if len(args) > 1 else None)
            if isinstance(x, Tensor) and isinstance(weight, Tensor):
                return weight, x
            return None, None
        pair = list(tensors[-2:])
        if len(pair) < 2:
            return None, None
        for weight, x in (pair[::-1], pair):
            learned = self._learned(weight)
            if learned is not None and learned.requires_grad:
                return weight, x
        return None, None

    def _learned(self, factor: Tensor) -> Tensor | None:
        """The parameter that a factor is, or is a part of."""
        leaf = leaf_of(factor)
        return leaf if self.names.parameter(leaf) is not None else None


def _bias(call: str, args: Any, kwargs: Mapping[str, Any]) -> Tensor | None:
    """What a layer's call adds."""
    if call in ("addmm", "baddbmm"):
        bias = args[0] if args else kwargs.get("input")
    elif call in MATRIX_PRODUCTS:
        return None
    else:
        bias = kwargs.get("bias", args[2] if len(args) > 2 else None)
    return bias if isinstance(bias, Tensor) else None


def _place_in_stack(factor: Tensor, weight: Tensor) -> int | None:
    """Which of the weights that lie in one parameter a factor is, as `ws[i]`; None of a whole."""
    if factor is weight or weight.ndim < 3 or factor.ndim != weight.ndim - 1:
        return None
    if not weight.stride(0) or factor.numel() != weight.stride(0):
        return None
    return (factor.storage_offset() - weight.storage_offset()) // weight.stride(0)


def _is_within(layer: str, path: str) -> bool:
    return not path or layer.startswith(f"{path}.")
