"""Judging results against true ones, a binade at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nonlin.activation import Activation
from nonlin.certification.tally import LIMITS, Tally
from nonlin.certification.ulp import CROSSING, Format, ulp

# Half an ULP more or less, by what the reference may be wrong: float64 against float32.
MARGIN = 2.0**-24
# Within this of a zero at 0 an error counts, by the mixed measure, in ULP of x.
NEAR_ZERO = 1 / 16


@dataclass(frozen=True)
class Law:
    """What the results of a record, or of its derivative, are held to.

    Attributes:
        form: the format of the results.
        low: smallest result allowed, rounded to the format.
        high: largest result allowed.
        monotone: whether a larger input may not give a smaller result.
        zero_at_zero: whether the true result at 0 is 0.
        crossings: intervals around other zeros, in which the unit is at least ULP of 1/16.
        margin: how far from ½ ULP a result counts as correctly rounded all the same.
    """

    form: Format
    low: float
    high: float
    monotone: bool
    zero_at_zero: bool
    crossings: tuple[tuple[float, float], ...]
    margin: float


def law_of(
    record: Activation, order: int, form: Format, zero_at_zero: bool, zeros: tuple[float, ...]
) -> Law:
    """What a record's facts promise of its value (order 0) or derivative (order 1).

    Args:
        record: an elementwise activation.
        order: 0 or 1.
        form: the format of the results.
        zero_at_zero: whether the true result at 0 is 0.
        zeros: where else the true result changes its sign.
    """
    facts = record.facts
    if order == 0:
        ends, monotone = (facts.range.low, facts.range.high), facts.monotone
    else:
        ends, monotone = (-facts.lipschitz, facts.lipschitz), False
    low, high = form.round(np.array(ends, dtype=np.float64))
    if not zeros and order == 1 and facts.minimum is not None:
        zeros = (facts.minimum[0],)
    crossings = tuple((z - abs(z) / 2, z + abs(z) / 2) for z in zeros if z)
    # A float64 target's true results come as the sum of two float64 numbers.
    margin = MARGIN if form.precision < 53 else 2.0**-30
    return Law(form, float(low), float(high), monotone, zero_at_zero, crossings, margin)


class Judge:
    """Judges blocks of results, reusing its memory from block to block.

    Args:
        law: what they are held to.
        size: the longest block.
    """

    def __init__(self, law: Law, size: int) -> None:
        self.law = law
        self._buffers = [np.empty(size) for _ in range(3)]
        self._flags = np.empty(size, dtype=bool)

    def judge(
        self,
        tally: Tally,
        patterns: np.ndarray,
        x: np.ndarray,
        results: np.ndarray,
        true: np.ndarray,
        rest: np.ndarray | None = None,
    ) -> None:
        """Add one block of results to a tally.

        Args:
            tally: where to count.
            patterns: bits of the inputs, of one sign and binade, rising.
            x: the inputs, in float64.
            results: bits of the results.
            true: the true results, in float64.
            rest: what the true results have beside `true`, for float64 targets.
        """
        law, form, count = self.law, self.law.form, len(x)
        error, unit, rounded = (buffer[:count] for buffer in self._buffers)
        flags = self._flags[:count]
        slot = int(patterns[0]) >> form.shift
        got = form.numbers(results)
        np.copyto(unit, got)
        np.subtract(unit, true, out=error)
        if rest is not None:
            error -= rest
        np.abs(error, out=error)
        self._in_units(error, true, rounded, unit)
        worst = float(error.max())
        tally.counts["n"][slot] += count
        if law.monotone:
            self._check_order(tally, x, got, flags, falling=slot >= form.binades // 2)
        self._check_range(tally, x, got, flags)
        if not worst <= 0.5 + law.margin:
            self._examine(tally, slot, patterns, x, results, got, true, error)
            return
        at = int(error.argmax())
        tally.exceed(slot, worst, int(patterns[at]), int(results[at]))
        tally.exceed_mixed(slot, worst, int(patterns[at]))
        if worst >= 0.5 - law.margin:
            np.greater_equal(error, 0.5 - law.margin, out=flags)
            tally.counts["undecided"][slot] += np.count_nonzero(flags)

    def _in_units(
        self, error: np.ndarray, true: np.ndarray, rounded: np.ndarray, unit: np.ndarray
    ) -> None:
        """Turn an absolute error into ULP of the correctly rounded result."""
        form = self.law.form
        if form.precision == 53:
            np.copyto(rounded, np.clip(true, -form.largest, form.largest))
            error /= ulp(rounded, form.name)
            return
        if form.name == "float32":
            narrow = unit.view(np.float32)[: len(true)]
            np.copyto(narrow, true, casting="same_kind")
            np.copyto(rounded, narrow)
        else:
            np.copyto(rounded, form.round(true))
        np.multiply(error, form.per_unit(rounded, unit), out=error)

    def _check_order(
        self, tally: Tally, x: np.ndarray, got: np.ndarray, flags: np.ndarray, falling: bool
    ) -> None:
        # Patterns of negative numbers rise as the numbers fall.
        if len(got) < 2:
            return
        compare = np.greater if falling else np.less
        broken = compare(got[1:], got[:-1], out=flags[1:])
        if broken.any():
            tally.fail("not_monotone", x[1:][broken] if not falling else x[:-1][broken])

    def _check_range(self, tally: Tally, x: np.ndarray, got: np.ndarray, flags: np.ndarray) -> None:
        law = self.law
        for limit, compare in ((law.low, np.less), (law.high, np.greater)):
            if np.isfinite(limit) and compare(got, got.dtype.type(limit), out=flags).any():
                tally.fail("out_of_range", x[flags])

    def _examine(
        self,
        tally: Tally,
        slot: int,
        patterns: np.ndarray,
        x: np.ndarray,
        results: np.ndarray,
        got: np.ndarray,
        true: np.ndarray,
        error: np.ndarray,
    ) -> None:
        """Count what is wrong in a block that is not all correctly rounded."""
        law, form = self.law, self.law.form
        rounded = form.round(true)
        over = np.isinf(rounded)
        nan = np.isnan(got)
        unknown = np.isnan(true)
        if unknown.any():
            tally.fail("unjudged", x[unknown])
            nan &= ~unknown
        infinite = np.isinf(got)
        if over.any() or infinite.any():
            self._overflows(tally, x, got, rounded, infinite, error, over)
        tally.fail("spurious_nans", x[nan])
        error[nan | unknown] = 0.0
        zero = (got == 0) & (rounded != 0)
        if zero.any():
            subnormal = np.abs(rounded) < form.smallest_normal
            tally.fail("false_zeros", x[zero & ~subnormal])
            tally.fail("flushed", x[zero & subnormal])
        wrong = ((got < 0) & (true > 0)) | ((got > 0) & (true < 0))
        tally.fail("wrong_signs", x[wrong])
        at = int(error.argmax())
        tally.exceed(slot, float(error[at]), int(patterns[at]), int(results[at]))
        near = np.count_nonzero(np.abs(error - 0.5) <= law.margin)
        tally.counts["undecided"][slot] += near
        for place, limit in enumerate(LIMITS):
            bound = limit + (law.margin if place == 0 else 0.0)
            above = np.count_nonzero(error > bound)
            tally.counts[f"above_{place}"][slot] += above
            if not above:
                break
        self._examine_mixed(tally, slot, patterns, x, rounded, error)

    def _overflows(
        self,
        tally: Tally,
        x: np.ndarray,
        got: np.ndarray,
        rounded: np.ndarray,
        infinite: np.ndarray,
        error: np.ndarray,
        over: np.ndarray,
    ) -> None:
        form = self.law.form
        tally.fail("spurious_infinities", x[infinite & ~over])
        tally.fail("missed_overflows", x[over & np.isfinite(got)])
        # Infinity stands for the first power of two that is too large.
        first = np.ldexp(1.0, 2 - int(np.log2(form.smallest_normal))) if form.width < 64 else np.inf
        limited = np.clip(rounded, -first, first)
        answer = np.clip(got.astype(np.float64), -first, first)
        if form.width == 64:
            limited, answer = (np.clip(v, -form.largest, form.largest) for v in (limited, answer))
        unit = ulp(np.array(form.largest), form.name)
        touched = over | infinite
        error[touched] = np.abs(answer - limited)[touched] / unit

    def _examine_mixed(
        self,
        tally: Tally,
        slot: int,
        patterns: np.ndarray,
        x: np.ndarray,
        rounded: np.ndarray,
        error: np.ndarray,
    ) -> None:
        law, name = self.law, self.law.form.name
        floor = np.zeros_like(error)
        if law.zero_at_zero and abs(x[0]) < NEAR_ZERO:
            floor = np.where(np.abs(x) <= NEAR_ZERO, ulp(x, name), 0.0)
        for low, high in law.crossings:
            if x.max() >= low and x.min() <= high:
                unit = ulp(np.array(CROSSING), name)
                floor = np.where((x >= low) & (x <= high), np.maximum(floor, unit), floor)
        if floor.any():
            unit = ulp(np.where(np.isfinite(rounded), rounded, 0.0), name)
            error = error * (unit / np.maximum(unit, floor))
        at = int(error.argmax())
        tally.exceed_mixed(slot, float(error[at]), int(patterns[at]))
