"""Every fact of every elementwise record, by number."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

import nonlin
from catalogue import ELEMENTWISE, SETTINGS, VECTORS
from nonlin.activation import KINK_CHOICES
from nonlin.certification import exact as reference
from nonlin.facts import Facts
from tolerances import CONSTANT, QUADRATURE

EVERY = pytest.mark.parametrize("record", SETTINGS, ids=repr)
FAR = 1e30


def scale(record) -> float:
    """How far the function's middle reaches: parameters that stretch the axis are numbers."""
    numbers = [abs(v) for v in record.bound.values() if isinstance(v, float) and v]
    return max(1.0, *(1 / v for v in numbers)) if numbers else 1.0


def grid(record) -> np.ndarray:
    middle = np.linspace(-20, 20, 40_001) * scale(record)
    kinks = [kink.at for kink in record.facts.kinks]
    return np.unique([*middle, *np.linspace(-5, 5, 20_001), *kinks, -FAR, FAR])


@EVERY
def test_range(record):
    facts = record.facts
    y = record(grid(record))
    low, high = facts.range.low, facts.range.high
    slack = 4 * np.finfo(float).eps
    assert y.min() >= low - abs(low) * slack
    assert y.max() <= high + abs(high) * slack
    # The interval is the smallest: the values come near both ends.
    for end, nearest in ((low, y.min()), (high, y.max())):
        if math.isinf(end):
            assert abs(nearest) > 1e20
            assert nearest * end > 0
        else:
            assert nearest == pytest.approx(end, rel=1e-6, abs=1e-6)
    # An end is reached at the minimum, at a kink, or all along a flat piece; an end that is
    # not reached is a limit, which the definition misses by something, however small.
    for reached, end in ((facts.range.low_reached, low), (facts.range.high_reached, high)):
        if math.isinf(end):
            assert not reached
            continue
        at = [0.0, 1.0, -1.0] + ([facts.minimum[0]] if facts.minimum else [])
        hit = any(abs(float(reference.value(record, x)) - end) <= CONSTANT for x in at)
        assert hit == reached


@EVERY
def test_an_open_end_is_never_taken(record):
    for end, reached in (
        (record.facts.range.low, record.facts.range.low_reached),
        (record.facts.range.high, record.facts.range.high_reached),
    ):
        if reached or math.isinf(end):
            continue
        for x in (-60.0, -5.0, 5.0, 60.0):
            with reference.mp.workprec(4096):
                assert abs(reference.definition(record, reference.mp.mpf(x)) - end) > 0
                inside = reference.definition(record, reference.mp.mpf(x))
            slack = CONSTANT if abs(end) not in (0.0, 1.0) else 0
            assert record.facts.range.low - slack <= inside <= record.facts.range.high + slack


@EVERY
def test_monotone(record):
    x = np.linspace(-12, 12, 241) * scale(record)
    y = [reference.value(record, v) for v in x]
    rising = all(a <= b for a, b in pairwise(y))
    assert rising == record.facts.monotone


@EVERY
def test_smoothness(record):
    """One-sided derivatives by the definition agree at 0 up to the stated order, not beyond.

    No record has a kink elsewhere than at 0: test_kinks would find it missing.
    """
    mp = reference.mp
    stated = record.facts.smoothness
    orders = range(0, 5)
    with mp.workprec(2000):
        step = mp.ldexp(1, -100)

        def jump(order: int) -> float:
            sides = []
            for side in (1, -1):
                total = mp.fsum(
                    (-1) ** (order - k)
                    * mp.binomial(order, k)
                    * reference.definition(record, side * step * (k + mp.mpf("0.5")))
                    for k in range(order + 1)
                )
                sides.append(total / (side * step) ** order)
            return float(abs(sides[0] - sides[1]))

        equal = [jump(order) < 1e-12 for order in orders]
    expected = [order <= stated for order in orders]
    assert equal[: int(min(stated + 2, len(equal)))] == expected[: int(min(stated + 2, len(equal)))]


@EVERY
def test_kinks(record):
    facts = record.facts
    found = {}
    for at in {0.0, *(kink.at for kink in facts.kinks)}:
        left, right = (float(reference.derivative(record, at, side)) for side in (-1, 1))
        jump = facts.smoothness == -1
        found[at] = (left, right)
        if not jump and at not in [kink.at for kink in facts.kinks]:
            assert left == pytest.approx(right, abs=1e-12)
    for kink in facts.kinks:
        if facts.smoothness >= 0:
            assert (kink.left, kink.right) == pytest.approx(found[kink.at], rel=1e-12)
            assert kink.left != kink.right
        for choice in KINK_CHOICES:
            for x in (np.array([kink.at]), np.array([-kink.at])):
                got = record.derivative(x, at_kink=choice)
                assert got == pytest.approx([kink.slope(choice)], rel=1e-15)
        assert kink.slope("middle") == (kink.left + kink.right) / 2
        assert record.derivative(kink.at) == pytest.approx(kink.torch)
        beside = [kink.at - 1e-9, kink.at + 1e-9]
        for choice in KINK_CHOICES:
            for x in beside:
                assert record.derivative(x, at_kink=choice) == record.derivative(x)


@EVERY
def test_lipschitz_constant_is_reached_and_not_exceeded(record):
    facts = record.facts
    if facts.smoothness == -1:
        assert facts.lipschitz == math.inf
        return
    x = grid(record)
    slopes = np.abs([float(reference.derivative(record, v)) for v in x[::400]])
    assert slopes.max() <= facts.lipschitz * (1 + CONSTANT)
    measured = np.abs(record.derivative(x)).max()
    assert measured <= facts.lipschitz * (1 + 1e-14)
    one_sided = [abs(slope) for kink in facts.kinks for slope in (kink.left, kink.right)]
    limits = [abs(slope) for slope in facts.slope_limits]
    assert max(measured, *one_sided, *limits) == pytest.approx(facts.lipschitz, rel=1e-6)


@pytest.mark.parametrize("record", SETTINGS, ids=repr)
def test_lipschitz_constant_to_all_digits(record):
    """Where the steepest slope lies inside, a zero of the second derivative by the definition."""
    facts = record.facts
    x = grid(record)
    slopes = np.abs(record.derivative(x))
    steepest = float(x[np.argmax(slopes)])
    ends = {abs(slope) for slope in facts.slope_limits}
    ends |= {abs(s) for kink in facts.kinks for s in (kink.left, kink.right)}
    if facts.smoothness == -1 or any(abs(end - facts.lipschitz) < 1e-12 for end in ends):
        return
    mp = reference.mp
    with mp.workdps(60):
        if steepest == 0:
            peak = reference.derivative(record, 0.0)
        else:
            f = lambda v: reference.definition(record, v)  # noqa: E731
            at = mp.findroot(lambda v: mp.diff(f, v, 2), mp.mpf(steepest), tol=1e-30)
            peak = abs(mp.diff(f, at))
        assert float(peak) == pytest.approx(facts.lipschitz, rel=CONSTANT)


@EVERY
def test_limits(record):
    facts = record.facts
    for x, value, slope in zip((-FAR, FAR), facts.limits, facts.slope_limits, strict=True):
        there = float(reference.value(record, x))
        if math.isinf(value):
            assert there * value > 0
            assert abs(there) > 1e20
        else:
            assert there == pytest.approx(value, abs=1e-12)
        if not facts.surrogate:
            steep = float(reference.derivative(record, x))
            assert steep == pytest.approx(slope, abs=1e-12)
        assert record.derivative(x) == pytest.approx(slope, abs=1e-12)
        assert record.derivative(math.copysign(math.inf, x)) == pytest.approx(
            slope, rel=1e-15, abs=0
        )


@EVERY
def test_saturating_sides_are_those_where_the_slope_vanishes(record):
    steep = [abs(record.derivative(x)) for x in (-FAR, FAR)]
    expected = tuple(s for s, slope in zip(("left", "right"), steep, strict=True) if slope < 1e-12)
    assert record.facts.saturating_sides == expected


@EVERY
def test_minimum(record):
    """The global minimum, when one point has it; the definition is larger on both sides."""
    facts = record.facts
    x = grid(record)
    y = record(x)
    lowest = np.flatnonzero(y == y.min())
    if facts.minimum is None:
        spread = x[lowest[-1]] - x[lowest[0]]
        attained_once = facts.range.low_reached and spread < 1
        assert not attained_once
        return
    at, low = facts.minimum
    assert float(reference.value(record, at)) == pytest.approx(low, rel=CONSTANT, abs=CONSTANT)
    assert y.min() >= low - 1e-15
    assert facts.range.low == low
    assert facts.range.low_reached
    h = 1e-6 * max(1.0, abs(at))
    for side in (-1, 1):
        assert reference.value(record, at + side * h) > reference.value(record, at)
        assert side * reference.derivative(record, at + side * h) > 0


@EVERY
def test_zero_centred(record):
    cuts = sorted({0.0, *(kink.at for kink in record.facts.kinks)})
    mean, _ = quad(
        lambda z: record(z) * math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi),
        -12,
        12,
        points=cuts,
        epsabs=1e-13,
        limit=400,
    )
    assert (abs(mean) < QUADRATURE) == record.facts.zero_centred


@EVERY
def test_self_gated(record):
    """x·g(x): g(x) = f(x)/x extends smoothly over 0, stays in [−1, 1], has two limits."""
    x = grid(record)
    x = x[x != 0]
    gate = record(x) / x
    near = [float(reference.value(record, v) / v) for v in (-1e-12, 1e-12)]
    extends = abs(near[0] - near[1]) < 1e-9 and abs(near[0]) <= 1
    inside = np.abs(gate).max() <= 1 + 1e-15
    smooth = record.facts.smoothness == math.inf
    passes_zero = reference.value(record, 0.0) == 0
    ends = [record(v) / v for v in (-FAR, FAR)]
    varies = abs(ends[0] - ends[1]) > 0.5
    assert (extends and inside and smooth and passes_zero and varies) == record.facts.self_gated


@pytest.mark.parametrize("record", ELEMENTWISE, ids=repr)
def test_surrogates_replace_only_the_derivative(record):
    for word in {w for p in record.parameters for w in p.choices}:
        for p in record.parameters:
            if word in p.choices:
                bound = record.bind(**{p.name: word})
                if bound.facts.surrogate:
                    x = np.linspace(-3, 3, 61)
                    np.testing.assert_array_equal(bound(x), record(x))


def test_surrogates_of_the_binary_step():
    x = np.array([-2.0, -1.0, -0.5, 0.0, 1.0, 1.5])
    through = nonlin.binary_step.derivative(x, surrogate="straight_through")
    np.testing.assert_array_equal(through, [0, 1, 1, 1, 1, 0])
    sigmoid = nonlin.binary_step.derivative(x, surrogate="sigmoid")
    np.testing.assert_array_equal(sigmoid, nonlin.sigmoid.derivative(x))
    np.testing.assert_array_equal(nonlin.binary_step.derivative(x), 0)


def test_facts_are_of_the_bound_parameters():
    assert nonlin.elu.facts.smoothness == 1
    assert nonlin.elu.bind(alpha=2.0).facts.smoothness == 0
    assert nonlin.swish.bind(beta=2.0).facts.minimum[0] == pytest.approx(-0.6392322714)
    assert isinstance(nonlin.relu.facts, Facts)
    assert str(nonlin.sigmoid.facts.range) == "(0, 1)"
    assert str(nonlin.relu.facts.range) == "[0, inf)"


@pytest.mark.parametrize("record", VECTORS, ids=repr)
def test_vector_facts(record):
    facts = record.facts
    random = np.random.default_rng(0)
    y = record(np.concatenate([random.normal(size=(64, 9)) * s for s in (0.1, 1, 5)]))
    assert np.allclose(y.sum(axis=-1), 1, rtol=0, atol=CONSTANT) == facts.sums_to_one
    for end, reached in (
        (facts.range.low, facts.range.low_reached),
        (facts.range.high, facts.range.high_reached),
    ):
        assert (end in y) == reached
    assert (y >= facts.range.low).all()
    assert (y <= facts.range.high).all()
    near = record(np.array([0.0, 700.0]))
    assert near == pytest.approx([facts.range.low, facts.range.high], abs=CONSTANT)
    assert record.derivative(np.zeros(3), at_kink="left").shape == (3, 3)
