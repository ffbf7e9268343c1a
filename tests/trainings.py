"""Small trainings for the tests of the diagnosis."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

ROWS, INPUTS, CLASSES = 256, 10, 3


def data() -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and classes that a small network learns."""
    x = torch.randn(ROWS, INPUTS)
    return x, torch.tanh(x @ torch.randn(INPUTS, CLASSES)).argmax(1)


def fit(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    steps: int = 40,
    loss: Callable[..., torch.Tensor] = F.cross_entropy,
    batch: tuple[torch.Tensor, torch.Tensor] | None = None,
) -> None:
    """Train on random rows."""
    x, y = data() if batch is None else batch
    for _ in range(steps):
        rows = torch.randint(len(x), (64,))
        value = loss(model(x[rows]), y[rows])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()


class Functional(nn.Module):
    """Activations as calls."""

    def __init__(self, call: Callable[[torch.Tensor], torch.Tensor] = F.relu) -> None:
        super().__init__()
        self.fc1 = nn.Linear(INPUTS, 32)
        self.fc2 = nn.Linear(32, 32)
        self.out = nn.Linear(32, CLASSES)
        self.call = call

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.call(self.fc2(self.call(self.fc1(x)))))


def dense(activation: Callable[[], nn.Module], depth: int = 2, width: int = 32) -> nn.Sequential:
    """Activations as modules."""
    layers: list[nn.Module] = [nn.Linear(INPUTS, width), activation()]
    for _ in range(depth - 1):
        layers += [nn.Linear(width, width), activation()]
    return nn.Sequential(*layers, nn.Linear(width, CLASSES))
