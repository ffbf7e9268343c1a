"""Weights and biases drawn, in place, and brought to unit variance on a batch."""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import nn

from nonlin.tracing import Step, calls

Distribution = Literal["normal", "uniform", "orthogonal"]
DISTRIBUTIONS: tuple[Distribution, ...] = ("normal", "uniform", "orthogonal")


def fans(weight: Any, step: Step) -> tuple[int, int]:
    """Numbers of inputs and outputs that a weight joins to one another."""
    first, second, *kernel = weight.shape
    field = math.prod(kernel)
    if step.transposed:  # (in, out/groups, ...)
        return first // step.groups * field, second * field
    return second * field, first // step.groups * field


def fan(weight: Any, step: Step, mode: str) -> float:
    """What the variance is divided by: inputs, outputs, or their mean as in Xavier's."""
    inputs, outputs = fans(weight, step)
    return {"backward": outputs, "compromise": (inputs + outputs) / 2}.get(mode, inputs)


def draw(
    weight: Any, deviation: float, distribution: Distribution, step: Step, generator: Any
) -> None:
    """Fill a weight with numbers of a standard deviation.

    Orthogonal rows or columns have, on average, the variance 1/fan of the larger side.
    """
    if distribution == "normal":
        nn.init.normal_(weight, std=deviation, generator=generator)
    elif distribution == "uniform":
        reach = math.sqrt(3) * deviation
        nn.init.uniform_(weight, -reach, reach, generator=generator)
    else:
        with torch.no_grad():
            nn.init.orthogonal_(weight, generator=generator)
            weight.mul_(deviation / weight.square().mean().sqrt())


class Refiner(torch.overrides.TorchFunctionMode):
    """Scales each layer's weight so that its output on a batch has the variance planned.

    One pass is enough: layers run in order, and each is corrected before the next reads it
    (Mishkin and Matas 2016, arXiv:1511.06422, who repeat it layer by layer).

    Args:
        targets: the variance wanted, by the id of the weight.
    """

    def __init__(self, targets: dict[int, float]) -> None:
        super().__init__()
        self._targets = targets
        self.found: dict[int, tuple[float, float]] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        if name != "linear" and name not in calls.CONVOLUTIONS | calls.MATMULS | {"addmm"}:
            return result
        weight = next((a for a in (*args, *kwargs.values()) if id(a) in self._targets), None)
        if weight is None or id(weight) in self.found:
            return result
        target = self._targets[id(weight)]
        variance = _variance(result)
        if not (math.isfinite(variance) and variance > 0):
            self.found[id(weight)] = variance, variance
            return result
        weight.mul_(math.sqrt(target / variance))
        result = func(*args, **kwargs)
        self.found[id(weight)] = variance, _variance(result)
        return result


def _variance(tensor: Any) -> float:
    return tensor.double().var(correction=0).item()
