"""Follows every tensor of a forward pass from step to step."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from nonlin.activation import Activation
from nonlin.facts import VectorFacts
from nonlin.nn import activation_of
from nonlin.recognition import recognise
from nonlin.tracing import calls
from nonlin.tracing.steps import Flow, Kind, Step


class Recorder(torch.overrides.TorchFunctionMode):
    """A mode under which a model runs; its steps are in ``steps`` afterwards."""

    def __init__(self, model: Any, inputs: Sequence[Any]) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self._names = {id(p): name for name, p in model.named_parameters(remove_duplicate=True)}
        self._flows = WeakTensorKeyDictionary()
        # A module that is one step, whatever calls it is made of.
        self._inside: Any = None
        for tensor in _tensors(inputs):
            self._give(tensor, self._add("input", "input"))

    @contextlib.contextmanager
    def hooked(self, model: Any) -> Iterator[None]:
        """Watch where modules begin and end that are one step."""
        handles = []
        for path, module in model.named_modules():
            record = activation_of(module)
            if type(module) is nn.Identity or isinstance(module, nn.MultiheadAttention):
                continue
            norm = "Norm" in type(module).__name__ and not _has_children(module)
            if record is None and not norm:
                continue
            handles += [
                module.register_forward_pre_hook(self._enter),
                module.register_forward_hook(self._leaver(path, record)),
            ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, module: Any, inputs: Any) -> None:
        if self._inside is None:
            # In place, the input's flow is the output's before the module has ended.
            self._inside = (module, [self._flow(t) for t in _tensors(inputs)])

    def _leaver(self, path: str, record: Activation | None) -> Any:
        def leave(module: Any, inputs: Any, output: Any) -> None:
            if self._inside is None or self._inside[0] is not module:
                return
            reads, self._inside = self._inside[1], None
            step = self._add(
                "norm" if record is None else "activation",
                path or type(module).__name__,
                reads[:1],
                record=record,
                module=module,
            )
            self._give(output, step)

        return leave

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if self._inside is not None:
            return func(*args, **kwargs)
        name = getattr(func, "__name__", str(func))
        result = func(*args, **kwargs)
        if name == "__setitem__":
            self._give(args[0], self._add("unknown", "item assignment"))
        elif any(t.is_floating_point() for t in _tensors((result,))):
            flow = self._flow_of(func, name, args, kwargs)
            if flow is not None:
                self._give(result, flow)
        return result

    def _flow_of(self, func: Any, name: str, args: Sequence[Any], kwargs: Any) -> Flow | None:
        """What the result of a call carries; None where it is not worth a step."""
        recognised = recognise(func, args, kwargs)
        if recognised is not None:
            return self._activation(name, recognised)
        tensors = [t for t in _tensors((args, kwargs)) if t.is_floating_point()]
        if name == "embedding":
            weight = kwargs.get("weight", args[1] if len(args) > 1 else None)
            return self._add("embedding", self._path(weight), weight=self._name(weight))
        if not tensors:
            return None
        if name == "multi_head_attention_forward":
            return self._attention(func, args, kwargs)
        if name == "linear" or name in calls.CONVOLUTIONS:
            given = _bound(args, kwargs, ("input", "weight", "bias"))
            groups = _groups(name, args, kwargs)
            return self._layer(
                given["input"], given["weight"], given.get("bias"), name, groups=groups
            )
        if name == "addmm" and self._name(args[2]):
            return self._layer(args[1], args[2], args[0], name, transposed=True)
        if name in calls.MATMULS:
            return self._matmul(name, args)
        if name == "scaled_dot_product_attention":
            given = _bound(args, kwargs, ("query", "key", "value"))
            return self._add("mix", name, [self._flow(given["value"])])
        if name in calls.NORMS:
            return self._add("norm", name, [self._flow(tensors[0])])
        if name in calls.JOINS:
            return self._join(name, tensors)
        if name in calls.HANDED_ON:
            flow = self._flow(tensors[0])
            return flow if name == "__get__" else replace(flow, through=(*flow.through, name))
        return self._arithmetic(name, args, tensors)

    def _activation(self, name: str, recognised: Any) -> Flow:
        record, x, values = recognised
        return self._add(
            "activation", f"{record.name}()", [self._flow(x)], record=record, values=values
        )

    def _layer(
        self,
        x: Any,
        weight: Any,
        bias: Any,
        call_name: str,
        *,
        transposed: bool = False,
        groups: int = 1,
    ) -> Flow:
        known = self._name(weight)
        return self._add(
            "layer",
            self._path(weight) if known else call_name,
            [self._flow(x)],
            weight=known,
            bias=self._name(bias),
            transposed=transposed or call_name.startswith("conv_transpose"),
            groups=groups,
        )

    def _matmul(self, name: str, args: Sequence[Any]) -> Flow:
        left, right = args[:2]
        if self._name(right) and right.ndim == 2:
            return self._layer(left, right, None, name, transposed=True)
        weighting = self.steps[self._flow(left).source]
        facts = weighting.record.facts if weighting.record is not None else None
        if isinstance(facts, VectorFacts) and facts.sums_to_one:
            return self._add("mix", name, [self._flow(right)])
        return self._add("unknown", name, [self._flow(left), self._flow(right)])

    def _attention(self, func: Any, args: Sequence[Any], kwargs: Any) -> Flow:
        given = inspect.signature(func).bind(*args, **kwargs).arguments
        joint = given["in_proj_weight"]
        split = [given.get(f"{part}_proj_weight") for part in "qkv"]
        weights = split if joint is None else [joint]
        sources = [given[part] for part in ("query", "key", "value")]
        bias = given.get("in_proj_bias")
        made = [
            self._layer(x, weight, bias, "in_proj")
            for x, weight in zip(sources, weights, strict=False)
        ]
        mixed = self._add("mix", "attention", [made[-1]])
        out = self._add(
            "layer",
            self._path(given["out_proj_weight"]),
            [mixed],
            weight=self._name(given["out_proj_weight"]),
            bias=self._name(given["out_proj_bias"]),
        )
        return out

    def _join(self, name: str, tensors: Sequence[Any]) -> Flow:
        flows = list(dict.fromkeys(self._flow(t) for t in tensors))
        return flows[0] if len(flows) == 1 else self._add("join", name, flows)

    def _arithmetic(self, name: str, args: Sequence[Any], tensors: Sequence[Any]) -> Flow:
        flows = [self._flow(t) for t in tensors]
        number = next((a for a in args if isinstance(a, int | float)), None)
        if len(tensors) == 1 and (
            name in calls.PRODUCTS or name in calls.QUOTIENTS or name == "neg"
        ):
            factor = -1.0 if name == "neg" else float(number or 0)
            factor = 1 / factor if name in calls.QUOTIENTS and factor else factor
            return replace(flows[0], factor=flows[0].factor * factor)
        if len(tensors) == 2 and name in calls.SUMS:
            return self._sum(tensors, flows)
        if len(tensors) == 2 and name in calls.PRODUCTS:
            return self._add("product", "product", flows)
        return self._add("unknown", name, flows)

    def _sum(self, tensors: Sequence[Any], flows: Sequence[Flow]) -> Flow:
        for flow, other in zip(flows, reversed(tensors), strict=True):
            step = self.steps[flow.source]
            # x @ w + b, where b is the layer's bias.
            if step.kind == "layer" and not step.bias and self._name(other) and other.ndim == 1:
                self.steps[flow.source] = replace(step, bias=self._name(other))
                return flow
        return self._add("add", "sum", flows)

    def _add(self, kind: Kind, name: str, reads: Sequence[Flow] = (), **known: Any) -> Flow:
        step = Step(len(self.steps), kind, name, tuple(reads), **known)
        self.steps.append(step)
        return Flow(step.index)

    def _flow(self, tensor: Any) -> Flow:
        """Where a tensor comes from; one that was not seen is a parameter or a constant."""
        flow = self._flows.get(tensor)
        if flow is None:
            name = self._name(tensor)
            flow = (
                self._add("parameter", name, weight=name)
                if name
                else self._add("constant", "constant")
            )
            self._flows[tensor] = flow
        return flow

    def _give(self, result: Any, flow: Flow) -> None:
        for tensor in _tensors((result,)):
            self._flows[tensor] = flow

    def _name(self, tensor: Any) -> str:
        return self._names.get(id(tensor), "") if isinstance(tensor, nn.Parameter) else ""

    def _path(self, parameter: Any) -> str:
        """The module that holds a parameter, or the parameter's name where it has its own."""
        name = self._name(parameter)
        return name.removesuffix(".weight")


def _tensors(things: Any) -> Iterator[Any]:
    """Tensors in nested arguments."""
    if isinstance(things, Tensor):
        yield things
    elif isinstance(things, Mapping):
        for thing in things.values():
            yield from _tensors(thing)
    elif isinstance(things, list | tuple):
        for thing in things:
            yield from _tensors(thing)


def _bound(args: Sequence[Any], kwargs: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {**dict(zip(names, args, strict=False)), **kwargs}


def _groups(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> int:
    """Groups of a convolution; the seventh argument, the transposed one's too."""
    if name not in calls.CONVOLUTIONS:
        return 1
    return kwargs.get("groups", args[6] if len(args) > 6 else 1)


def _has_children(module: Any) -> bool:
    return next(module.children(), None) is not None
