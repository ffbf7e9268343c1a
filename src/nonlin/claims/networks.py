"""Networks of the claims that `compare` does not have built in."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from nonlin.comparison.models.mlp import mlp

LOW_BIAS = -2.0


def low_bias(
    activation: Callable[[], nn.Module],
    input_shape: tuple[int, ...],
    outputs: int,
    depth: int,
    width: int,
) -> nn.Module:
    """The MLP of `compare` with a large negative bias in every hidden layer."""
    size = {"depth": depth, "width": width, "norm": "none", "residual": False}
    model = mlp(input_shape, outputs, activation, **size)
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
    for layer in linear[:-1]:
        nn.init.constant_(layer.bias, LOW_BIAS)
    return model


class Kept:
    """A model function that keeps the networks it builds, by activation and seed.

    `compare` trains in this process where it has one worker, so that after it the networks are
    the trained ones; it seeds PyTorch with the seed of a run before it builds its network.
    """

    def __init__(self) -> None:
        self.networks: dict[tuple[str, int], nn.Module] = {}

    def __call__(
        self,
        activation: Callable[[], nn.Module],
        input_shape: tuple[int, ...],
        outputs: int,
        depth: int,
        width: int,
    ) -> nn.Module:
        import torch

        from nonlin.nn import activation_of

        size = {"depth": depth, "width": width, "norm": "none", "residual": False}
        model = mlp(input_shape, outputs, activation, **size)
        record = activation_of(activation())
        name = record.name if record is not None else ""
        self.networks[name, torch.initial_seed()] = model
        return model


def slopes(model: nn.Module) -> list[float]:
    """Mean learned parameter of each activation, first layer first."""
    from nonlin.nn import activation_of

    found = []
    for module in model.modules():
        if activation_of(module) is not None:
            values: list[Tensor] = list(module.parameters())
            found += [float(value.detach().mean()) for value in values]
    return found
