"""The order of layers where no example tells it: that in which modules are registered."""

from __future__ import annotations

from typing import Any

from torch import nn

from nonlin.nn import activation_of
from nonlin.tracing import Flow, Step, Trace

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def registered(model: Any) -> Trace:
    """A chain of the layers, activations and norms of a model, each reading the one before.

    Args:
        model: any module.
    """
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    steps = [Step(0, "input", "input")]
    for path, module in model.named_modules():
        record = activation_of(module)
        known: dict[str, Any]
        if record is not None and type(module) is not nn.Identity:
            known = {"kind": "activation", "record": record, "module": module}
        elif isinstance(module, _LAYERS):
            known = {
                "kind": "layer",
                "weight": names.get(id(module.weight), ""),
                "bias": names.get(id(module.bias), ""),
                "groups": getattr(module, "groups", 1),
            }
        elif "Norm" in type(module).__name__:
            known = {"kind": "norm", "module": module}
        else:
            continue
        before = Flow(len(steps) - 1)
        steps.append(Step(len(steps), name=path, reads=(before,), **known))
    return Trace(tuple(steps))
