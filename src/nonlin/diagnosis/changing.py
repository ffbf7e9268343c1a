"""Applies a repair's change to a script that runs, without touching its text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules import module as module_hooks
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode

from nonlin import init
from nonlin.diagnosis.losses import crossed
from nonlin.diagnosis.naming import Names
from nonlin.diagnosis.operations import Effect, effect_of
from nonlin.diagnosis.substitutes import off_zero, straight_through
from nonlin.functions import get
from nonlin.recognition import recognise
from nonlin.tracing import trace

# What can be done to a running script.
APPLIED = frozenset(
    (
        "swap",
        "initialise",
        "zero_bias",
        "normalise",
        "standardise",
        "standardise_targets",
        "learning_rate",
        "clip",
        "remove",
        "replace",
        "insert",
        "loss",
        "one_shape",
        "dtype",
        "remove_norm",
        "alpha_dropout",
        "attach",
        "straight_through",
        "fill_inputs",
        "epsilon",
    )
)


def can_apply(change: Mapping[str, Any]) -> bool:
    """Whether a change is more than words."""
    return (
        bool(change) and set(change) <= APPLIED and all(v not in ({}, []) for v in change.values())
    )


class Changed(TorchFunctionMode):
    """A context in which networks are made and trained with a change.

    Args:
        change: of a repair.
    """

    def __init__(self, change: Mapping[str, Any]) -> None:
        super().__init__()
        self.change = dict(change)
        self.names = Names()
        self._handles: list[Any] = []
        self._scales: dict[int, tuple[Tensor, Tensor]] = {}
        self._depth = 0
        self._scaled: set[int] = set()
        self._done: set[int] = set()
        self._target: tuple[Tensor, Tensor] | None = None
        self._kept: Any = None  # alive, so that its id stays its own
        self._made: tuple[int, str] = (0, "")  # what the last layer made, and its name

    def __enter__(self) -> Changed:
        self._handles = [
            module_hooks.register_module_forward_pre_hook(self._enter),
            module_hooks.register_module_forward_hook(self._leave, always_call=True),
            register_optimizer_step_pre_hook(self._step),
        ]
        return super().__enter__()

    def __exit__(self, *details: Any) -> None:
        for handle in self._handles:
            handle.remove()
        super().__exit__(*details)

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        effect, name = effect_of(func)
        if effect is Effect.LOSS:
            return self._loss(func, name, args, kwargs)
        if self._depth and name in ("dropout",) and "alpha_dropout" in self.change:
            return functional.alpha_dropout(*args, **kwargs)
        if self._depth and name == "batch_norm" and "remove_norm" in self.change:
            return args[0]
        if self._depth and effect is Effect.DETACH and "attach" in self.change:
            return args[0]
        if self._depth and effect is Effect.STEP and name == self.change.get("straight_through"):
            return straight_through(func, name, args, kwargs)
        if "epsilon" in self.change:
            args = off_zero(name, args, self.change["epsilon"])
        known = recognise(func, args, kwargs) if self._depth else None
        if known is not None:
            x = known.input
            if "normalise" in self.change and known.record.name not in ("softmax", "log_softmax"):
                x = _normalised(x)
                args = (x, *args[1:])
            producer = self._made[1] if self._made[0] == id(known.input) else ""
            place = f"{producer}:{known.record.name}"
            if place in self.change.get("remove", ()):
                return x
            new = self.change.get("replace", {}).get(place)
            new = new or self.change.get("swap", {}).get(known.record.name)
            if new is not None:
                return get(new)(x)
        if self._depth and effect is Effect.STEP and "swap" in self.change:
            new = self.change["swap"].get(name)
            if new is not None:
                return get(new)(args[0])
        result = func(*args, **kwargs)
        if self._depth and effect is Effect.WEIGHT:
            layers = [layer for a in args if (layer := self.names.layer(a)) is not None]
            self._made = (id(result), layers[-1]) if layers else (0, "")
            self._kept = result
        return result

    def _enter(self, module: nn.Module, inputs: tuple[Any, ...]) -> Any:
        self._depth += 1
        if self._depth > 1 or not any(True for _ in module.parameters()):
            return None
        if id(module) not in self._done:
            self._done.add(id(module))
            self.names.add(module)
            with torch.no_grad():
                self._change_model(module, inputs)
        first = inputs[0] if inputs else None
        if not isinstance(first, Tensor) or not first.is_floating_point():
            return None
        with torch.no_grad():
            if "dtype" in self.change:
                return (first.float(), *inputs[1:])
            if "fill_inputs" in self.change:
                return (first.nan_to_num(0.0, 0.0, 0.0), *inputs[1:])
            if "standardise" not in self.change:
                return None
            if id(module) not in self._scales:
                deviation = first.std(0, keepdim=True)
                usual = deviation.mean().clamp_min(1e-12)
                self._scales[id(module)] = (
                    first.mean(0, keepdim=True),
                    deviation.clamp_min(1e-3 * float(usual)),
                )
            mean, deviation = self._scales[id(module)]
        return ((first - mean) / deviation, *inputs[1:])

    def _leave(self, module: nn.Module, inputs: Any, output: Any) -> Any:
        self._depth = max(0, self._depth - 1)
        path = self.names.module(module)
        if path is None or not isinstance(output, Tensor):
            return None
        if path in self.change.get("remove", ()) and inputs:
            return inputs[0]
        if path in (replaced := self.change.get("replace", {})) and inputs:
            return get(replaced[path])(inputs[0])
        inserted = self.change.get("insert")
        if inserted is not None and path in inserted["after"]:
            return get(inserted["activation"], **inserted.get("parameters", {}))(output)
        return None

    def _change_model(self, model: nn.Module, inputs: tuple[Any, ...]) -> None:
        change = self.change
        if "dtype" in change:
            model.float()
        for name in change.get("zero_bias", ()):
            for path, module in model.named_modules():
                bias = getattr(module, "bias", None)
                if path == name and isinstance(bias, Tensor):
                    bias.zero_()
        if change.get("initialise"):
            # On what the model is given now, so that calls count, for the activations to come.
            new = {old: get(name) for old, name in change.get("swap", {}).items()}
            init.initialize_(model, inputs=trace(model, *inputs).exchanged(new))

    def _loss(self, func: Any, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
        if self.change.get("loss") == "cross_entropy" and name == "nll_loss":
            kwargs = {
                k: v for k, v in kwargs.items() if k in ("weight", "ignore_index", "reduction")
            }
            return functional.cross_entropy(args[0], args[1], **kwargs)
        if self.change.get("one_shape") and crossed(*(tuple(a.shape) for a in args[:2])):
            args = (args[0].reshape(args[1].shape), *args[1:])
        if "dtype" in self.change:
            args = tuple(
                a.float() if isinstance(a, Tensor) and a.is_floating_point() else a for a in args
            )
        if "standardise_targets" in self.change and len(args) > 1:
            target = args[1]
            if self._target is None:
                self._target = target.mean(0, keepdim=True), target.std(0, keepdim=True) + 1e-6
            mean, deviation = self._target
            # The network answers in standard units; the loss stays that of the targets.
            args = (args[0] * deviation + mean, *args[1:])
            value = func(*args, **kwargs)
            return value / deviation.square().mean()
        return func(*args, **kwargs)

    def _step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        factor = self.change.get("learning_rate")
        if factor is not None and id(optimizer) not in self._scaled:
            self._scaled.add(id(optimizer))
            for group in optimizer.param_groups:
                group["lr"] *= factor
                if "initial_lr" in group:
                    group["initial_lr"] *= factor
        limit = self.change.get("clip")
        if limit is not None:
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            nn.utils.clip_grad_norm_(parameters, limit)


def _normalised(x: Any) -> Any:
    if not isinstance(x, Tensor) or x.ndim < 2:
        return x
    return functional.layer_norm(x, x.shape[1:])
