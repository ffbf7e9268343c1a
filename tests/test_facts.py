"""Every fact of every elementwise record, by number."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from mpmath import mpf

from catalogue import ELEMENTWISE, SETTINGS
from nonlin.certification import exact as reference
from nonlin.facts import KINK_CHOICES
from tolerances import CONSTANT, MOMENT, QUADRATURE

EVERY = pytest.mark.parametrize("record", SETTINGS, ids=repr)
FAR = 1e30


def scale(record) -> float:
    """How far the function's middle reaches: parameters that stretch the axis are numbers."""
    numbers = [abs(v) for v in record.bound.values() if isinstance(v, float) and v]
    return max(1.0, *(1 / v for v in numbers)) if numbers else 1.0


def grid(record) -> np.ndarray:
    middle = np.linspace(-20, 20, 40_001) * scale(record)
    kinks = [kink.at + side for kink in record.facts.kinks for side in (-1e-9, 0, 1e-9)]
    numbers = [v for v in record.bound.values() if isinstance(v, float)]
    return np.unique([*middle, *np.linspace(-5, 5, 20_001), *kinks, *numbers, -FAR, FAR])


def bends(record) -> list[float]:
    """Where pieces of a function can meet."""
    return [0.0, 1.0, -1.0, *(kink.at for kink in record.facts.kinks)]


def one_sided(record, at: float, side: int, order: int) -> mpf:
    """Derivative of some order on one side, by differences of the definition."""
    mp = reference.mp
    # Wide enough that a kink known to 1e-22 only lies inside the first step.
    step = side * mp.ldexp(1, -60)
    total = mp.fsum(
        (-1) ** (order - k)
        * mp.binomial(order, k)
        * reference.definition(record, mp.mpf(at) + step * (k + mp.mpf("0.5")))
        for k in range(order + 1)
    )
    return total / step**order


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
            assert nearest * end > 1e10
        else:
            assert nearest == pytest.approx(end, rel=1e-6, abs=1e-6)
    # An end is reached at the minimum, at a kink, or all along a flat piece; an end that is
    # not reached is a limit, which the definition misses by something, however small.
    for reached, end in ((facts.range.low_reached, low), (facts.range.high_reached, high)):
        if math.isinf(end):
            assert not reached
            continue
        at = [x + side for x in bends(record) for side in (-1e-9, 0, 1e-9)]
        at += [facts.minimum[0]] if facts.minimum else []
        with reference.mp.workprec(4096):
            near = CONSTANT if facts.minimum else 0
            hit = any(
                abs(reference.definition(record, reference.mp.mpf(x)) - end) <= near for x in at
            )
        assert hit == reached


@EVERY
def test_an_open_end_is_never_taken(record):
    for end, reached in (
        (record.facts.range.low, record.facts.range.low_reached),
        (record.facts.range.high, record.facts.range.high_reached),
    ):
        if reached or math.isinf(end):
            continue
        x = grid(record)
        moving = x[np.abs(record.derivative(x)) > 1e-6 * np.abs(record.derivative(x[1:-1])).max()]
        for at in (moving.min(), moving.max()):
            with reference.mp.workprec(4096):
                inside = reference.definition(record, reference.mp.mpf(float(at)))
                assert abs(inside - end) > 0
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
    """One-sided derivatives agree up to the stated order where pieces meet, and no further."""
    stated = record.facts.smoothness
    orders = range(0, 5)
    with reference.mp.workprec(2000):
        equal = [
            all(
                abs(one_sided(record, at, 1, order) - one_sided(record, at, -1, order)) < 1e-12
                for at in bends(record)
            )
            for order in orders
        ]
    expected = [order <= stated for order in orders]
    seen = int(min(stated + 2, len(equal)))
    assert equal[:seen] == expected[:seen]


@EVERY
def test_kinks(record):
    facts = record.facts
    found = {}
    known = [kink.at for kink in facts.kinks]
    with reference.mp.workprec(2000):
        for at in bends(record):
            left, right = (float(one_sided(record, at, side, 1)) for side in (-1, 1))
            found[at] = (left, right)
            if facts.smoothness != -1 and at not in known:
                assert left == pytest.approx(right, abs=1e-12)
    for kink in facts.kinks:
        if facts.smoothness >= 0 or kink.left != kink.right:
            assert (kink.left, kink.right) == pytest.approx(found[kink.at], rel=1e-3, abs=1e-12)
        if facts.smoothness >= 0:
            assert kink.left != kink.right
        for choice in KINK_CHOICES:
            for x in (np.array([kink.at]), np.array([kink.at or -0.0])):
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
    if facts.smoothness == -1 or facts.slope_limits[1] == math.inf:
        assert facts.lipschitz == math.inf
        return
    x = grid(record)
    slopes = np.abs([float(reference.derivative(record, v)) for v in x[::2000]])
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
    if facts.lipschitz == math.inf or any(abs(end - facts.lipschitz) < 1e-12 for end in ends):
        return
    mp = reference.mp
    with mp.workdps(60):
        if steepest == 0:
            peak = reference.derivative(record, 0.0)
        else:
            f = lambda v: reference.definition(record, v)  # noqa: E731
            at = mp.mpf(steepest)
            if abs(mp.diff(f, at, 2)) > 1e-25:
                at = mp.findroot(lambda v: mp.diff(f, v, 2), at, tol=1e-30)
            peak = abs(mp.diff(f, at))
        assert float(peak) == pytest.approx(facts.lipschitz, rel=CONSTANT)


@EVERY
def test_limits(record):
    facts = record.facts
    for x, value, slope in zip((-FAR, FAR), facts.limits, facts.slope_limits, strict=True):
        there = float(reference.value(record, x))
        if math.isinf(value):
            assert there * value > 0
            assert abs(there) > 1e10
        else:
            assert there == pytest.approx(value, abs=1e-12)
        if math.isinf(slope):
            assert record.derivative(x) * slope > 1e10
        else:
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
    facts = record.facts
    assert (abs(facts.mean) <= QUADRATURE * facts.variance) == facts.zero_centred


@pytest.mark.parametrize("record", ELEMENTWISE, ids=repr)
def test_mean_and_variance_for_normal_input(record):
    """By mpmath's quadrature of the definition, to 50 digits."""
    mp = reference.mp
    facts = record.facts
    with mp.workdps(50):
        cuts = sorted({-14, -7, -3, -1, 0, 1, 3, 7, 14, *(kink.at for kink in facts.kinks)})

        def moment(of):
            return mp.quad(lambda z: of(reference.definition(record, z)) * mp.npdf(z), cuts)

        mean = moment(lambda y: y)
        assert facts.mean == pytest.approx(float(mean), rel=MOMENT, abs=MOMENT)
        assert facts.variance == pytest.approx(float(moment(lambda y: (y - mean) ** 2)), rel=MOMENT)


@EVERY
def test_slope_at_zero(record):
    at_zero = [kink.torch for kink in record.facts.kinks if kink.at == 0]
    if record.facts.surrogate:
        expected = record.derivative(0.0)
    else:
        expected = at_zero[0] if at_zero else float(reference.derivative(record, 0.0))
    assert record.facts.slope_at_zero == pytest.approx(expected, rel=CONSTANT, abs=CONSTANT)


@EVERY
def test_homogeneous(record):
    """f(cx) = cᵏ·f(x) for c > 0 holds for the stated degree k, and for none where none is."""
    x = np.array([-3.0, -1.1, -0.3, 0.2, 0.9, 2.3])
    fits = [
        k
        for k in range(4)
        if all(np.allclose(record(c * x), c**k * record(x), rtol=1e-13) for c in (0.3, 1.7, 40.0))
    ]
    expected = record.facts.homogeneous
    if expected is None:
        # The zero function is homogeneous of any degree, and of none in particular.
        assert not fits or not record(x).any()
    else:
        assert expected in fits


@EVERY
def test_polynomial(record):
    """Differences of the tenth order vanish for polynomials, and for them alone."""
    mp = reference.mp
    with mp.workprec(512):
        points = [mp.mpf(k) / 4 for k in range(-40, 41)]
        y = [reference.definition(record, x) for x in points]
        for _ in range(10):
            y = [b - a for a, b in pairwise(y)]
        vanish = max(map(abs, y)) < mp.mpf(10) ** -100
    assert vanish == record.facts.polynomial


@EVERY
def test_roots(record):
    """Signs change at 0 and at the roots, and nowhere else."""
    x = grid(record)
    y = record(x)
    x, y = x[y != 0], y[y != 0]
    flips = np.flatnonzero(np.sign(y[1:]) != np.sign(y[:-1]))
    gaps = [(x[i], x[i + 1]) for i in flips if not x[i] < 0 < x[i + 1]]
    gaps = [(low, high) for low, high in gaps if not _jump(record, low, high)]
    assert len(gaps) == len(record.facts.roots)
    for (low, high), root in zip(gaps, record.facts.roots, strict=True):
        assert low < root < high
        assert abs(reference.value(record, root)) < CONSTANT


def _jump(record, low: float, high: float) -> bool:
    inside = [low <= kink.at <= high for kink in record.facts.kinks]
    return record.facts.smoothness == -1 and any(inside)
