"""The theory followed through a stack, layer by layer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nonlin.facts import Facts
from nonlin.init.gains import second_moment, slope_moment
from nonlin.signal.setting import Setting
from nonlin.signal.theory import MeanField


@dataclass(frozen=True)
class Course:
    """What happens on the way through a stack; arrays of shape (depth + 1,), first z first.

    Attributes:
        variance: q, the second moment of z.
        correlation: of the z of two inputs.
        gradient: mean square of the gradient at z, over that at the last z.
    """

    variance: np.ndarray
    correlation: np.ndarray
    gradient: np.ndarray


def predict(field: MeanField, setting: Setting) -> Course:
    """Follow variance, covariance and gradient through the stack that is asked.

    Where the variance leaves float64 it is infinite, and what depends on it NaN.
    """
    q, k = setting.variance, setting.correlation * setting.variance
    variances, covariances, factors = [q], [k], []
    for _ in range(setting.depth):
        made, made_covariance, chi = _layer(field, setting, q, k)
        share = setting.branch**2 if setting.residual else 1.0
        kept = 1.0 if setting.residual else 0.0
        q, k = kept * q + share * made, kept * k + share * made_covariance
        factors.append(kept + share * chi)
        variances.append(q)
        covariances.append(k)
    variance, covariance = np.array(variances), np.array(covariances)
    with np.errstate(all="ignore"):
        correlation = np.where(variance > 0, covariance / variance, np.nan)
        gradient = np.append(np.cumprod(factors[::-1])[::-1], 1.0)
    return Course(variance, correlation, gradient)


def _layer(field: MeanField, setting: Setting, q: float, k: float) -> tuple[float, float, float]:
    """Variance and covariance that W f(norm(z)) + b adds, and what it does to the gradient."""
    if q == 0:
        made = field.variance(0.0)
        return made, made, field.chi(0.0)
    if not math.isfinite(q):
        return math.inf, math.nan, math.nan
    c = k / q
    if setting.norm == "layer":
        # z over its own deviation √q: N(0, 1) again.
        return field.variance(1.0), field.covariance(1.0, c), field.chi(1.0) / q
    if setting.norm == "batch":
        # Over a large batch, z less the batch's mean has variance q − k, and correlation 0.
        mean = _mean(field)
        both = field.weight_variance * mean**2 + field.bias_variance
        return field.variance(1.0), both, field.chi(1.0) / max(q - k, 1e-300)
    made = field.variance(q)
    return made, field.covariance(q, c) if math.isfinite(made) else math.nan, field.chi(q)


def _mean(field: MeanField) -> float:
    facts = field.record.facts
    assert isinstance(facts, Facts)
    return facts.mean


def check_moments(field: MeanField, variance: float) -> None:
    """Refuse a record of which the theory has no moments at the first layer.

    Raises:
        NonlinError: E[f²] or E[f′²] is infinite there.
    """
    second_moment(field.record, variance)
    slope_moment(field.record, variance)
