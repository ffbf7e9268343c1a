"""Polynomials that stand for a definition on short segments, and how they are fitted.

The nodes are values by mpmath; the polynomial is evaluated as the judge evaluates it, in a
format wide enough for the numbers that are judged.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nonlin.certification import exact
from nonlin.certification.ulp import Format


@dataclass(frozen=True)
class Ruler:
    """What true results for the inputs of a format are computed with.

    Attributes:
        form: the format of the inputs.
        number: NumPy's type for coefficients and results.
        allowed: relative error that a polynomial may have at the points that check it.
        tiny: log2 of what rounds to 0, whatever is judged.
        huge: log2 of what rounds to infinity.
        degrees: of the polynomials that are tried.
    """

    form: Format
    number: type[np.floating]
    allowed: float
    tiny: int
    huge: int
    degrees: tuple[int, ...]

    def power(self, exponent: int) -> Any:
        """2 to an exponent, as a number."""
        return np.ldexp(self.number(1), exponent)

    def rounded(self, true: Any) -> Any:
        """An mpmath number as the nearest of ``number``, or next to it."""
        fraction, exponent = exact.mp.frexp(true)
        high = float(fraction)
        return np.ldexp(self.number(high) + self.number(float(fraction - high)), int(exponent))

    def exactly(self, number: Any) -> Any:
        """One of ``number`` as an mpmath number."""
        fraction, exponent = np.frexp(self.number(number))
        high = float(fraction)
        whole = exact.mp.fadd(high, float(fraction - high), exact=True)
        return exact.mp.ldexp(whole, int(exponent))

    def clamped(self, true: Any) -> Any:
        """The number, or one past ``huge``."""
        bound = exact.mp.ldexp(1, self.huge + 70)
        return self.rounded(max(min(true, bound), -bound))

    def constant(self, values: list[Any]) -> Any:
        """What stands for values that all round to 0, or all to infinity; None for others."""
        sizes = [exact.mp.mag(v) if v else -math.inf for v in values]
        # mag is the exponent of the next power of two above.
        is_tiny = max(sizes) <= self.tiny
        if not is_tiny and min(sizes) <= self.huge:
            return None
        signs = {float(exact.mp.sign(v)) for v in values} - {0.0}
        sign = signs.pop() if len(signs) == 1 else 0.0
        return self.number(sign) * self.power(self.tiny if is_tiny else self.huge + 70)

    def relative_error(self, got: Any, true: Any) -> float:
        """Error of a result relative to an mpmath one; of none where both are negligible."""
        if not np.isfinite(got):
            return math.inf
        mp, got = exact.mp, self.exactly(got)
        tiny, huge = mp.ldexp(1, self.tiny), mp.ldexp(1, self.huge)
        if max(abs(true), abs(got)) < tiny * mp.ldexp(1, -50):
            return 0.0
        if min(abs(true), abs(got)) > huge and got * true > 0:
            return 0.0
        if abs(true) < tiny and abs(got) <= tiny and got * true >= 0:
            return 0.0
        return float(abs((got - true) / true)) if true else math.inf


# For float32 and the 16-bit formats, whose numbers are among float32's.
NARROW = Ruler(Format("float32"), np.float64, 2.0**-49, -180, 130, (3, 11))
# For float64, in the 80 bits of x87, which not every processor has.
WIDE = Ruler(Format("float64"), np.longdouble, 2.0**-60, -1100, 1030, (3, 13))
HAS_WIDE = bool(np.finfo(np.longdouble).nmant >= 63 and np.finfo(np.longdouble).maxexp > 2000)


@dataclass(frozen=True)
class Segment:
    """A polynomial that stands for the function on patterns ``first`` to ``last``.

    Attributes:
        first: first pattern, of one sign and binade.
        last: last pattern.
        centre: what is subtracted from x.
        coefficients: of the powers of x − centre, from the constant up.
        error: largest relative error at the points that checked it.
        checks: how many points checked it.
        table: values at each pattern, where a segment is too short or wild for a polynomial.
    """

    first: int
    last: int
    centre: float
    coefficients: tuple[Any, ...]
    error: float = 0.0
    checks: int = 0
    table: np.ndarray | None = None

    def evaluate(
        self, patterns: np.ndarray, x: np.ndarray, out: np.ndarray, scratch: np.ndarray
    ) -> None:
        """Write the true results at float64 inputs `x` to `out`, in the type of `out`."""
        if self.table is not None:
            np.take(
                self.table, (patterns - patterns.dtype.type(self.first)).astype(np.int64), out=out
            )
            return
        *lower, top = self.coefficients
        if not lower:
            out.fill(top)
            return
        np.subtract(x, self.centre, out=scratch)
        np.multiply(scratch, top, out=out)
        for coefficient in reversed(lower[1:]):
            if coefficient:
                np.add(out, coefficient, out=out)
            np.multiply(out, scratch, out=out)
        if lower[0]:
            np.add(out, lower[0], out=out)


def chebyshev(low: float, high: float, count: int) -> list[float]:
    middle, half = low / 2 + high / 2, high / 2 - low / 2  # The sum may overflow.
    nodes = [middle - half * math.cos(math.pi * k / (count - 1)) for k in range(count)]
    nodes[0], nodes[-1] = low, high
    return nodes


def interpolate(
    nodes: list[float], values: list[Any], centre: float, width: float, negligible: Any
) -> list[Any]:
    """Coefficients of the powers of x − centre, without trailing ones that are negligible."""
    mp = exact.mp
    at = [mp.mpf(x) - mp.mpf(centre) for x in nodes]
    divided = list(values)
    for level in range(1, len(at)):
        for k in range(len(at) - 1, level - 1, -1):
            divided[k] = (divided[k] - divided[k - 1]) / (at[k] - at[k - level])
    powers = [divided[-1]]
    for k in range(len(at) - 2, -1, -1):
        # Multiply by (t − at[k]) and add the next divided difference.
        shifted = [mp.mpf(0), *powers]
        for place, power in enumerate(powers):
            shifted[place] -= at[k] * power
        shifted[0] += divided[k]
        powers = shifted
    while len(powers) > 1 and abs(powers[-1]) * mp.mpf(width) ** (len(powers) - 1) < negligible:
        powers.pop()
    return powers


def last_term(coefficients: list[Any], degree: int, width: float) -> Any:
    """Size of the last term at the ends of a segment; 0 where it was dropped."""
    if len(coefficients) <= degree:
        return 0.0
    return abs(coefficients[degree]) * (exact.mp.mpf(width) / 2) ** degree


def crosses(values: list[Any]) -> bool:
    signs = {v > 0 for v in values if v}
    return len(signs) > 1


def root(of: Callable[[float], Any], low: float, high: float) -> float:
    """The float64 number nearest to a zero between two points of different sign."""
    positive = of(high) > 0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return low if abs(of(low)) < abs(of(high)) else high
        if (of(middle) > 0) == positive:
            high = middle
        else:
            low = middle
