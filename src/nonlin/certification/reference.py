"""The reference: polynomials fitted to the definition at as many digits as it takes.

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
from functools import cache
from typing import Any

import numpy as np

from nonlin.activation import Activation
from nonlin.certification import exact
from nonlin.certification.fitting import (
    NARROW,
    Ruler,
    Segment,
    chebyshev,
    crosses,
    interpolate,
    last_term,
    root,
)

_CHECKS = 5
_BITS = 160
_TABLE = 16


@cache
def open_reference(record: Activation, order: int, ruler: Ruler = NARROW) -> Reference:
    """The reference of a record, fitted once in a process."""
    return Reference(record, order, ruler)


class Reference:
    """True values of a record, or of its derivative.

    Args:
        record: an elementwise activation with its parameters set.
        order: 0 for the value, 1 for the derivative.
        ruler: which inputs, and with what.
    """

    def __init__(self, record: Activation, order: int, ruler: Ruler = NARROW) -> None:
        self.record = record
        self.order = order
        self.ruler = ruler
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
            patterns: bits of finite numbers, in rising order.
            x: the same numbers in float64.
            out: array of the ruler's numbers, of the same length.
            scratch: another.
        """
        low = 0
        while low < len(patterns):
            segment = self.segment(int(patterns[low]))
            high = len(patterns)
            if patterns[-1] > segment.last:
                high = int(
                    np.searchsorted(patterns, patterns.dtype.type(segment.last), side="right")
                )
            part = slice(low, high)
            segment.evaluate(patterns[part], x[part], out[part], scratch[part])
            low = high

    def prepare(self, binades: list[int]) -> None:
        """Fit what is not fitted yet of these binades, so that ``zeros`` is complete."""
        for binade in binades:
            self.segments(binade)

    def doubled(self, patterns: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """True results at float64 inputs, each as the sum of two float64 numbers.

        Args:
            patterns: their bits, in rising order.
            x: the inputs.
        """
        if self.ruler.form.width == 64:
            true, scratch = (np.empty(len(x), self.ruler.number) for _ in range(2))
            self.fill(patterns, x, true, scratch)
            high = true.astype(np.float64)
            low = np.where(np.isfinite(high), true - high, 0.0)
            return high, low.astype(np.float64)
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
        """The segment that holds a pattern."""
        segments = self.segments(pattern >> self.ruler.form.shift)
        return segments[
            bisect.bisect_right(self._starts[pattern >> self.ruler.form.shift], pattern) - 1
        ]

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
        """A binade cut at the kinks, a kink that is a number of the format on its own."""
        first, end = binade << self.ruler.form.shift, (binade + 1) << self.ruler.form.shift
        cuts = {first, end}
        for kink in self.record.kinks:
            for pattern in self._around(kink.at):
                cuts |= {cut for cut in (pattern, pattern + 1) if first < cut < end}
        edges = sorted(cuts)
        return [(low, high - 1) for low, high in itertools.pairwise(edges)]

    def _fit(self, first: int, last: int, fitted: list[Segment], quick: bool = True) -> None:
        if last - first < _TABLE:
            fitted.append(self._tabulate(first, last))
            return
        halvings = 1
        # Where a whole segment wanted the high degree, its halves want it too.
        degrees = self.ruler.degrees
        for degree in degrees if quick else degrees[-1:]:
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
        points = [self._number(pattern) for pattern in range(first, last + 1)]
        kinks = {kink.at for kink in self.record.kinks} if self.order else set()
        # A derivative at a kink is no number; the judge leaves it out.
        ruler = self.ruler
        values = [math.nan if x in kinks else ruler.clamped(self.true(x)) for x in points]
        return Segment(first, last, 0.0, (0.0,), table=np.array(values, dtype=ruler.number))

    def _polynomial(self, first: int, last: int, degree: int) -> Segment | int:
        """The segment, or how often to halve it, by the terms that are missing."""
        low, high = sorted((self._number(first), self._number(last)))
        nodes = chebyshev(low, high, degree + 1)
        if len({*nodes}) <= degree:  # Among subnormal numbers some coincide.
            return 1
        with exact.mp.workprec(_BITS):
            values = [self.true(x) for x in nodes]
            constant = self.ruler.constant(values)
            if constant is not None:
                return Segment(first, last, 0.0, (constant,))
            centre = self._centre(nodes, values)
            if centre is None:
                return 1
            if centre not in nodes:
                nodes, values = [centre, *nodes], [self.true(centre), *values]
            scale = max(abs(v) for v in values)
            negligible = scale * self.ruler.allowed * 2**-21
            powers = interpolate(nodes, values, centre, high - low, negligible)
            # What is missing after that term is a small part of it.
            missing = float(last_term(powers, degree, high - low) / scale) / self.ruler.allowed
            coefficients = tuple(self.ruler.rounded(power) for power in powers)
        if missing > 2.0**9:
            return min(max(math.ceil(math.log2(missing * 2.0**-9) / degree), 1), 3)
        segment = Segment(first, last, centre, coefficients)
        error, checks = self._check(segment, centre)
        if error > self.ruler.allowed:
            return 1
        if (low < centre < high and coefficients[0] == 0) or crosses(values):
            self.zeros.append(centre)
        return Segment(first, last, centre, coefficients, error, checks)

    def _centre(self, nodes: list[float], values: list[Any]) -> float | None:
        """What to expand about: the zero, else the middle; None for several zeros."""
        if any(nodes[end] == values[end] == 0 for end in (0, -1)):
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
        return root(self.true, *crossings[0])

    def _check(self, segment: Segment, centre: float) -> tuple[float, int]:
        """Largest relative error at the ends, beside the centre and at random points."""
        chosen = {segment.first, segment.last}
        chosen |= {p for p in self._around(centre) if segment.first <= p <= segment.last}
        for _ in range(_CHECKS):
            chosen.add(self._random.randint(segment.first, segment.last))
        form, number = self.ruler.form, self.ruler.number
        patterns = np.array(sorted(chosen), dtype=form.bits)
        x = form.numbers(patterns).astype(np.float64)
        got, scratch = np.empty(len(x), number), np.empty(len(x), number)
        with np.errstate(all="ignore"):
            segment.evaluate(patterns, x, got, scratch)
        worst = 0.0
        for result, at in zip(got, x.tolist(), strict=True):
            worst = max(worst, self.ruler.relative_error(result, self.true(at)))
            if worst > self.ruler.allowed:
                break
        return worst, len(x)

    def _number(self, pattern: int) -> float:
        form = self.ruler.form
        return float(form.numbers(np.array([pattern], dtype=form.bits))[0])

    def _around(self, x: float) -> list[int]:
        """Patterns of `x` if it is a number of the format, else of its neighbours; ±0 both."""
        form = self.ruler.form
        near = form.stored.type(x)
        if near == 0 and x == 0:
            return [0, form.sign]
        if not np.isfinite(near):
            return []
        found = {near}
        if float(near) != x:
            found.add(
                np.nextafter(near, form.stored.type(math.copysign(math.inf, x - float(near))))
            )
        numbers = np.array([*found], dtype=form.stored)
        return sorted(int(pattern) for pattern in numbers.view(form.bits))
