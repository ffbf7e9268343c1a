"""A small convolutional network for images and one-dimensional signals."""

from __future__ import annotations

from torch import nn

from nonlin.comparison.models.mlp import MakeActivation, Residual

_CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d}
_NORMS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d}
_POOLS = {1: nn.AvgPool1d, 2: nn.AvgPool2d}
_GLOBAL_POOLS = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d}
# Below this side a pooled map would have nothing left to convolve.
_SMALLEST = 4


def cnn(
    shape: tuple[int, ...],
    outputs: int,
    activation: MakeActivation,
    *,
    depth: int,
    width: int,
    norm: str,
    residual: bool,
) -> nn.Module:
    """Build `depth` convolutions of `width` channels, halving the map every second one.

    Args:
        shape: (C, L) or (C, H, W) of one row.
        outputs: units of the output layer.
        activation: makes a fresh activation module for each convolution.
        depth: number of convolutions.
        width: channels of each.
        norm: ``none``, ``batch`` or ``layer`` (one group over all channels).
        residual: add each convolution's input to its output, from the second one on.

    Returns:
        A module from (N, *shape) to (N, outputs).
    """
    rank = len(shape) - 1
    layers: list[nn.Module] = []
    side = min(shape[1:])
    for index in range(depth):
        convolution = _CONVOLUTIONS[rank](shape[0] if index == 0 else width, width, 3, padding=1)
        norms = {"batch": [_NORMS[rank](width)], "layer": [nn.GroupNorm(1, width)], "none": []}
        block = [convolution, *norms[norm], activation()]
        layers += [Residual(*block)] if residual and index > 0 else block
        if index % 2 == 1 and side >= 2 * _SMALLEST:
            layers.append(_POOLS[rank](2))
            side //= 2
    kept = _SMALLEST if side >= _SMALLEST else 1
    layers += [_GLOBAL_POOLS[rank](kept), nn.Flatten(), nn.Linear(width * kept**rank, outputs)]
    return nn.Sequential(*layers)
