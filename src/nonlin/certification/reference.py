"""The reference in float64: polynomials fitted to the definition at as many digits as it takes.

No formula of any implementation takes part, nonlin's own included: the nodes are values of
the textbook definition by mpmath (``exact``), and between them stands a polynomial. Segments
are halved until the polynomial, evaluated as the judge evaluates it, holds to the definition
at points that it was not fitted to. A segment with a zero inside is expanded about the zero,
so that small results keep their relative accuracy.
"""

from __future__ import annotations

import bisect
import itertools
import math
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from nonlin.activation import Activation
from nonlin.certification import exact
from nonlin.certification.ulp import Format

# Relative error that a polynomial may have at the points that check it.
ALLOWED = 2.0**-49
# Below this everything rounds to 0 and above to infinity, in float32 and the 16-bit formats.
TINY, HUGE = 2.0**-180, 2.0**130
_NEGLIGIBLE = 2.0**-230
_DEGREES = (3, 11)
_CHECKS = 5
_BITS = 160
_TABLE = 16

_F32 = Format("float32")


@dataclass(frozen=True)
class Segment:
    """A polynomial that stands for the function on float32 patterns ``first`` to ``last``.

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
    coefficients: tuple[float, ...]
    error: float = 0.0
    checks: int = 0
    table: np.ndarray | None = None

    def evaluate(
        self, patterns: np.ndarray, x: np.ndarray, out: np.ndarray, scratch: np.ndarray
    ) -> None:
        """Write the true results at float64 inputs `x` to `out`."""
        if self.table is not None:
            np.take(self.table, patterns.astype(np.int64) - self.first, out=out)
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


@cache
def open_reference(record: Activation, order: int) -> Reference:
    """The reference of a record, fitted once in a process."""
    return Reference(record, order)


class Reference:
    """True values of a record, or of its derivative, at float32 inputs.

    Args:
        record: an elementwise activation with its parameters set.
        order: 0 for the value, 1 for the derivative.
    """

    def __init__(self, record: Activation, order: int) -> None:
        self.record = record
        self.order = order
        self.zeros: list[float] = []
        self._binades: dict[int, list[Segment]] = {}
        self._starts: dict[int, list[int]] = {}
        self._random = random.Random(20240229)
        self._fitting = threading.RLock()

    def true(self, x: float) -> Any:
        """The result at one finite input, as an mpmath number."""
        return exact.derivative(self.record, x) if self.order else exact.value(self.record, x)

    @property
    def checks(self) -> int:
        """How many points have checked the polynomials."""
        return sum(s.checks for segments in self._binades.values() for s in segments)

    @property
    def error(self) -> float:
        """Largest relative error met at those points."""
        found = (s.error for segments in self._binades.values() for s in segments)
        return max(found, default=0.0)

    def fill(
        self, patterns: np.ndarray, x: np.ndarray, out: np.ndarray, scratch: np.ndarray
    ) -> None:
        """Write the true results to `out`.

        Args:
            patterns: float32 bits of finite numbers, in rising order.
            x: the same numbers in float64.
            out: float64 array of the same length.
            scratch: another.
        """
        low = 0
        while low < len(patterns):
            segment = self.segment(int(patterns[low]))
            high = len(patterns)
            if patterns[-1] > segment.last:
                high = int(np.searchsorted(patterns, segment.last, side="right"))
            part = slice(low, high)
            segment.evaluate(patterns[part], x[part], out[part], scratch[part])
            low = high

    def prepare(self, binades: list[int]) -> None:
        """Fit what is not fitted yet of these binades, so that ``zeros`` is complete."""
        for binade in binades:
            self.segments(binade)

    def doubled(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """True results at float64 inputs, each as the sum of two float64 numbers."""
        high, low = np.empty_like(x), np.zeros_like(x)
        for k, at in enumerate(x.tolist()):
            # mpmath's precision is one for all threads.
            with self._fitting:
                true = self.true(at)
            high[k] = float(true)
            if math.isfinite(high[k]):
                low[k] = float(true - float(high[k]))
        return high, low

    def segment(self, pattern: int) -> Segment:
        """The segment that holds a float32 pattern."""
        segments = self.segments(pattern >> _F32.shift)
        return segments[bisect.bisect_right(self._starts[pattern >> _F32.shift], pattern) - 1]

    def segments(self, binade: int) -> list[Segment]:
        """The segments of a binade and sign, fitted when they are first asked for."""
        with self._fitting:
            if binade not in self._binades:
                self._prepare(binade)
        return self._binades[binade]

    def _prepare(self, binade: int) -> None:
        fitted: list[Segment] = []
        for first, last in self._pieces(binade):
            self._fit(first, last, fitted)
        self._starts[binade] = [segment.first for segment in fitted]
        self._binades[binade] = fitted

    def _pieces(self, binade: int) -> list[tuple[int, int]]:
        """A binade cut at the kinks, a kink that is a float32 number on its own."""
        first, end = binade << _F32.shift, (binade + 1) << _F32.shift
        cuts = {first, end}
        for kink in self.record.kinks:
            for pattern in _around(kink.at):
                cuts |= {cut for cut in (pattern, pattern + 1) if first < cut < end}
        edges = sorted(cuts)
        return [(low, high - 1) for low, high in itertools.pairwise(edges)]

    def _fit(self, first: int, last: int, fitted: list[Segment], quick: bool = True) -> None:
        if last - first < _TABLE:
            fitted.append(self._tabulate(first, last))
            return
        halvings = 1
        # Where a whole segment wanted the high degree, its halves want it too.
        for degree in _DEGREES if quick else _DEGREES[-1:]:
            found = self._polynomial(first, last, degree)
            if isinstance(found, Segment):
                fitted.append(found)
                return
            halvings = found
        count = min(2**halvings, (last - first) // 2)
        edges = [first + (last + 1 - first) * k // count for k in range(count + 1)]
        for low, high in itertools.pairwise(edges):
            self._fit(low, high - 1, fitted, quick=False)

    def _tabulate(self, first: int, last: int) -> Segment:
        points = [_number(pattern) for pattern in range(first, last + 1)]
        kinks = {kink.at for kink in self.record.kinks} if self.order else set()
        # A derivative at a kink is no number; the judge leaves it out.
        values = [math.nan if x in kinks else _clamped(self.true(x)) for x in points]
        return Segment(first, last, 0.0, (0.0,), table=np.array(values))

    def _polynomial(self, first: int, last: int, degree: int) -> Segment | int:
        """The segment, or how often to halve it, by the terms that are missing."""
        low, high = sorted((_number(first), _number(last)))
        nodes = _chebyshev(low, high, degree + 1)
        with exact.mp.workprec(_BITS):
            values = [self.true(x) for x in nodes]
            size = [abs(v) for v in values]
            if max(size) < TINY or min(size) > HUGE:
                signs = {float(exact.mp.sign(v)) for v in values} - {0.0}
                sign = signs.pop() if len(signs) == 1 else 0.0
                constant = sign * (TINY if max(size) < TINY else 2.0**200)
                return Segment(first, last, 0.0, (constant,))
            centre = self._centre(nodes, values)
            if centre is None:
                return 1
            if centre not in nodes:
                nodes, values = [centre, *nodes], [self.true(centre), *values]
            scale = max(size)
            coefficients = _interpolate(nodes, values, centre, high - low, scale)
            missing = _last_term(coefficients, degree, high - low) / float(scale)
        if missing > 2.0**-40:
            return min(max(math.ceil(math.log2(missing * 2.0**40) / degree), 1), 3)
        segment = Segment(first, last, centre, coefficients)
        error, checks = self._check(segment, centre)
        if error > ALLOWED:
            return 1
        if (low < centre < high and coefficients[0] == 0) or _crosses(values):
            self.zeros.append(centre)
        return Segment(first, last, centre, coefficients, error, checks)

    def _centre(self, nodes: list[float], values: list[Any]) -> float | None:
        """What to expand about: the zero inside, else the middle; None for several zeros."""
        if nodes[0] == 0 and values[0] == 0:
            return 0.0
        crossings = [
            (a, b)
            for (a, u), (b, v) in zip(
                zip(nodes, values, strict=True),
                zip(nodes[1:], values[1:], strict=True),
                strict=False,
            )
            if u * v < 0
        ]
        if len(crossings) > 1:
            return None
        if not crossings:
            return nodes[len(nodes) // 2]
        return _root(self.true, *crossings[0])

    def _check(self, segment: Segment, centre: float) -> tuple[float, int]:
        """Largest relative error at the ends, beside the centre and at random points."""
        chosen = {segment.first, segment.last}
        chosen |= {p for p in _around(centre) if segment.first <= p <= segment.last}
        for _ in range(_CHECKS):
            chosen.add(self._random.randint(segment.first, segment.last))
        patterns = np.array(sorted(chosen), dtype=np.uint32)
        x = patterns.view(np.float32).astype(np.float64)
        got, scratch = np.empty_like(x), np.empty_like(x)
        with np.errstate(all="ignore"):
            segment.evaluate(patterns, x, got, scratch)
        worst = 0.0
        for result, at in zip(got, x.tolist(), strict=True):
            worst = max(worst, relative_error(result, self.true(at)))
            if worst > ALLOWED:
                break
        return worst, len(x)


def relative_error(got: float, true: Any) -> float:
    """Error of a float64 result relative to an mpmath one; of none where both are negligible."""
    if abs(true) < _NEGLIGIBLE and abs(got) < _NEGLIGIBLE:
        return 0.0
    if not math.isfinite(got):
        return math.inf
    if abs(true) > HUGE and got * true > 0 and abs(got) > HUGE:
        return 0.0
    if abs(true) < TINY and abs(got) <= TINY and got * true >= 0:
        return 0.0
    return float(abs((exact.mp.mpf(got) - true) / true)) if true else math.inf


def _number(pattern: int) -> float:
    return float(np.uint32(pattern).view(np.float32))


def _around(x: float) -> list[int]:
    """Patterns of `x` if it is a float32 number, else of its two neighbours; ±0 both."""
    near = np.float32(x)
    if near == 0 and x == 0:
        return [0, _F32.sign]
    if not np.isfinite(near):
        return []
    found = {int(near.view(np.uint32))}
    if float(near) != x:
        other = np.nextafter(near, np.float32(math.copysign(math.inf, x - float(near))))
        found.add(int(other.view(np.uint32)))
    return sorted(found)


def _chebyshev(low: float, high: float, count: int) -> list[float]:
    middle, half = (low + high) / 2, (high - low) / 2
    nodes = [middle - half * math.cos(math.pi * k / (count - 1)) for k in range(count)]
    nodes[0], nodes[-1] = low, high
    return nodes


def _interpolate(
    nodes: list[float], values: list[Any], centre: float, width: float, scale: Any
) -> tuple[float, ...]:
    """Coefficients of the powers of x − centre, trailing ones that move nothing dropped."""
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
    while len(powers) > 1 and abs(powers[-1]) * mp.mpf(width) ** (len(powers) - 1) < scale * 2**-70:
        powers.pop()
    return tuple(float(power) for power in powers)


def _last_term(coefficients: tuple[float, ...], degree: int, width: float) -> float:
    """Size of the last term at the ends of a segment; 0 where it was dropped."""
    if len(coefficients) <= degree:
        return 0.0
    last = abs(coefficients[degree])
    # The power of a wide segment alone may leave float64's range.
    return math.exp(math.log(last) + degree * math.log(width / 2)) if last else 0.0


def _crosses(values: list[Any]) -> bool:
    signs = {v > 0 for v in values if v}
    return len(signs) > 1


def _root(of: Callable[[float], Any], low: float, high: float) -> float:
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


def _clamped(true: Any) -> float:
    return float(max(min(true, exact.mp.mpf(2.0**200)), -exact.mp.mpf(2.0**200)))
