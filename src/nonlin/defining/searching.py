"""Finding where a function of float64 jumps, bends, turns and peaks, between points of a grid."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]

_JUMP = 1e-7
# Coarse and fine step of the differences that find a jump of a higher derivative.
_COARSE, _FINE = 1e-2, 2e-4


def jumps(f: Function, grid: np.ndarray) -> list[float]:
    """Where a function jumps: every interval is halved down to neighbouring floats.

    Args:
        f: function of an array.
        grid: sorted points; of two jumps between neighbours one is found.

    Returns:
        The places, ascending.
    """
    y = f(grid)
    wide = np.abs(np.diff(y)) > _JUMP
    wide &= np.isfinite(y[1:]) & np.isfinite(y[:-1])
    low, high = _ordered(grid[:-1][wide]), _ordered(grid[1:][wide])
    y_low, y_high = y[:-1][wide], y[1:][wide]
    while (open_ := high - low > 1).any():
        # Without the sum, which overflows.
        middle = np.where(open_, (low >> 1) + (high >> 1) + (low & high & 1), low)
        between = f(_float(middle))
        into_left = np.abs(between - y_low) >= np.abs(y_high - between)
        high = np.where(open_ & into_left, middle, high)
        y_high = np.where(open_ & into_left, between, y_high)
        low = np.where(open_ & ~into_left, middle, low)
        y_low = np.where(open_ & ~into_left, between, y_low)
    scale = np.maximum(1.0, np.maximum(np.abs(y_low), np.abs(y_high)))
    found = np.abs(y_high - y_low) > _JUMP * scale
    pairs = zip(_float(low[found]), _float(high[found]), strict=True)
    return sorted({_rounder(float(a), float(b)) for a, b in pairs})


def beside(f: Function, at: float, side: int) -> float:
    """The value next to a point, a few floats off."""
    step = max(4 * np.spacing(abs(at)), 1e-300)
    return float(f(np.array([at + side * step]))[0])


def _rounder(a: float, b: float) -> float:
    """Of two neighbouring floats the one with fewer digits, as a formula would name it."""
    return min(a, b, key=lambda v: len(repr(v)))


def _ordered(x: np.ndarray) -> np.ndarray:
    """Integers in the order of the floats."""
    bits = x.astype(np.float64).view(np.int64)
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def _float(order: np.ndarray) -> np.ndarray:
    return np.where(order < 0, np.int64(-(2**63)) - order, order).view(np.float64)


def smoothness(df: Function) -> float:
    """k of the class Cᵏ of a function without kinks, up to 2; else infinite.

    Args:
        df: its derivative.
    """
    inside = np.arange(-20.0, 20.0, _COARSE / 2)
    for order in (1, 2):
        if _bends(df, inside, order):
            return float(order)
    return math.inf


def _bends(df: Function, centres: np.ndarray, order: int) -> bool:
    """Whether the derivative of this order of the slope jumps somewhere.

    A difference of the next order over hᵏ tends to the jump as h shrinks, and like h to 0
    where there is none.
    """
    weights = [(-1) ** (order + 1 - k) * math.comb(order + 1, k) for k in range(order + 2)]
    offsets = np.arange(order + 2) - (order + 1) / 2

    def difference(x: np.ndarray, h: float) -> np.ndarray:
        terms = [w * df(x + o * h) for w, o in zip(weights, offsets, strict=True)]
        return np.abs(np.sum(terms, axis=0)) / h**order

    h = _COARSE
    size = difference(centres, h)
    kept = np.argsort(-np.nan_to_num(size, posinf=0.0))[:100]
    centres, first = centres[kept], size[kept]
    last = first
    while h > _FINE:
        tried = centres[:, None] + h * np.linspace(-1, 1, 33)[None, :]
        h /= 4
        sizes = np.nan_to_num(difference(tried, h), posinf=0.0)
        best = np.argmax(sizes, axis=1)
        rows = np.arange(len(centres))
        centres, last = tried[rows, best], sizes[rows, best]
    # Without a jump it would have shrunk with h.
    return bool(((last > 1e-4) & (last > 0.3 * first)).any())


def turning_point(df: Function, low: float, high: float) -> float:
    """Where the slope changes its sign between two points; the middle where it does not."""
    from scipy.optimize import brentq

    def slope(x: float) -> float:
        return float(df(np.array([x]))[0])

    if slope(low) * slope(high) >= 0:
        return (low + high) / 2
    # At a sign change across a pole at 0 it halves down to the smallest numbers.
    precise = {"xtol": 1e-300, "rtol": 4 * np.finfo(float).eps, "maxiter": 2000}
    root: Any = brentq(slope, low, high, **precise)
    return float(root)


def peak(f: Function, low: float, high: float) -> float:
    """Largest value between two points around a local maximum."""
    from scipy.optimize import minimize_scalar

    def below(x: float) -> float:
        return -float(f(np.array([x]))[0])

    found: Any = minimize_scalar(
        below, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    )
    return max(-float(found.fun), *(float(v) for v in f(np.array([low, high, (low + high) / 2]))))
