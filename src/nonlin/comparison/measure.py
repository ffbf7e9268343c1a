"""What passes through a network: gradients and activations, layer by layer, on one batch."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nonlin.comparison.metrics import Loss, align
from nonlin.facts import Facts
from nonlin.nn import activation_of

# A unit passes no gradient when its slope stays below this share of the steepest slope of
# its activation on every row of the batch: what reaches it is cut a thousandfold.
NEGLIGIBLE_SLOPE = 1e-3

_CHANNELS_FIRST = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


@dataclass(frozen=True)
class LayerMeasurement:
    """One activation layer on one batch.

    Attributes:
        layer: position in the order of execution, from 0.
        name: path of the module.
        gradient_rms: root mean square of the loss's gradient at the activation's input, δ.
        activation_mean: mean of the activation's output.
        activation_std: standard deviation of the activation's output.
        blocked: share of units that pass no gradient (see NEGLIGIBLE_SLOPE).
    """

    layer: int
    name: str
    gradient_rms: float
    activation_mean: float
    activation_std: float
    blocked: float


def measure_layers(model: nn.Module, loss: Loss, x: Tensor, y: Tensor) -> list[LayerMeasurement]:
    """Measure every module activation of a network on one batch.

    The network is copied and run in training mode as it is in a step; neither its weights,
    gradients and running statistics nor PyTorch's random numbers are changed.

    Args:
        model: the network.
        loss: from output and target to a scalar.
        x: the batch, float32 (N, ...) or int64 tokens.
        y: its targets.

    Returns:
        One measurement per call of an activation module, in the order they ran.
    """
    probe = copy.deepcopy(model).train()
    calls: list[tuple[str, nn.Module, Tensor, Tensor, int]] = []
    channel_axis = -1

    def note_layout(module: nn.Module, *_: Any) -> None:
        nonlocal channel_axis
        channel_axis = 1 if isinstance(module, _CHANNELS_FIRST) else -1

    for path, module in probe.named_modules():
        # A module that writes over its input would change the figures of the layer before.
        if getattr(module, "inplace", False):
            module.inplace = False  # type: ignore[assignment]
        if isinstance(module, (*_CHANNELS_FIRST, nn.Linear)):
            module.register_forward_hook(note_layout)
        elif activation_of(module) is not None:

            def keep(
                module: nn.Module,
                inputs: tuple[Tensor, ...],
                named: dict[str, Tensor],
                output: Tensor,
                path: str = path,
            ) -> Tensor:
                z = next(iter((*inputs, *named.values())))
                if z.requires_grad:
                    z.retain_grad()
                calls.append((path, module, z, output, channel_axis))
                return output.clone()

            module.register_forward_hook(keep, with_kwargs=True)
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        loss(align(probe(x), y), y).backward(retain_graph=True)
    return [
        _measurement(index, path, module, z, output, axis)
        for index, (path, module, z, output, axis) in enumerate(calls)
    ]


def _measurement(
    index: int, path: str, module: nn.Module, z: Tensor, output: Tensor, axis: int
) -> LayerMeasurement:
    gradient = z.grad
    return LayerMeasurement(
        layer=index,
        name=path,
        gradient_rms=float("nan") if gradient is None else float(gradient.square().mean().sqrt()),
        activation_mean=float(output.detach().mean()),
        activation_std=float(output.detach().std()),
        blocked=_blocked_share(module, z, output, axis),
    )


def _blocked_share(module: nn.Module, z: Tensor, output: Tensor, axis: int) -> float:
    if not z.requires_grad:
        return float("nan")
    # The sum's gradient is the slope itself, learned parameters included.
    (slope,) = torch.autograd.grad(output.sum(), z, retain_graph=True)
    largest = slope.abs().movedim(axis, -1).flatten(0, -2).amax(dim=0)
    return float((largest <= NEGLIGIBLE_SLOPE * _steepest(module)).double().mean())


def _steepest(module: nn.Module) -> float:
    record = activation_of(module)
    facts = record.facts if record is not None else None
    steepest = facts.lipschitz if isinstance(facts, Facts) else 1.0
    return steepest if 0 < steepest < float("inf") else 1.0
