"""Layers: what multiplies its input by a weight that is learned."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nonlin.diagnosis.arguments import is_wrapped
from nonlin.diagnosis.naming import Names, layer_of
from nonlin.diagnosis.provenance import Origin, Origins
from nonlin.diagnosis.scales import Scales
from nonlin.diagnosis.statistics import Run, Weight

# Calls of one layer or activation that are measured in a step: a recurrent cell makes hundreds.
MOST_CALLS = 4
_CONVOLUTION = "conv"
_PRODUCTS = ("matmul", "mm", "bmm", "addmm")


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
    tied: bool


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
        weight, x = self._pair(call, tensors, args, kwargs)
        if weight is None or x is None or is_wrapped(x):
            return None
        name = self.names.parameter(weight)
        if name is None and call in _PRODUCTS:
            return None
        layer = layer_of(name) if name is not None else path
        return Found(layer, weight, x, layer != path and call == "linear")

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
        layer, weight, x, tied = found
        convolution = call.startswith(_CONVOLUTION)
        origin = self.origins.of(x) or Origin()
        # W @ x has its units on the last axis but one, x @ W on the last.
        is_left = call in _PRODUCTS and bool(args) and args[-1] is x and result.ndim > 1
        axis = result.ndim - (weight.ndim - 1) if convolution else -2 if is_left else -1
        entry = self.run.weights.get(layer)
        if entry is None:
            outputs = result.shape[axis] if call in _PRODUCTS else None
            entry = self._first(found, call, args, kwargs, when, outputs)
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
        self.origins.note(result, Origin(frozenset({layer}), layer, axis=axis, reads=reads))

    def _first(
        self,
        found: Found,
        call: str,
        args: Any,
        kwargs: Mapping[str, Any],
        when: When,
        outputs: int | None,
    ) -> Weight:
        layer, weight, x, _ = found
        turned = "transpose" in call
        shape = tuple(weight.shape)
        if outputs is None:
            outputs = shape[1] if turned else shape[0]
        fan_in = max(1, weight.numel() // max(1, outputs))
        groups = 1
        if call.startswith(_CONVOLUTION) and not turned:
            groups = max(1, x.shape[-(weight.ndim - 1)] // shape[1])
        entry = Weight(layer, when.order, shape, fan_in, outputs, groups)
        entry.root = when.root
        self.run.weights[layer] = entry
        bias = kwargs.get("bias", args[2] if len(args) > 2 else None)
        if isinstance(bias, Tensor) and call not in _PRODUCTS:
            entry.keep_bias(bias)
        entry.has_bias = isinstance(bias, Tensor)
        return entry

    def _pair(
        self, call: str, tensors: Sequence[Tensor], args: Any, kwargs: Mapping[str, Any]
    ) -> tuple[Tensor | None, Tensor | None]:
        """The weight of a call and what it multiplies."""
        if call not in _PRODUCTS:
            x = kwargs.get("input", args[0] if args else None)
            weight = kwargs.get("weight", args[1] if len(args) > 1 else None)
            if isinstance(x, Tensor) and isinstance(weight, Tensor):
                return weight, x
            return None, None
        pair = list(tensors[-2:])
        if len(pair) < 2:
            return None, None
        for weight, x in (pair[::-1], pair):
            base = weight if weight.is_leaf else weight._base
            if base is not None and base.requires_grad and self.names.parameter(base) is not None:
                return base, x
        return None, None
