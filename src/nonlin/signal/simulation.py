"""Real networks of finite width, drawn and run forwards and backwards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import stats

from nonlin.activation import Activation
from nonlin.signal.setting import Setting

_SIDE, _KERNEL = 8, 3
_EPSILON = 1e-30
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Simulation:
    """Quantities of each network and layer; arrays of shape (networks, depth + 1).

    Attributes:
        variance: mean square of z over units and inputs.
        covariance: mean product of the z of two inputs.
        gradient: mean square of the gradient at z, over that at the last z.
    """

    variance: np.ndarray
    covariance: np.ndarray
    gradient: np.ndarray

    @property
    def correlation(self) -> np.ndarray:
        """Of the z of two inputs, in each network."""
        with np.errstate(all="ignore"):
            return self.covariance / self.variance

    def interval(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Ends of a 95 % interval of the mean over networks, for all layers at once.

        t intervals with Bonferroni's correction for the layers; shape (depth + 1,) each. One
        network has no interval: NaN.
        """
        values = getattr(self, name)
        networks, layers = values.shape
        if networks < 2:
            nothing = np.full(layers, np.nan)
            return nothing, nothing
        reach = stats.t.ppf(1 - (1 - _CONFIDENCE) / (2 * layers), networks - 1)
        with np.errstate(all="ignore"):
            mean = values.mean(axis=0)
            half = reach * values.std(axis=0, ddof=1) / math.sqrt(networks)
        return mean - half, mean + half


@dataclass(frozen=True)
class Draws:
    """The numbers of one network, all standard normal, so that any activation can use them.

    Attributes:
        own: an input of its own for each; shape (inputs, width, ...).
        shared: what all inputs have in common.
        weights: one tensor a layer.
        biases: one tensor a layer.
        gradient: the gradient at the last z.
    """

    own: torch.Tensor
    shared: torch.Tensor
    weights: list[torch.Tensor]
    biases: list[torch.Tensor]
    gradient: torch.Tensor


def draw(setting: Setting, inputs: int, seed: int, device: str = "cpu") -> Draws:
    """Draw a network in float32; for 50 dense layers of width 2,000 it takes 0.8 GB.

    Args:
        setting: depth, width and stack.
        inputs: how many run through it.
        seed: the same one gives the same draws.
        device: where.
    """
    generator = torch.Generator(device).manual_seed(seed)
    width, dense = setting.width, setting.stack == "dense"
    shape = (width,) if dense else (width, _SIDE, _SIDE)
    kernel = () if dense else (_KERNEL, _KERNEL)

    def normal(*sizes: int) -> torch.Tensor:
        return torch.randn(sizes, generator=generator, device=device)

    layers = range(setting.depth)
    return Draws(
        normal(inputs, *shape),
        normal(1, *shape),
        [normal(width, width, *kernel) for _ in layers],
        [normal(width) for _ in layers],
        normal(inputs, *shape),
    )


def run(
    record: Activation, setting: Setting, draws: Draws
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Run a network forwards and backwards; variance, covariance and gradient by layer."""
    z = _first(setting, draws).requires_grad_()
    layers = [z]
    for weight, bias in zip(draws.weights, draws.biases, strict=True):
        made = _apply(setting, record(_normalised(setting, layers[-1])), weight, bias)
        made = layers[-1] + setting.branch * made if setting.residual else made
        made.retain_grad()
        layers.append(made)
    layers[-1].backward(draws.gradient)
    variance, covariance, gradient = [], [], []
    for layer in layers:
        flat = layer.detach().flatten(1).double()
        assert layer.grad is not None
        total, squares = flat.sum(0), flat.square().sum().item()
        count = len(flat)
        variance.append(squares / flat.numel())
        pairs = (total.square().sum().item() - squares) / (count * (count - 1))
        covariance.append(pairs / flat.shape[1])
        gradient.append(layer.grad.double().square().mean().item())
    return np.array(variance), np.array(covariance), np.array(gradient) / gradient[-1]


def _first(setting: Setting, draws: Draws) -> Any:
    """First z of several inputs, each pair with the correlation that is asked."""
    c = setting.correlation
    if c >= 0:
        z = math.sqrt(c) * draws.shared + math.sqrt(1 - c) * draws.own
    else:
        # Pairs (u, cu + √(1 − c²)v); more than two inputs cannot all have a correlation below 0.
        u, v = draws.own[0], draws.own[1]
        z = torch.stack([u, c * u + math.sqrt(1 - c * c) * v])
    return math.sqrt(setting.variance) * z


def _apply(setting: Setting, x: Any, weight: Any, bias: Any) -> Any:
    """W x + b; x is scaled instead of W, which is the largest thing there is."""
    fan_in = weight[0].numel()
    x = x * math.sqrt(setting.weight_variance / fan_in)
    bias = bias * math.sqrt(setting.bias_variance)
    if setting.stack == "dense":
        return torch.nn.functional.linear(x, weight, bias)
    padded = torch.nn.functional.pad(x, (_KERNEL // 2,) * 4, mode="circular")
    return torch.nn.functional.conv2d(padded, weight, bias)


def _normalised(setting: Setting, z: Any) -> Any:
    if setting.norm == "none":
        return z
    over_units, over_batch = tuple(range(1, z.ndim)), (0, *range(2, z.ndim))
    axes = over_units if setting.norm == "layer" else over_batch
    centred = z - z.mean(axes, keepdim=True)
    return centred / (centred.square().mean(axes, keepdim=True) + _EPSILON).sqrt()
