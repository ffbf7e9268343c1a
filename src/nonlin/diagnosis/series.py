"""Figures over the sampled steps: which there are, and what keeps them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

# Of a call of an activation, in the order of Site.series.
SITE_FIELDS = (
    "z_rms",  # of what goes in
    "z_mean",
    "z_largest",
    "slope_mean",  # of |f′(z)|
    "slope_rms",
    "open",  # share of entries whose gate is open
    "out_rms",
)
# Of the gradients that reach an activation called many times in a step, as in a recurrent cell.
CALLS_FIELDS = ("calls", "first", "last", "largest", "rising")
# Of a parameter in an optimizer step, in the order of Parameter.series.
PARAMETER_FIELDS = (
    "gradient",  # norm, the loss scale of AMP taken out
    "weight",  # norm
    "update",  # norm of a slice's change
    "slice",  # norm of that slice before
    "lost",  # share of the slice's gradient where the step left the weight as it was
    "rows",  # largest difference between two rows, over the largest entry
    "mean",  # of the slice before
)
# Of a loss, in the order of LossCall.values.
LOSS_FIELDS = (
    "low",  # of the targets
    "high",
    "below",  # share of the targets that the output cannot reach
    "above",
    "lse",  # |ln Σ exp| of what has to be logarithms of probabilities
    "smallest",  # of scores
    "largest",
    "off_one",  # largest |Σ − 1| over the rows of scores
    "loss",
)
# Samples kept of a series; every other one is dropped when there are more.
_MOST = 512


class Series:
    """Tensors of the same few numbers by step, thinned when there are many."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self.fields = fields
        self._steps: list[int] = []
        self._values: list[Tensor] = []

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, step: int, values: Tensor) -> None:
        """Keep one tensor of shape (fields,); a later one of the same step counts."""
        if self._steps and self._steps[-1] == step:
            self._values[-1] = values
            return
        if len(self._steps) >= _MOST:
            del self._steps[1:-1:2], self._values[1:-1:2]
        self._steps.append(step)
        self._values.append(values)

    def restore(self, steps: list[int], values: Tensor) -> None:
        """Take other values, of shape (steps, fields)."""
        self._steps, self._values = list(steps), list(values)

    def table(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Steps, and each field over them, float64."""
        if not self._values:
            return np.zeros(0, int), {name: np.zeros(0) for name in self.fields}
        stacked = torch.stack([v.detach().double().cpu() for v in self._values]).numpy()
        return np.array(self._steps), dict(zip(self.fields, stacked.T, strict=True))
