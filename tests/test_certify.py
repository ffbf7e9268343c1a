"""The judge of implementations: planted defects are found, and only those."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

import nonlin
from nonlin.certification import exact
from nonlin.certification.fitting import NARROW, WIDE
from nonlin.certification.reference import Reference, open_reference
from nonlin.certification.ulp import Format
from nonlin.testing import assert_certified

ONE, ABOVE_ONE = 0x3F800000, 0x3F820000  # patterns of 1 and of 1.015625
TAIL = (0xC2A00000, 0xC2D90000)  # from −80 to −108.5
F32 = Format("float32")
# Relative error of the reference: 2⁻²³ ULP of float32.
REFERENCE = 2.0**-47


def number(pattern: int) -> np.float32:
    return F32.numbers(np.array([pattern], dtype=np.uint32))[0]


def rounded(record, x: np.ndarray) -> np.ndarray:
    """The correctly rounded results, but for ties that float64 cannot tell."""
    return record(x.astype(np.float64)).astype(x.dtype)


def planted(record, change):
    """A right implementation of `record` with a defect put in by `change(x, y)`."""

    def function(x):
        y = rounded(record, x)
        change(x, y)
        return y

    return function


def nothing(x, y):
    pass


def judged(record, change, patterns=(ONE, ABOVE_ONE), **options):
    return nonlin.certify(planted(record, change), record, patterns=patterns, **options)


@pytest.mark.parametrize("record", [nonlin.sigmoid, nonlin.silu, nonlin.gelu, nonlin.tanh])
def test_a_right_implementation_is_found_right(record):
    found = judged(record, nothing)
    assert found.n == ABOVE_ONE - ONE
    assert found.not_rounded == found.above_1 == 0
    assert found.failures == ()
    assert 0.49 < found.max_ulp <= 0.5 + 1e-6
    assert [p.words for p in found.points if not p.good] == []
    assert not any(repeat.differing for repeat in found.repeats)
    assert found.exceeds(0.5 + 1e-6) == []


@pytest.mark.parametrize("place", [ONE, ONE + 1, 0x3F80FFFF, 0x3F810000, ABOVE_ONE - 1])
@pytest.mark.parametrize("direction", [-math.inf, math.inf])
def test_one_input_off_by_one_ulp(place, direction):
    at = number(place)

    def change(x, y):
        y[x == at] = np.nextafter(y[x == at], np.float32(direction))

    found = judged(nonlin.sigmoid, change)
    assert found.not_rounded == 1
    assert found.worst.x == at
    assert 0.5 < found.max_ulp < 1.5
    assert found.max_ulp == pytest.approx(found.worst.ulp, rel=1e-6)


def test_one_input_off_by_one_ulp_far_from_one():
    for first in (0x00000001, 0x00800000, 0x30000000, 0x7F000000, 0x80000001, 0xB0000000):
        at = number(first + 77)

        def change(x, y, at=at):
            y[x == at] = np.nextafter(y[x == at], np.float32(math.inf))

        found = judged(nonlin.relu, change, (first, first + 4096))
        assert (found.not_rounded, found.worst.x) == (1, at)
        assert found.max_ulp == 1.0


def test_nan_at_one_input():
    at = number(0x3F80ABCD)

    def change(x, y):
        y[x == at] = np.nan

    found = judged(nonlin.silu, change)
    (failure,) = found.failures
    assert (failure.kind, failure.n, failure.low, failure.high) == ("spurious_nans", 1, at, at)
    assert found.exceeds(1e9) == [f"NaN at a finite input: 1 inputs, from x = {float(at)!r}"]


def test_infinity_at_one_input():
    at = number(0x3F80ABCD)

    def change(x, y):
        y[x == at] = np.inf

    found = judged(nonlin.silu, change)
    assert [(f.kind, f.n) for f in found.failures] == [("spurious_infinities", 1)]


def test_wrong_sign_below_minus_80():
    def change(x, y):
        y[x < -80] *= -1

    found = judged(nonlin.silu, change, (0xC29C0000, 0xC2A40000))  # −78 to −82
    (failure,) = [f for f in found.failures if f.kind == "wrong_signs"]
    assert failure.n == 0xC2A40000 - 0xC2A00001
    assert failure.high == number(0xC2A00001)
    assert found.count("out_of_range") == 0


def test_flushed_subnormals():
    def change(x, y):
        y[np.abs(y) < np.finfo(np.float32).tiny] = 0

    found = judged(nonlin.silu, change, TAIL)
    right = judged(nonlin.silu, nothing, TAIL)
    assert right.failures == ()
    (failure,) = found.failures
    assert failure.kind == "flushed"
    assert -92 < failure.high < -91.8
    assert failure.low < -108

    one = number(0xC2C80000)  # −100

    def change_one(x, y):
        y[x == one] = 0

    found = judged(nonlin.silu, change_one, TAIL)
    assert [(f.kind, f.n, f.low) for f in found.failures] == [("flushed", 1, -100.0)]


def test_false_zero():
    def change(x, y):
        y[x == -85] = 0

    found = judged(nonlin.silu, change, TAIL)
    assert [(f.kind, f.n, f.low) for f in found.failures] == [("false_zeros", 1, -85.0)]
    assert found.max_ulp > 2**22


def test_a_vector_tail_that_differs_from_the_body():
    def function(x):
        y = rounded(nonlin.silu, x)
        tail = len(x) // 8 * 8
        y[tail:] = np.nextafter(y[tail:], np.float32(0))
        return y

    found = nonlin.certify(function, "silu", patterns=(ONE, ABOVE_ONE))
    changes = {repeat.words: repeat.differing for repeat in found.repeats}
    assert changes["length of the array"] > 100
    assert changes["run to run"] == 0


def test_a_tail_that_differs_in_one_value_of_many():
    """As real tails do: another formula, that rounds a few results in a hundred otherwise."""

    def function(x):
        y = rounded(nonlin.silu, x)
        tail = len(x) // 8 * 8
        y[tail:] = x[tail:] / (1 + np.exp(-x[tail:]))
        return y

    found = nonlin.certify(function, "silu", patterns=(0x3F000000, 0x3F020000))
    assert {r.words: r.differing > 0 for r in found.repeats}["length of the array"]


def test_results_that_change_from_run_to_run():
    calls = iter(range(10**6))

    def function(x):
        y = rounded(nonlin.silu, x)
        return y if next(calls) % 2 else np.nextafter(y, np.float32(0))

    found = nonlin.certify(function, "silu", patterns=(ONE, ONE + 4096))
    assert {r.words: r.differing > 0 for r in found.repeats}["run to run"]


def table_of(record, dtype: str) -> torch.Tensor:
    form = Format(dtype)
    patterns = np.arange(1 << 16, dtype=np.uint16)
    with np.errstate(all="ignore"):
        results = form.patterns(record(form.numbers(patterns).astype(np.float64)))
    return torch.from_numpy(results.view(np.int16)).view(getattr(torch, dtype))


def look_up(table: torch.Tensor):
    return lambda x: table[x.view(torch.int16).long() & 0xFFFF]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("seed", range(3))
def test_a_table_with_two_entries_swapped(dtype, seed):
    table = table_of(nonlin.sigmoid, dtype)
    if seed == 0:
        right = nonlin.certify(look_up(table), "sigmoid", dtype)
        assert right.exhaustive
        assert right.n == 2 * Format(dtype).infinity
        assert right.not_rounded == 0
        assert right.failures == ()
    one = Format(dtype).patterns(np.array([1.0]))[0]
    a, b = int(one) + 8 * seed, int(one) + 8 * seed + 7
    table[[a, b]] = table[[b, a]]
    found = nonlin.certify(look_up(table), "sigmoid", dtype)
    assert found.not_rounded == 2
    form = Format(dtype)
    swapped = form.numbers(np.array([a, b], dtype=np.uint16)).tolist()
    assert found.worst.x in swapped
    assert found.count("not_monotone") == 2


def test_a_break_of_monotonicity_by_one_ulp_at_the_border_of_chunks():
    from nonlin.certification.inputs import CHUNK

    border = ONE + CHUNK

    def change(x, y):
        y[x == number(border)] = np.nextafter(y[x == number(border)], np.float32(0))

    found = judged(nonlin.relu, change, (ONE, border + 1000))
    assert found.not_rounded == 1
    # Equal to its left neighbour, which is no break; two ULP are one.
    assert found.count("not_monotone") == 0

    def change_more(x, y):
        y[x == number(border)] -= 4 * np.spacing(np.float32(1))

    found = judged(nonlin.relu, change_more, (ONE, border + 1000))
    assert found.count("not_monotone") == 1


def test_values_outside_the_range():
    def change(x, y):
        y[x == 1] = 1.5

    found = judged(nonlin.sigmoid, change)
    assert ("out_of_range", 1, 1.0) in [(f.kind, f.n, f.low) for f in found.failures]


def test_single_points_are_judged():
    def change(x, y):
        y[np.isneginf(x)] = np.nan
        y[np.isnan(x)] = 0
        y[(x == 0) & np.signbit(x)] = 0

    wrong = {repr(p.x) for p in judged(nonlin.silu, change).points if not p.good}
    assert wrong == {"-inf", "nan", "-0.0"}


def test_inputs_at_which_it_raises_are_named_and_left_out():
    bad = [number(0x3F80A001), number(0x3F80A777)]

    def function(x):
        if np.isin(x, bad).any():
            raise ArithmeticError("no convergence")
        return rounded(nonlin.silu, x)

    found = nonlin.certify(function, "silu", patterns=(ONE, ABOVE_ONE))
    (failure,) = found.failures
    assert (failure.kind, failure.n) == ("raised", 2)
    assert (failure.low, failure.high) == tuple(bad)
    assert found.n == ABOVE_ONE - ONE - 2
    assert found.not_rounded == 0
    assert found.raised == (
        f"ArithmeticError: no convergence (first met at x = {float(bad[0])!r})",
    )


def test_a_function_that_always_raises_beyond_a_point_ends():
    def function(x):
        if (x > 1.001).any():
            raise ValueError("too large")
        return rounded(nonlin.relu, x)

    found = nonlin.certify(function, "relu", patterns=(ONE, ABOVE_ONE))
    assert 0 < found.n < found.n + found.count("raised") == ABOVE_ONE - ONE


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("name", ["silu", "gelu", "softplus", "elu", "relu", "tanh"])
def test_the_reference_holds_to_the_definition(name, order):
    record = nonlin.get(name)
    reference = open_reference(record, order)
    generator = np.random.default_rng(4)
    x = np.concatenate([generator.uniform(-3, 3, 12), generator.uniform(0.4, 0.6, 8)])
    kinks = [kink.at for kink in record.kinks]
    if record.facts.minimum is not None:
        at = np.float32(record.facts.minimum[0])
        x = np.append(x, [at, np.nextafter(at, np.float32(0)), np.nextafter(at, np.float32(-9))])
    x = np.unique(x.astype(np.float32))
    x = x[~np.isin(x, kinks)]
    patterns = np.sort(x.view(np.uint32))
    wide = patterns.view(np.float32).astype(np.float64)
    got, scratch = np.empty_like(wide), np.empty_like(wide)
    reference.fill(patterns, wide, got, scratch)
    of = exact.derivative if order else exact.value
    for result, at in zip(got.tolist(), wide.tolist(), strict=True):
        assert NARROW.relative_error(result, of(record, at)) <= REFERENCE, at


def test_the_reference_uses_no_formula_of_the_record():
    broken = dataclasses.replace(
        nonlin.sigmoid, value=lambda x, xp: 0.3 * x, slope=lambda x, xp: 0.3 + 0 * x
    )
    patterns = np.arange(ONE, ONE + 100, dtype=np.uint32)
    wide = patterns.view(np.float32).astype(np.float64)
    got, scratch = np.empty_like(wide), np.empty_like(wide)
    for order, of in ((0, nonlin.sigmoid), (1, nonlin.sigmoid.derivative)):
        Reference(broken, order).fill(patterns, wide, got, scratch)
        np.testing.assert_allclose(got, of(wide), rtol=1e-14)


def test_the_reference_keeps_relative_accuracy_at_a_zero():
    """mish′ is 0 between two neighbouring float32 numbers; both results are tiny and right."""
    record = nonlin.mish
    at = np.float32(record.facts.minimum[0])
    near = np.unique([np.nextafter(at, np.float32(s)) for s in (0, -9)] + [at])
    patterns = np.sort(near.view(np.uint32))
    wide = patterns.view(np.float32).astype(np.float64)
    got, scratch = np.empty_like(wide), np.empty_like(wide)
    reference = Reference(record, 1)
    reference.fill(patterns, wide, got, scratch)
    assert reference.zeros == [pytest.approx(record.facts.minimum[0], rel=1e-15)]
    assert (np.abs(got) < 1e-7).all()
    for result, x in zip(got.tolist(), wide.tolist(), strict=True):
        assert NARROW.relative_error(result, exact.derivative(record, x)) <= REFERENCE


def test_the_mixed_measure_stands_beside_a_zero_of_the_derivative():
    at = nonlin.silu.facts.minimum[0]
    first = int(np.float32(at).view(np.uint32)) - 500

    def slope(x):
        # Right to 2⁻²⁷, which is nothing beside slopes of 1 and much beside those near 0.
        return (nonlin.silu.derivative(x.astype(np.float64)) + 2.0**-27).astype(np.float32)

    found = nonlin.certify(
        lambda x: x, "silu", order=1, backward=slope, patterns=(first, first + 1000)
    )
    assert found.max_ulp > 1e5
    assert found.mixed_ulp <= 2.0
    assert "around a zero" in found.mixed_words


def test_gradients_by_every_route():
    region = {"patterns": (ONE, ONE + 50_000), "order": 1}
    assert nonlin.certify(torch.nn.functional.silu, "silu", **region).route == "torch.autograd"
    assert nonlin.certify(nonlin.silu, **region).route == "its derivative"
    jax = pytest.importorskip("jax")
    assert nonlin.certify(jax.nn.silu, "silu", **region).route == "jax.vjp"

    def product(x, gradient):
        return gradient * rounded_slope(x)

    def rounded_slope(x):
        return nonlin.silu.derivative(x.astype(np.float64)).astype(np.float32)

    for backward in (product, rounded_slope):
        found = nonlin.certify(lambda x: x, "silu", backward=backward, **region)
        assert found.not_rounded == 0
        assert found.route.startswith("the backward given")


@pytest.mark.parametrize(
    ("slope_at_zero", "words"),
    [(0.0, "PyTorch's"), (1.0, "the right"), (0.5, "the middle"), (0.25, "no one-sided")],
)
def test_the_slope_at_a_kink_is_reported(slope_at_zero, words):
    def slope(x):
        return np.where(x > 0, 1, np.where(x < 0, 0, slope_at_zero)).astype(np.float32)

    found = nonlin.certify(
        lambda x: x, "relu", order=1, backward=slope, patterns=(0, 5000), framework="numpy"
    )
    kinks = [p for p in found.points if "kink" in p.words]
    assert len(kinks) == 2
    assert all(words in p.words for p in kinks)
    assert all(p.good == (slope_at_zero != 0.25) for p in kinks)
    # The kink itself has no true slope and is not counted.
    assert found.n == 4999
    assert found.max_ulp == 0


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("name", ["silu", "elu", "selu"])
def test_the_wide_reference_holds_to_the_definition(name, order):
    record, form = nonlin.get(name), WIDE.form
    reference = open_reference(record, order, WIDE)
    at = record.facts.minimum[0] if record.facts.minimum is not None else 1.25
    x = np.array([-5.5, -1.0, -1e-9, -1e-310, 0.3, at, np.nextafter(at, 0), 1e300])
    patterns = np.sort(x.view(form.bits))
    wide = patterns.view(np.float64)
    high, low = reference.doubled(patterns, wide)
    of = exact.derivative if order else exact.value
    for number, rest, argument in zip(high.tolist(), low.tolist(), wide.tolist(), strict=True):
        true = of(record, argument)
        if abs(true) > 1e-290:  # Below, the rest is no float64.
            with exact.mp.workprec(200):
                error = abs((exact.mp.mpf(number) + rest - true) / true)
            assert error <= WIDE.allowed, argument
        else:
            assert number == float(true)


def test_many_float64_inputs_are_judged_by_polynomials(monkeypatch):
    monkeypatch.setattr("nonlin.certification.api.FITTED", 100)
    by_polynomials = nonlin.certify(nonlin.relu6, "relu6", "float64", samples=4000)
    monkeypatch.undo()
    by_mpmath = nonlin.certify(nonlin.relu6, "relu6", "float64", samples=4000)
    assert "polynomials in 80 bits" in by_polynomials.trust.words
    assert "at every input" in by_mpmath.trust.words
    assert by_polynomials.max_ulp == by_mpmath.max_ulp == 0


def test_float64_is_judged_beyond_float64():
    found = nonlin.certify(nonlin.silu, dtype="float64", samples=400)
    assert 0.4 < found.max_ulp <= nonlin.silu.contract.value_ulp
    assert found.trust.disagreements == 0

    def coarse(x):
        return nonlin.silu(x) * (1 + 2.0**-48)

    assert nonlin.certify(coarse, "silu", "float64", samples=400).max_ulp > 8


def test_a_sample_reaches_every_binade_and_the_hard_points():
    found = nonlin.certify(nonlin.relu, samples=2000)
    assert {(b.negative, b.exponent, b.subnormal) for b in found.binades} >= {
        (negative, exponent, False) for negative in (True, False) for exponent in range(-126, 128)
    }
    assert not found.exhaustive
    for at in (-1.2784645, 88.72284, -103.97, 2.0**-126):
        from nonlin.certification.inputs import hard_patterns

        hard = F32.numbers(hard_patterns(nonlin.silu, F32))
        assert np.abs(hard / at - 1).min() < 1e-4


def test_the_bound_of_a_test_suite():
    good = assert_certified(nonlin.sigmoid, max_ulp=2, patterns=(ONE, ABOVE_ONE))
    assert good.max_ulp < 2
    with pytest.raises(AssertionError, match=r"^nonlin:sigmoid: 0\.\d+ ULP at x = .*, allowed 0.1"):
        assert_certified(nonlin.sigmoid, max_ulp=0.1, patterns=(ONE, ABOVE_ONE))


def test_a_slope_of_zero_where_the_curvature_jumps_is_zero():
    """A central difference leaves f″·h/2 there, which would accuse a right 0 of 2²³ ULP."""
    for x, true in ((-1.0, 0.0), (1.0, 1.0), (-0.5, 0.25)):
        assert exact.derivative(nonlin.sparse_plus, x) == pytest.approx(true, rel=1e-20, abs=0)
    assert nonlin.certify(nonlin.sparse_plus, order=1, samples=2000).max_ulp <= 0.5
