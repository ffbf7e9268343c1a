"""The normal distribution in formulas: Φ and φ, relatively accurate down to underflow.

Φ(t) falls like exp(−t²/2): a rounding of t, or of t²/2, by one unit in the last place grows to
t² units in the result. So t·√½ is carried with its rounding error, and t² is taken apart into
a square that is exact and a rest that is small.
"""

from __future__ import annotations

import math
from typing import Any

# Where the exponential is 0 in float64 too.
FAR = 40.0
# Left of it, by bits of the dtype, erfc would soon underflow; six terms of the continued
# fraction of Mills' ratio are exact to a unit in the last place there.
LEFT = {32: -12.0, 64: -35.0}
# √½ as a number of 12 bits and the rest, which float64 rounds at 1e-21.
HALF_ROOT = 2896 / 4096
HALF_ROOT_REST = 7.55311865475244e-05


def distribution(t: Any, xp: Any, factor: Any = 1.0, low: Any = 0.0) -> Any:
    """factor·Φ(t + low), without underflow before the product's own.

    Args:
        t: argument, any shape.
        xp: namespace.
        factor: number or array that multiplies Φ.
        low: what rounding took from `t`.
    """
    left = LEFT[xp.finfo(t.dtype).bits]
    near = xp.clip(t, left, FAR)
    z = near * -math.sqrt(0.5)
    first = xp.round(near * 256.0) / 256.0
    rest = near - first
    # −z − (near + low)/√2, exact but for the last terms.
    error = ((first * HALF_ROOT + z) + rest * HALF_ROOT) + near * HALF_ROOT_REST
    error = error + low * math.sqrt(0.5)
    # erfc(z − error) = erfc(z)(1 + error·2e^(−z²)/(√π·erfc z)), and that quotient is 2z + 1/z.
    steep = xp.clip(z, 1.0, None)
    bent = xp.where(z > 1, error * (2.0 * steep + 1.0 / steep), 0.0)
    middle = 0.5 * xp.erfc(z)
    middle = factor * (middle + middle * bent)
    return xp.where(t < left, _tail(t, xp, left, factor, low), middle)


def density(t: Any, xp: Any, factor: Any = 1.0, low: Any = 0.0) -> Any:
    """factor·φ(t + low), without underflow before the product's own.

    Args:
        t: argument, any shape.
        xp: namespace.
        factor: number or array that multiplies φ.
        low: what rounding took from `t`.
    """
    half, correction = _exponentials(t, xp, low)
    return factor * (1 / math.sqrt(2 * math.pi)) * half * correction * half


def _tail(t: Any, xp: Any, left: float, factor: Any, low: Any) -> Any:
    """factor·Φ(t + low) for t < left, as φ times Mills' ratio."""
    away = -xp.clip(t, -FAR, left)
    fraction = 6.0 / away
    for numerator in (5.0, 4.0, 3.0, 2.0, 1.0):
        fraction = numerator / (away + fraction)
    return density(t, xp, factor / (away + fraction), low)


def _exponentials(t: Any, xp: Any, low: Any) -> tuple[Any, Any]:
    """√exp(−h²/2) and exp(−(t + low)²/2 + h²/2), h being t in sixteenths."""
    t = xp.clip(t, -FAR, FAR)
    h = xp.round(t * 16.0) / 16.0
    rest = (t - h) + low
    return xp.exp(-0.25 * h * h), xp.exp(-0.5 * rest * (h + t))


def standardise(x: Any, xp: Any, mu: float, sigma: float) -> tuple[Any, Any]:
    """(x − μ)/σ and what its rounding left.

    Args:
        x: array, any shape.
        xp: namespace.
        mu: centre.
        sigma: width.
    """
    reach = FAR * sigma
    x = xp.clip(x, mu - reach, mu + reach)
    bits = 12 if xp.finfo(x.dtype).bits == 32 else 26
    centre, centre_rest = _parts(mu, 2 * bits)
    moved = x - centre
    back = moved - x
    lost = (x - (moved - back)) - (centre + back) - centre_rest
    slope, slope_rest = _parts(1 / sigma, bits)
    t = moved * (1 / sigma)
    # `first` has `bits` bits, so that its product with `slope` is exact.
    grid = math.ldexp(1.0, bits - 1 - math.frexp(reach)[1])
    first = xp.round(moved * grid) / grid
    error = ((first * slope - t) + (moved - first) * slope) + moved * slope_rest
    return t, error + lost * (1 / sigma)


def _parts(number: float, bits: int) -> tuple[float, float]:
    """A number as one of `bits` bits and the rest."""
    scale = math.ldexp(1.0, bits - math.frexp(number)[1])
    first = round(number * scale) / scale
    return first, number - first


def definition(mp: Any, t: Any) -> Any:
    """Φ(t) with an mpmath context."""
    # mpmath refuses arguments near 1e154; Φ(−10⁶) is 10^(−2·10¹¹).
    return mp.erfc(-min(max(t, -(10**6)), 10**6) / mp.sqrt(2)) / 2
