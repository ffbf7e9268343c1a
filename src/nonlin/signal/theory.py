"""Mean-field theory: what infinitely wide layers do to variance, correlation and gradients."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.optimize import root_scalar

from nonlin.activation import Activation
from nonlin.errors import NonlinError
from nonlin.init.gains import critical_variances, second_moment, slope_moment
from nonlin.moments import normal_rule

# Terms of the Hermite series of f; the rest is counted as one term, which c^N makes small.
_TERMS = 96
# Where fixed points are looked for.
_VARIANCES = np.logspace(-8, 6, 113)
_STEP = 1e-4
_EXACT = 1e-9


@dataclass(frozen=True)
class MeanField:
    """The maps of one layer z′ = W f(z) + b with Wᵢⱼ ~ N(0, σ_w²/n), bᵢ ~ N(0, σ_b²), n → ∞.

    Attributes:
        record: f, an elementwise activation.
        weight_variance: σ_w².
        bias_variance: σ_b².

    Source:
        Poole et al. (2016), arXiv:1606.05340; Schoenholz et al. (2017), arXiv:1611.01232
    """

    record: Activation
    weight_variance: float
    bias_variance: float = 0.0
    _known: dict[float, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    def variance(self, q: float) -> float:
        """Variance of the next layer, σ_w²·E[f(√q·z)²] + σ_b²; infinite where it overflows.

        Example:
            >>> import nonlin
            >>> MeanField(nonlin.relu, 2.0).variance(3.0)
            3.0
        """
        return self.weight_variance * self._second(q) + self.bias_variance

    def covariance(self, q: float, c: float) -> float:
        """Covariance in the next layer of two inputs with variance q and correlation c."""
        squares = self._series(q)
        powers = np.clip(c, -1.0, 1.0) ** np.arange(len(squares))
        return self.weight_variance * float(squares @ powers) + self.bias_variance

    def correlation(self, q: float, c: float) -> float:
        """Correlation in the next layer of two inputs with variance q and correlation c."""
        return self.covariance(q, c) / self.variance(q)

    def chi(self, q: float) -> float:
        """χ = σ_w²·E[f′(√q·z)²]: by how much the gradient's variance changes in a layer."""
        if q == 0:
            return self.weight_variance * self.record.derivative(0.0) ** 2
        try:
            return self.weight_variance * slope_moment(self.record, q)
        except NonlinError:
            return math.inf

    @cached_property
    def fixed_points(self) -> tuple[float, ...]:
        """Variances that a layer keeps, smallest first; empty where all or none are kept."""

        def excess(log_q: float) -> float:
            q = math.exp(log_q)
            return min(self.variance(q), 1e12) / q - 1.0

        grid = np.log(_VARIANCES)
        values = np.array([excess(g) for g in grid])
        if np.all(np.abs(values) < _EXACT):
            return ()
        found = []
        for low, high, a, b in zip(grid, grid[1:], values, values[1:], strict=False):
            if a == 0:
                found.append(math.exp(low))
            elif a * b < 0:
                found.append(math.exp(_root(excess, low, high)))
        return tuple(found)

    def settles_at(self, q: float) -> float:
        """The variance that layers lead to from q: a fixed point, 0 or infinity."""
        after = self.variance(q)
        if math.isclose(after, q, rel_tol=_EXACT):
            return q
        if after > q:
            return next((point for point in self.fixed_points if point > q), math.inf)
        return next((point for point in reversed(self.fixed_points) if point < q), 0.0)

    def slope(self, q: float) -> float:
        """V′(q): a difference from a fixed point is multiplied by this in each layer."""
        step = _STEP * q
        return (self.variance(q + step) - self.variance(q - step)) / (2 * step)

    def correlation_settles_at(self, q: float) -> float:
        """The correlation that two inputs tend to: 1 in the ordered phase, less in the chaotic."""
        if not 0 < q < math.inf:
            return math.nan
        if self.chi(q) <= 1 + _EXACT:
            return 1.0

        def excess(c: float) -> float:
            return self.correlation(q, c) - c

        if abs(excess(0.0)) < _EXACT:
            return 0.0
        near = 1 - 1e-4
        return _root(excess, 0.0, near) if excess(0.0) * excess(near) < 0 else 1.0

    def depth_scales(self, q: float) -> dict[str, float]:
        """Layers in which a difference falls by e, at a fixed point q.

        ``variance`` of a deviation of the variance from q, ``correlation`` of that of two inputs
        from its limit, ``gradient`` of the gradient's variance (in which it grows by e where
        χ > 1); infinite where it does not change.
        """
        if not 0 < q < math.inf:
            return {}
        settled = self.correlation_settles_at(q)
        step = 1e-4
        if settled == 1:
            rate = self.chi(q)
        else:
            above, below = self.correlation(q, settled + step), self.correlation(q, settled - step)
            rate = (above - below) / (2 * step)
        rates = {"variance": self.slope(q), "correlation": rate, "gradient": self.chi(q)}
        return {name: _scale(value) for name, value in rates.items()}

    def _second(self, q: float) -> float:
        if q == 0:
            return self.record(0.0) ** 2
        if not math.isfinite(q):
            return math.inf
        try:
            return second_moment(self.record, q)
        except NonlinError:
            return math.inf  # It is finite at the first layer; the signal has grown since.

    def _series(self, q: float) -> np.ndarray:
        """aₙ² of f(√q·z) = Σ aₙ·hₙ(z), so that E[f(u)f(v)] = Σ aₙ²·cⁿ (Mehler)."""
        if q not in self._known:
            scale = math.sqrt(q)
            z, weights = normal_rule(tuple(kink.at / scale for kink in self.record.kinks))
            with np.errstate(all="ignore"):
                weighted = weights * self.record(scale * z)
            squares = np.array([float(weighted @ h) ** 2 for h in _hermite(z)])
            rest = max(self._second(q) - squares.sum(), 0.0)
            self._known[q] = np.append(squares, rest)
        return self._known[q]


def _hermite(z: np.ndarray) -> Iterator[np.ndarray]:
    """The normalised Hermite polynomials, E[hₘ(z)·hₙ(z)] = δₘₙ for z ~ N(0, 1)."""
    before, now = np.zeros_like(z), np.ones_like(z)
    for k in range(_TERMS):
        yield now
        before, now = now, (z * now - math.sqrt(k) * before) / math.sqrt(k + 1)


def critical_line(record: Activation, variances: np.ndarray) -> list[tuple[float, float, float]]:
    """Points (q, σ_w, σ_b) at which χ = 1 and q is kept; those that exist.

    Args:
        record: an elementwise activation.
        variances: the q tried.
    """
    found = []
    for q in variances:
        try:
            weight, bias = critical_variances(record, float(q))
        except NonlinError:
            continue
        found.append((float(q), math.sqrt(weight), math.sqrt(bias)))
    return found


def _root(of: Callable[[float], float], low: float, high: float) -> float:
    return float(root_scalar(of, bracket=(low, high), xtol=1e-14, rtol=1e-14).root)


def _scale(rate: float) -> float:
    if not rate > 0:
        return 0.0
    return math.inf if abs(rate - 1) < _EXACT else 1 / abs(math.log(rate))
