"""The independent reference: a record's textbook definition at as many digits as it takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from nonlin.activation import Activation
from nonlin.errors import require

mp: Any = require("mpmath", "lab", "certification").mp
# mpmath has no types that a checker could use.
Number = Any

# Bits that the reference keeps after cancellation; float64 has 53.
KEPT = 80
START = 256
# Of these, so many must be right for their number to be trusted.
SPARE = 16
# Enough for 1 + 2⁻¹⁰⁷⁴ and a difference of it.
LIMIT = 2304
# Results below this power of two are 0 in every dtype, and no remainder of a cancellation.
SMALLEST = -1200


def value(record: Activation, x: float) -> Number:
    """f(x) by the definition."""

    def evaluate() -> tuple[Number, Number]:
        result = definition(record, mp.mpf(x))
        return result, max(abs(result), abs(mp.mpf(x)))

    return _settle(evaluate)


def derivative(record: Activation, x: float, side: int = 0) -> Number:
    """f′(x) by a difference of the definition; `side` ±1 takes the slope on that side."""

    def difference() -> tuple[Number, Number]:
        at = mp.mpf(x)
        # Never past a kink at 0; relative, so that it shows beside a large x, and at 0 so
        # small that what the difference leaves out is no float64.
        step = mp.ldexp(abs(at), -KEPT) if at else mp.ldexp(1, SMALLEST + 100)
        slope, terms = _difference(record, at, step, side)
        if 0 < abs(slope) < step * 2**20:
            # Where f″ jumps, as at the ends of sparse_plus, a slope of 0 leaves a remainder
            # proportional to the step, which half the step takes away.
            half, terms = _difference(record, at, step / 2, side)
            slope = 2 * half - slope
        return slope, terms

    return _settle(difference)


def _difference(record: Activation, at: Number, step: Number, side: int) -> tuple[Number, Number]:
    """The slope of a chord, and how large the terms of its difference are."""
    right = at + step if side >= 0 else at
    left = at - step if side <= 0 else at
    high, low = definition(record, right), definition(record, left)
    return (high - low) / (right - left), max(abs(high), abs(low), abs(at)) / (right - left)


def by_parameter(record: Activation, name: str, x: float) -> float:
    """∂f/∂parameter by a difference of the definition."""
    with mp.workprec(LIMIT):
        step = mp.ldexp(1, -KEPT)
        at = mp.mpf(record.bound[name])
        low, high = (
            mp.mpf(record.definition(mp, mp.mpf(x), **{**record.bound, name: at + side * step}))
            for side in (-1, 1)
        )
        return float((high - low) / (2 * step))


def definition(record: Activation, x: Any) -> Number:
    """The record's definition with its parameters."""
    return mp.mpf(record.definition(mp, x, **record.bound))


def _settle(evaluate: Callable[[], tuple[Number, Number]]) -> Number:
    """Raise the precision until `evaluate`'s result keeps KEPT bits of its terms."""
    bits = START
    while True:
        with mp.workprec(bits):
            result, terms = evaluate()
            # An exact zero comes from a constant piece, or from cancellation of everything.
            lost = mp.mag(terms) - mp.mag(result) if result else bits if terms else 0
        if bits - lost >= KEPT or bits >= LIMIT or (result and mp.mag(result) < SMALLEST):
            return result
        # With some bits right, how many are lost is known; with none, only that all were.
        needed = lost + KEPT + SPARE if lost < bits - SPARE else 2 * bits
        bits = min(needed, LIMIT)


def rounded_parameters(record: Activation) -> list[str]:
    """Parameters that multiplication rounds: the numbers that are no powers of two."""
    return [
        name
        for name, bound in record.bound.items()
        if isinstance(bound, float) and bound and math.frexp(bound)[0] not in (0.5, -0.5)
    ]


@cache
def exact(record: Activation, kind: str, x: float) -> tuple[float, float]:
    """Value or derivative as the sum of two float64."""
    true = {"value": value, "derivative": derivative}[kind](record, x)
    high = float(true)
    return high, 0.0 if mp.isinf(high) else float(true - high)
