"""Means of small samples, with their Student t intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from nonlin.errors import NonlinError


@dataclass(frozen=True)
class Interval:
    """A confidence interval, in the units of the metric."""

    low: float
    high: float


@dataclass(frozen=True)
class Sample:
    """A sample, summarised; `sd` is NaN with one seed."""

    n: int
    mean: float
    sd: float

    def interval(self, confidence: float) -> Interval | None:
        """Student t interval of the mean; None with one value."""
        if self.n < 2:
            return None
        quantile = stats.t.isf((1 - confidence) / 2, self.n - 1)
        half = float(quantile * self.sd / math.sqrt(self.n))
        return Interval(self.mean - half, self.mean + half)


def summary_of(values: np.ndarray) -> Sample:
    """Size, mean and standard deviation of a sample."""
    sd = float(np.std(values, ddof=1)) if values.size > 1 else math.nan
    return Sample(values.size, float(np.mean(values)), sd)


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> tuple[float, Interval | None]:
    """Mean of a sample, with its Student t interval.

    ``mean ± t(1 − (1 − confidence) / 2; n − 1) · s / √n``, where s has the divisor n − 1.

    Args:
        values: the sample, such as one test metric per seed.
        confidence: the coverage, between 0 and 1.

    Returns:
        The mean and its interval; None instead of the interval when there is only one value.

    Raises:
        NonlinError: no values, a value that is not finite, or an impossible confidence.

    Example:
        >>> mean, interval = mean_interval([1.0, 2.0, 3.0])
        >>> print(f"{mean:.1f}, {interval.low:.3f} to {interval.high:.3f}")
        2.0, -0.484 to 4.484
    """
    sample = np.asarray(values, dtype=np.float64).ravel()
    if not sample.size:
        raise NonlinError("the mean of no values is undefined; give at least one")
    if not np.isfinite(sample).all():
        raise NonlinError(f"a mean needs finite values, got {sample.tolist()}")
    check_probability("confidence", confidence)
    summary = summary_of(sample)
    return summary.mean, summary.interval(confidence)


def check_probability(name: str, value: float) -> None:
    """Refuse what is not between 0 and 1."""
    if not 0 < value < 1:
        raise NonlinError(f"{name} must lie between 0 and 1, got {value}")
