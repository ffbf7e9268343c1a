"""Tensors that the PyTorch tests share."""

from __future__ import annotations

import numpy as np
import torch

from catalogue import RECORDS, SETTINGS, VECTORS, sample
from nonlin.activation import Activation

# Every record; elementwise ones with their parameters varied.
EVERY = [*SETTINGS, *VECTORS]
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
EXTREMES = [400.0, -400.0, 3e38, -3e38, 0.0, -0.0, 1e-45, -1e-45]
LEARNABLE = [r for r in RECORDS if any(p.derivative is not None for p in r.parameters)]

# Divisible by 2 and 3, for records that halve or group an axis.
WIDTH = 6

# Exported together, since tracing each record by itself costs a second apiece.
DETERMINED = [record for record in RECORDS if record.draws != "always"]
CHUNKS = [DETERMINED[start : start + 6] for start in range(0, len(DETERMINED), 6)]


class Parts(torch.nn.Module):
    """Modules side by side."""

    def __init__(self, parts):
        super().__init__()
        self.parts = torch.nn.ModuleList(parts)

    def forward(self, x):
        return tuple(part(x) for part in self.parts)


def finite_inputs(record: Activation, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """The catalogue's sample and the extremes, as rows of WIDTH, all finite in `dtype`."""
    given = [] if record in VECTORS else sample(record, "float32").astype(np.float64)
    x = np.concatenate([given, EXTREMES])
    x = np.resize(x, -(-len(x) // WIDTH) * WIDTH).reshape(-1, WIDTH)
    largest = torch.finfo(dtype).max
    return torch.tensor(x).clamp(-largest, largest).to(dtype)


def smooth_points(record: Activation) -> torch.Tensor:
    """A row of WIDTH points in float64, none near a kink."""
    x = torch.tensor([-2.5, -1.2, -0.4, 0.31, 0.9, 5.0], dtype=torch.float64)
    if getattr(record.facts, "surrogate", False):
        return x + 100  # Where the stand-in is 0, as the derivative is.
    for kink in record.kinks:
        x = torch.where((x - kink.at).abs() < 0.05, x + 0.1, x)
    return x


def random_input(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return 2 * torch.randn(*shape, generator=generator, dtype=dtype)


def gradient(function, x: torch.Tensor, upstream: torch.Tensor | None = None) -> torch.Tensor:
    """Gradient at `x` of the sum of the value, or of its product with `upstream`."""
    x = x.detach().clone().requires_grad_()
    y = function(x)
    (got,) = torch.autograd.grad(y, x, torch.ones_like(y) if upstream is None else upstream)
    return got


def seeded(function, x: torch.Tensor) -> torch.Tensor:
    """The value, with the same draws each time."""
    torch.manual_seed(0)
    return function(x)


def same(got, true) -> None:
    """Equal to the last bit."""
    torch.testing.assert_close(got, true, rtol=0, atol=0, equal_nan=True)
