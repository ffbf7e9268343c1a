"""Facts of a function that nobody has proven: found on a grid, refined where they lie between.

What is found holds for the function as float64 sees it. Not looked for: kinks beyond ±10⁴, two
kinks closer than 10⁻², jumps of the slope below 10⁻⁷, jumps of the fourth derivative and beyond;
a bend narrower than 1/50 may pass for a kink of a higher derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from nonlin.backends.namespace import namespace_of
from nonlin.defining import searching
from nonlin.facts import Facts, Kink, Range
from nonlin.moments import expect

_REACH = 20.0
_GRID = np.unique(
    np.concatenate(
        [
            np.linspace(-_REACH, _REACH, 40_001),
            np.linspace(-_REACH, _REACH, 40_001) / 100,
            *(sign * np.geomspace(1e-9, 1e4, 2_000) for sign in (-1, 1)),
        ]
    )
)
# Every interval of it is halved until it shows what it holds.
_SEARCHED = np.unique(np.concatenate([_GRID[::10], np.linspace(-_REACH, _REACH, 4_001)]))
_DOUBLINGS = 2.0 ** np.arange(4, 101)
_ZERO = 1e-12
_ROUNDING = 8 * float(np.finfo(float).eps)


@dataclass(frozen=True)
class Measurement:
    """Facts of a function for given parameters, measured.

    Attributes:
        value: formula of the function.
        slope: formula of its derivative.
    """

    value: Callable[..., Any]
    slope: Callable[..., Any]

    def __call__(self, **parameters: Any) -> Facts:
        return _measured(self.value, self.slope, tuple(parameters.items()))


@lru_cache(maxsize=256)
def _measured(value: Any, slope: Any, parameters: tuple[tuple[str, Any], ...]) -> Facts:
    """Kinks and all other facts belong to one measurement, and are asked for apart."""
    xp = namespace_of(_GRID)
    given = dict(parameters)

    return measure(
        lambda x: np.asarray(value(x, xp, **given)), lambda x: np.asarray(slope(x, xp, **given))
    )


def measure(f: Callable[..., Any], df: Callable[..., Any]) -> Facts:
    """Facts of an elementwise function from its values and slopes.

    Args:
        f: the function on float64 arrays.
        df: its derivative on float64 arrays.

    Returns:
        Facts with ``measured=True``; a limit that does not exist is NaN.

    Example:
        >>> import nonlin
        >>> facts = measure(nonlin.relu, nonlin.relu.derivative)
        >>> facts.kinks, str(facts.range), facts.homogeneous
        ((Kink(at=0.0, left=0.0, right=1.0, torch=0.0, jax=None),), '[0, inf)', 1)
    """
    # A formula may overflow, or have no value, in places.
    with np.errstate(all="ignore"):
        return _measure(f, df)


def _measure(f: Callable[..., Any], df: Callable[..., Any]) -> Facts:
    jumps, kinks = _kinks(f, df)
    smoothness = -1.0 if jumps else 0.0 if kinks else searching.smoothness(df)
    limits, slope_limits = _limits(f), _limits(df)
    x = np.unique(np.concatenate([_GRID, [kink.at for kink in kinks]]))
    y = f(x)
    minimum, low, low_reached = _lowest(f, df, x, y, limits, kinks)
    _, high, high_reached = _lowest(
        lambda v: -f(v), lambda v: -df(v), x, -y, (-limits[0], -limits[1]), kinks
    )
    lipschitz = math.inf if jumps else _steepest(df, x, slope_limits, kinks)
    mean = expect(f, tuple(kink.at for kink in kinks))
    return Facts(
        range=Range(low, -high, low_reached, high_reached),
        monotone=_is_monotone(f, df, x, y, limits, kinks),
        smoothness=smoothness,
        lipschitz=lipschitz,
        limits=limits,
        slope_limits=slope_limits,
        kinks=kinks,
        minimum=minimum,
        zero_centred=abs(mean) < 1e-10 * max(1.0, float(np.abs(f(np.array([-1.0, 1.0]))).max())),
        self_gated=_is_self_gated(f, smoothness),
        homogeneous=_degree(f),
        polynomial=smoothness == math.inf and _is_polynomial(f),
        roots=_roots(f, x, y, jumps),
        measured=True,
    )


def _kinks(f: Any, df: Any) -> tuple[list[float], tuple[Kink, ...]]:
    jumps = searching.jumps(f, _SEARCHED)
    places = sorted({*jumps, *searching.jumps(df, _SEARCHED)})
    kinks = []
    for at in places:
        left, right = (searching.beside(df, at, side) for side in (-1, 1))
        kinks.append(Kink(at, _plain(left), _plain(right), _plain(float(df(np.array([at]))[0]))))
    return jumps, tuple(kinks)


def _plain(number: float) -> float:
    """A number, without the rounding that hides a round one."""
    near = round(number, 9) if math.isfinite(number) else number
    return near if abs(number - near) <= _ZERO else number


def _limits(f: Any) -> tuple[float, float]:
    return _limit(f(-_DOUBLINGS)), _limit(f(_DOUBLINGS))


def _limit(y: np.ndarray) -> float:
    """Where values at x = 2⁴, 2⁵, … tend to; NaN where they do not settle."""
    y = y[~np.isnan(y)]  # An exponential overflowed on the way to a limit.
    if len(y) < 8:
        return math.nan
    last, step = float(y[-1]), np.diff(y[-8:])
    if math.isinf(last):
        return last
    if np.abs(step).max() <= 1e-9 * max(1.0, abs(last)):
        return math.copysign(_plain(last), last) if abs(last) < _ZERO else _plain(last)
    grows = (step > 0).all() or (step < 0).all()
    # A logarithm's steps stay as they are; those towards a limit shrink.
    if grows and abs(step[-1]) > 0.5 * abs(step[0]):
        return math.copysign(math.inf, step[-1])
    return math.nan


def _lowest(
    f: Any,
    df: Any,
    x: np.ndarray,
    y: np.ndarray,
    limits: tuple[float, float],
    kinks: tuple[Kink, ...],
) -> tuple[tuple[float, float] | None, float, bool]:
    """The minimum if one point has it, the infimum, and whether it is taken."""
    known = ~np.isnan(y)
    x, y = x[known], y[known]
    lowest = float(y.min())
    beside = [_plain(searching.beside(f, kink.at, side)) for kink in kinks for side in (-1, 1)]
    # What a jump leaves out is a limit too; without a jump it differs by rounding alone.
    beside = [limit for limit in beside if limit < lowest - 1e-9 * max(1.0, abs(lowest))]
    ends = [limit for limit in (*limits, *beside) if not math.isnan(limit)]
    if lowest == -math.inf or any(limit < lowest for limit in ends):
        return None, min(lowest, *ends), False
    hits = np.flatnonzero(y == lowest)
    first, last = hits[0], hits[-1]
    is_inside = first > 0 and last < len(x) - 1
    if is_inside and last - first + 1 == len(hits) and x[last] - x[first] < 1e-3:
        left, right = float(x[first - 1]), float(x[last + 1])
        bent = any(left <= kink.at <= right for kink in kinks)
        at = float(x[first]) if bent else searching.turning_point(df, left, right)
        low = float(f(np.array([at]))[0])
        at, low = (_plain(at), _plain(low)) if abs(low - lowest) <= _ZERO else (at, low)
        return (at, low), low, True
    # A flat piece takes it; a function that only tends to it still falls where rounding meets it.
    is_low = np.concatenate([[True], y == lowest, [True]])
    edges = is_low[1:-1] & ~(is_low[:-2] & is_low[2:])
    at_kinks = np.isin(x, [kink.at for kink in kinks])
    before = np.concatenate([y[:1], y[:-1]]) - lowest
    after = np.concatenate([y[1:], y[-1:]]) - lowest
    underflows = np.maximum(before, after) < 1e-290
    taken = len(hits) == len(x) or bool((edges & ~underflows & ((df(x) == 0) | at_kinks)).any())
    return None, _plain(lowest), taken


def _roots(f: Any, x: np.ndarray, y: np.ndarray, jumps: list[float]) -> tuple[float, ...]:
    """Where the sign changes, other than at 0 and at a jump."""
    x, y = x[(y != 0) & ~np.isnan(y)], y[(y != 0) & ~np.isnan(y)]
    changes = np.flatnonzero(np.sign(y[1:]) != np.sign(y[:-1]))
    gaps = [(float(x[i]), float(x[i + 1])) for i in changes]
    return tuple(
        searching.turning_point(f, low, high)
        for low, high in gaps
        if not low < 0 < high and not any(low <= jump <= high for jump in jumps)
    )


def _is_monotone(
    f: Any,
    df: Any,
    x: np.ndarray,
    y: np.ndarray,
    limits: tuple[float, float],
    kinks: tuple[Kink, ...],
) -> bool:
    slopes = df(x)
    slopes = np.where(np.isin(x, [kink.at for kink in kinks]), 0.0, slopes)
    falls = np.diff(y) < -_ROUNDING * np.maximum(np.abs(y[1:]), np.abs(y[:-1])) - 1e-300
    return not (slopes < -_ROUNDING).any() and not falls.any()


def _steepest(
    df: Any, x: np.ndarray, limits: tuple[float, float], kinks: tuple[Kink, ...]
) -> float:
    slopes = np.abs(df(x))
    slopes = np.where(np.isnan(slopes), 0.0, slopes)
    top = int(np.argmax(slopes))
    inside = float(slopes[top])
    if math.isfinite(inside) and 0 < top < len(x) - 1:
        inside = searching.peak(lambda v: np.abs(df(v)), float(x[top - 1]), float(x[top + 1]))
    sides = [abs(slope) for kink in kinks for slope in (kink.left, kink.right)]
    ends = [abs(limit) for limit in limits if not math.isnan(limit)]
    return _plain(max(inside, *sides, *ends, 0.0))


def _is_self_gated(f: Any, smoothness: float) -> bool:
    """As :class:`nonlin.facts.Facts` says: x·g(x) with a smooth gate within [−1, 1]."""
    if smoothness != math.inf or float(f(np.array([0.0]))[0]) != 0:
        return False
    x = _GRID[_GRID != 0]
    gate = f(x) / x
    near = f(np.array([-1e-9, 1e-9])) / np.array([-1e-9, 1e-9])
    extends = abs(near[0] - near[1]) < 1e-6
    ends = [_limit(f(side * _DOUBLINGS) / (side * _DOUBLINGS)) for side in (-1, 1)]
    inside = bool((np.abs(gate) <= 1 + 1e-12).all())
    return bool(extends and inside and abs(ends[0] - ends[1]) > 0.5)


def _degree(f: Any) -> int | None:
    """k where f(cx) = cᵏ·f(x) for c > 0."""
    x = np.array([-7.0, -1.3, -0.6, 0.4, 1.0, 2.9, 11.0])
    y = f(x)
    ratios = f(2.0 * x)[y != 0] / y[y != 0]
    if not len(ratios):
        return 1  # The line of slope 0.
    if not (ratios > 0).all():
        return None
    k = round(math.log2(float(ratios[0]))) if math.isfinite(float(ratios[0])) else 0
    scales = (2.0, 0.5, 3.0, 100.0, 0.01)
    holds = all(np.allclose(f(c * x), c**k * y, rtol=1e-10, atol=1e-300) for c in scales)
    return k if holds else None


def _is_polynomial(f: Any) -> bool:
    """Whether it grows like xⁿ and is one polynomial of degree n at every scale."""
    far = 2.0**40
    if not f(_GRID).any():
        return True
    ends = np.array([-far, far])
    growth = f(2 * ends) / f(ends)
    if not np.isfinite(growth).all() or not (growth > 0).all():
        return False
    n = round(math.log2(float(growth[0])))
    if not 0 <= n <= 30 or not np.allclose(growth, 2.0**n, rtol=1e-6):
        return False
    for scale in (1.0, 20.0, 1000.0):
        z = np.cos(np.linspace(0, np.pi, 4 * n + 9))
        y = f(scale * z)
        fitted = np.polynomial.Chebyshev.fit(z, y, n, domain=[-1, 1])
        if np.abs(fitted(z) - y).max() > 1e-11 * np.abs(y).max():
            return False
    return True
