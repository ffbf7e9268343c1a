"""Single points and repeated calls: infinities, NaN, ±0, kinks, and results that change."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nonlin.certification.certificate import Point, Repeat
from nonlin.certification.reference import Reference
from nonlin.certification.target import Target

# Lengths around the widths of vector registers and their unrolled multiples.
_LENGTHS = (1, 2, 3, 5, 7, 9, 15, 17, 31, 33, 63, 65, 127, 129)
_ROLLS = (1, 2, 3, 5, 8, 13, 16, 21)
_VALUES = 1 << 10
# PyTorch splits an operation among threads from 32,768 elements on.
_LONG = 1 << 18


def probe_points(target: Target, reference: Reference) -> list[Point]:
    """What the target gives at ±0, ±inf, NaN and at kinks.

    Args:
        target: what is judged.
        reference: the true results.

    Returns:
        A point each, with what is right there and whether the target gives it.
    """
    record, form = reference.record, target.form
    facts, order = record.facts, reference.order
    ends = facts.slope_limits if order else facts.limits
    points = [
        _point(target, math.inf, ends[1], "limit"),
        _point(target, -math.inf, ends[0], "limit"),
        _point(target, math.nan, math.nan, "NaN stays NaN"),
    ]
    kinks = {kink.at: kink for kink in record.kinks}
    if not (order and 0.0 in kinks):
        true = float(reference.true(0.0))
        odd = not order and true == 0 and reference.true(-1e-30) < 0 < reference.true(1e-30)
        points.append(_point(target, 0.0, true, "value at 0", signed=odd))
        negative = -0.0 if true == 0 else true
        points.append(_point(target, -0.0, negative, "value at 0", signed=odd))
    for kink in kinks.values():
        for x in (0.0, -0.0) if kink.at == 0 else (kink.at,):
            if float(form.numbers(form.patterns(np.array([x])))[0]) != x:
                continue
            points.append(
                _kink(target, x, kink)
                if order
                else _point(target, x, float(reference.true(x)), "value at a kink")
            )
    return points


def _result(target: Target, x: float) -> tuple[float, str]:
    """The target at one point, and what it raised."""
    try:
        pattern = target.evaluate(target.form.patterns(np.array([x])))
    except Exception as error:
        return math.nan, f"raised {type(error).__name__}"
    return float(target.form.numbers(pattern)[0]), ""


def _point(target: Target, x: float, true: float, words: str, signed: bool = False) -> Point:
    got, raised = _result(target, x)
    right = float(target.form.round(np.array([true]))[0])
    if math.isnan(right):
        good = math.isnan(got)
    else:
        # A limit such as a slope that is no power of two is rounded before it is used.
        good = got == right or math.isclose(got, right, rel_tol=4 * 2.0**-target.form.shift)
        good &= not (signed and math.copysign(1, got) != math.copysign(1, right))
    return Point(x=x, got=got, right=right, good=bool(good) and not raised, words=raised or words)


def _kink(target: Target, x: float, kink: Any) -> Point:
    got, raised = _result(target, x)
    sides = {
        "PyTorch's": kink.torch,
        "the left": kink.left,
        "the right": kink.right,
        "the middle": (kink.left + kink.right) / 2,
    }
    for words, slope in sides.items():
        if got == float(target.form.round(np.array([slope]))[0]):
            return Point(x=x, got=got, right=got, good=True, words=f"kink: {words} slope")
    return Point(
        x=x, got=got, right=kink.torch, good=False, words=raised or "kink: no one-sided slope"
    )


def probe_repeats(target: Target, patterns: np.ndarray, threads: int) -> list[Repeat]:
    """Whether the same inputs always give the same bits.

    Args:
        target: what is judged.
        patterns: inputs to try; a spread sample and the worst ones.
        threads: how many threads the framework may use in one of the calls.

    Returns:
        A finding for each way in which a call can differ.
    """
    generator = np.random.default_rng(1)
    values = generator.permutation(patterns)[:_VALUES]
    checks: dict[str, Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]] = {
        "position in the array": lambda: _by_position(target, values),
        "length of the array": lambda: _by_length(target, values),
        "alignment and strides": lambda: _by_alignment(target, values),
        "run to run": lambda: _by_run(target, values),
    }
    if target.framework.name == "torch":
        checks["threads"] = lambda: _by_threads(target, values, threads)
    try:
        whole = target.evaluate(values)
    except Exception as error:
        words = f"not tried: the function raised {type(error).__name__}"
        return [Repeat(words=name, tried=0, differing=0, note=words) for name in checks]
    return [_compare(name, target, values, whole, check) for name, check in checks.items()]


def _compare(
    name: str,
    target: Target,
    values: np.ndarray,
    whole: np.ndarray,
    check: Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]],
) -> Repeat:
    tried = 0
    seen = np.zeros(len(values), dtype=bool)
    example: tuple[float, float, float] | None = None
    for places, results in check():
        tried += len(places)
        first = whole[places]
        differ = first != results
        if not differ.any():
            continue
        # NaNs of different payloads are equal for this purpose.
        a, b = target.form.numbers(first), target.form.numbers(results)
        differ &= ~(np.isnan(a) & np.isnan(b))
        seen[places[differ]] = True
        if example is None and differ.any():
            k = int(np.flatnonzero(differ)[0])
            x = target.form.numbers(values[places[k : k + 1]])[0]
            example = float(x), float(a[k]), float(b[k])
    note = ""
    if example:
        note = f"at x = {example[0]!r}: {example[1]!r} or {example[2]!r}"
    return Repeat(words=name, tried=tried, differing=int(seen.sum()), note=note)


def _by_position(target: Target, values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    places = np.arange(len(values))
    for roll in _ROLLS:
        yield np.roll(places, roll), target.evaluate(np.roll(values, roll))
    yield places[::-1], target.evaluate(np.ascontiguousarray(values[::-1]))


def _by_length(target: Target, values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    places = np.arange(len(values))
    for length in _LENGTHS:
        # Enough pieces that the last elements of arrays are many different values.
        for start in range(0, len(values) - length, max(length, len(values) // 48)):
            part = places[start : start + length]
            yield part, target.evaluate(np.ascontiguousarray(values[part]))
    # JAX compiles for each length, so there are few.
    for cut in (1, 2, 3, 5, 7, 11):
        yield places[:-cut], target.evaluate(values[:-cut])


def _by_alignment(target: Target, values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    places = np.arange(len(values))
    array = target.put(values)
    for start in (1, 2, 3, 5, 7, 9):
        part = places[start:]
        yield part, target.finish(target.call(array[start:]), len(part))
    if target.framework.name != "jax":
        part = places[::2]
        yield part, target.finish(target.call(array[::2]), len(part))


def _by_run(target: Target, values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for _ in range(5):
        yield np.arange(len(values)), target.evaluate(values)


def _by_threads(
    target: Target, values: np.ndarray, threads: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    repeats = _LONG // len(values)
    long = np.tile(values, repeats)
    places = np.tile(np.arange(len(values)), repeats)
    for count in (1, max(2, threads)):
        with target.framework.threads(count):
            yield places, target.evaluate(long)
