"""A multilayer perceptron of given depth and width."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor, nn

MakeActivation = Callable[[], nn.Module]


def mlp(
    shape: tuple[int, ...],
    outputs: int,
    activation: MakeActivation,
    *,
    depth: int,
    width: int,
    norm: str,
    residual: bool,
) -> nn.Module:
    """Build `depth` hidden layers of `width` units and a linear output layer.

    Args:
        shape: shape of one row; it is flattened.
        outputs: units of the output layer.
        activation: makes a fresh activation module for each hidden layer.
        depth: number of hidden layers.
        width: units of each.
        norm: ``none``, ``batch`` or ``layer``, before each activation.
        residual: add each hidden layer's input to its output, from the second layer on.

    Returns:
        A module from (N, *shape) to (N, outputs).
    """
    layers: list[nn.Module] = [nn.Flatten()]
    inputs = math.prod(shape)
    for index in range(depth):
        size = inputs if index == 0 else width
        block = [nn.Linear(size, width), *_norm(norm, width), activation()]
        layers += [Residual(*block)] if residual and index > 0 else block
    layers.append(nn.Linear(width if depth else inputs, outputs))
    return nn.Sequential(*layers)


class Residual(nn.Sequential):
    """x + f(x)."""

    def forward(self, input: Tensor) -> Tensor:
        return input + super().forward(input)


def _norm(kind: str, width: int) -> list[nn.Module]:
    kinds = {"none": [], "batch": [nn.BatchNorm1d], "layer": [nn.LayerNorm]}
    return [make(width) for make in kinds[kind]]
