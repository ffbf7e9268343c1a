"""What a network is trained on and judged by, for each task."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from nonlin.comparison.data.dataset import Dataset


@dataclass(frozen=True)
class Metric:
    """The figure networks are compared by.

    Attributes:
        name: such as ``accuracy``.
        unit: appended to formatted values; may be empty.
        higher_is_better: direction of improvement.
        default_margin: differences smaller than this do not matter unless the user says so.
        scale: factor from the stored value to the shown one (100 for per cent).
        digits: decimals shown.
    """

    name: str
    unit: str
    higher_is_better: bool
    default_margin: float
    scale: float = 1.0
    digits: int = 3

    def format(self, value: float) -> str:
        """A value as shown to a reader, with its unit."""
        return f"{value * self.scale:.{self.digits}f}{self._suffix}"

    def format_difference(self, value: float) -> str:
        """A difference as shown to a reader: signed, with its unit."""
        unit = " points" if self.unit == "%" else self._suffix
        return f"{value * self.scale:+.{self.digits}f}{unit}"

    @property
    def _suffix(self) -> str:
        return f" {self.unit}" if self.unit else ""


@dataclass(frozen=True)
class Scoring:
    """How networks are scored and scores compared.

    Attributes:
        metric: the figure.
        margin: difference that does not matter, in the metric's stored unit.
        resolution: smallest step between two values.
    """

    metric: Metric
    margin: float
    resolution: float


Loss = Callable[[Tensor, Tensor], Tensor]


def metric_of(dataset: Dataset) -> Metric:
    """The metric of a dataset's task, its default margin included."""
    if dataset.task == "classification":
        return Metric("accuracy", "%", True, default_margin=0.005, scale=100, digits=2)
    if dataset.task == "language":
        return Metric("bits per character", "bits", False, default_margin=0.01)
    spread = dataset.target_scale
    digits = max(0, 3 - math.floor(math.log10(spread)))
    return Metric("RMSE", "", False, default_margin=0.02 * spread, digits=digits)


def scoring_of(dataset: Dataset, margin: float | None = None) -> Scoring:
    """How networks trained on a dataset are scored.

    Args:
        dataset: the data.
        margin: difference that does not matter; the metric's own when None.
    """
    metric = metric_of(dataset)
    return Scoring(
        metric,
        metric.default_margin if margin is None else margin,
        1 / len(dataset.x_test) if dataset.task == "classification" else 0.0,
    )


def loss_of(dataset: Dataset) -> Loss:
    """The loss that networks are trained on."""
    return F.mse_loss if dataset.task == "regression" else _cross_entropy


def _cross_entropy(output: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(output.flatten(0, -2), y.flatten())


def align(output: Tensor, y: Tensor) -> Tensor:
    """Drop a trailing axis of length 1 that a regression network adds to its target's shape."""
    return output.squeeze(-1) if output.ndim == y.ndim + 1 and output.shape[-1] == 1 else output


def metric_value(dataset: Dataset, loss: float, share_correct: float) -> float:
    """The metric from a mean loss and, for classes, the share of right answers."""
    if dataset.task == "classification":
        return share_correct
    if dataset.task == "language":
        return loss / math.log(2)
    return math.sqrt(loss) * dataset.target_scale if loss >= 0 else math.nan


def constant_score(dataset: Dataset) -> float:
    """The metric of the best constant prediction, which a diverged network is scored as.

    The constant comes from the development rows: the most frequent class, the mean, or the
    characters' frequencies.
    """
    if dataset.task == "regression":
        return math.sqrt(float(dataset.y_test.double().square().mean())) * dataset.target_scale
    counts = torch.bincount(dataset.y.flatten(), minlength=dataset.outputs)
    if dataset.task == "classification":
        return float((dataset.y_test == counts.argmax()).double().mean())
    # One more of each character, so that one seen only in the test part has a probability.
    frequencies = (counts + 1).double() / (counts + 1).sum()
    return float(-frequencies.log2()[dataset.y_test.flatten()].mean())
