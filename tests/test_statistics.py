"""The statistics of a comparison: closed forms, properties, and error rates by simulation."""

from __future__ import annotations

import itertools
import math
import time

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nonlin.comparison.intervals import mean_interval
from nonlin.comparison.power import MAX_SEEDS, POWER
from nonlin.comparison.statistics import (
    PairedDifference,
    Verdict,
    compare_to_baseline,
    step_down,
)
from nonlin.errors import NonlinError

# A busy machine is no failure.
unhurried = settings(deadline=None)


def table(rows: np.ndarray) -> dict[str, dict[int, float]]:
    """Scores from one row per activation; row 0 is the baseline, named "0"."""
    return {str(i): {s: float(v) for s, v in enumerate(row)} for i, row in enumerate(rows)}


def compare(rows: np.ndarray, **options) -> list[PairedDifference]:
    """Compare rows 1, 2, ... with row 0."""
    options = {"margin": 0.01, "higher_is_better": True} | options
    return list(compare_to_baseline(table(rows), "0", **options).values())[1:]


def compare_differences(differences, **options) -> PairedDifference:
    """Compare one activation whose differences from a baseline of zeros are given."""
    differences = np.asarray(differences, dtype=float)
    return compare(np.stack([np.zeros_like(differences), differences]), **options)[0]


def sample_with(mean: float, sd: float, n: int) -> np.ndarray:
    """Exactly this mean and standard deviation."""
    shape = np.linspace(-1, 1, n)
    return mean + sd * shape / np.std(shape, ddof=1)


def student_tail(t: float, df: int) -> float:
    """P(T ≥ t) by the regularised incomplete beta function, independent of SciPy."""
    x = df / (df + mpmath.mpf(t) ** 2)
    tail = mpmath.betainc(mpmath.mpf(df) / 2, 0.5, 0, x, regularized=True) / 2
    return float(tail if t >= 0 else 1 - tail)


def rate_bound(rate: float, trials: int) -> float:
    """Three standard errors above `rate`."""
    return rate + 3 * math.sqrt(rate * (1 - rate) / trials)


def test_interval_uses_the_tabulated_quantile():
    # mean 3, s = √2.5, n = 5; t(0.975; 4) = 2.776445 in any table.
    mean, interval = mean_interval([1, 2, 3, 4, 5])
    half = 2.776445105 * math.sqrt(2.5) / math.sqrt(5)
    assert mean == 3
    assert interval is not None
    assert interval.low == pytest.approx(3 - half, rel=1e-8)
    assert interval.high == pytest.approx(3 + half, rel=1e-8)


def test_interval_has_its_confidence():
    _, interval = mean_interval([0.0, 1.0], confidence=0.9)
    # With one degree of freedom Student's t is Cauchy: the quantile is a tangent.
    half = math.tan(math.pi * 0.45) * math.sqrt(0.5) / math.sqrt(2)
    assert interval is not None
    assert interval.high - 0.5 == pytest.approx(half, rel=1e-9)


def test_one_value_has_no_interval():
    assert mean_interval([0.5]) == (0.5, None)


@pytest.mark.parametrize(
    ("values", "confidence", "message"),
    [
        ([], 0.95, "the mean of no values"),
        ([1.0, math.nan], 0.95, "finite values"),
        ([1.0, 2.0], 1.0, "confidence must lie between 0 and 1, got 1.0"),
    ],
)
def test_interval_refuses(values, confidence, message):
    with pytest.raises(NonlinError, match=message):
        mean_interval(values, confidence)


def holm(raw):
    return step_down(raw, range(len(raw), 0, -1))


@pytest.mark.parametrize(
    ("raw", "adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.01, 0.02, 0.03], [0.03, 0.04, 0.04]),
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.02], [0.02]),
        ([], []),
    ],
)
def test_holm_by_hand(raw, adjusted):
    assert holm(raw) == pytest.approx(adjusted)


@unhurried
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.randoms())
def test_holm_is_monotone_and_ignores_order(raw, random):
    adjusted = holm(raw)
    assert all(p <= a <= 1 for p, a in zip(raw, adjusted, strict=True))
    by_raw = [a for _, a in sorted(zip(raw, adjusted, strict=True))]
    assert by_raw == sorted(by_raw)
    order = list(range(len(raw)))
    random.shuffle(order)
    assert holm([raw[i] for i in order]) == [adjusted[i] for i in order]


OWN = [0.93, 0.91, 0.95, 0.92, 0.96, 0.90]
REFERENCE = [0.90, 0.91, 0.92, 0.93, 0.92, 0.89]


def test_difference_test_is_the_paired_t_test():
    (result,) = compare(np.array([REFERENCE, OWN]))
    expected = stats.ttest_rel(OWN, REFERENCE)
    interval = expected.confidence_interval(0.95)
    assert result.n == 6
    assert result.mean == pytest.approx(np.mean(OWN) - np.mean(REFERENCE))
    assert result.p_difference == pytest.approx(expected.pvalue, rel=1e-10)
    assert result.interval is not None
    assert result.interval.low == pytest.approx(interval.low)
    assert result.interval.high == pytest.approx(interval.high)


@pytest.mark.parametrize("margin", [0.005, 0.02, 0.1])
def test_equivalence_is_the_larger_of_two_one_sided_tests(margin):
    (result,) = compare(np.array([REFERENCE, OWN]), margin=margin)
    differences = np.subtract(OWN, REFERENCE)
    above = stats.ttest_1samp(differences, -margin, alternative="greater").pvalue
    below = stats.ttest_1samp(differences, margin, alternative="less").pvalue
    assert result.p_equivalence == pytest.approx(max(above, below), rel=1e-9)


def test_both_tests_by_hand():
    # Differences 1, 2, 3, 6: mean 3, s² = 14/3, standard error √(7/6).
    result = compare_differences([1, 2, 3, 6], margin=5)
    error = math.sqrt(7 / 6)
    assert result.p_difference == pytest.approx(2 * student_tail(3 / error, 3), rel=1e-10)
    assert result.p_equivalence == pytest.approx(student_tail((5 - 3) / error, 3), rel=1e-10)
    # A single comparison has one true null at a time: nothing to correct.
    assert result.p_difference_holm == result.p_difference
    assert result.p_equivalence_holm == result.p_equivalence


def test_pairing_is_by_seed_on_the_intersection():
    scores = {"relu": {0: 0.5, 1: 0.6, 2: 0.7, 9: 0.1}, "mish": {2: 0.8, 1: 0.8, 0: 0.8, 7: 0.2}}
    result = compare_to_baseline(scores, "relu", margin=0.01, higher_is_better=True)["mish"]
    assert result.n == 3
    assert result.p_difference == pytest.approx(stats.ttest_1samp([0.3, 0.2, 0.1], 0).pvalue)


def test_the_baseline_is_itself_and_the_order_is_kept():
    scores = {"mish": {0: 1.0, 1: 2.0}, "relu": {0: 1.5, 1: 1.0}, "gelu": {0: 1.0, 1: 2.5}}
    results = compare_to_baseline(scores, "relu", margin=0.1, higher_is_better=False)
    assert list(results) == ["mish", "relu", "gelu"]
    assert results["relu"] == PairedDifference(
        0.0, None, 2, 1.0, 0.0, 1.0, 0.0, Verdict("baseline")
    )
    alone = compare_to_baseline({"relu": {0: 1.0}}, "relu", margin=0.1, higher_is_better=True)
    assert alone["relu"].verdict.kind == "baseline"


def test_identical_scores_are_equivalent():
    result = compare_differences([0.0, 0.0])
    assert result.p_difference == 1
    assert result.p_equivalence < 1e-9
    assert result.verdict == Verdict("equivalent")


def test_ties_of_a_coarse_metric_are_floored_at_one_step():
    # s = one step: t = margin/step · √n.
    two = compare_differences([0.0, 0.0], margin=0.005, resolution=1 / 360)
    assert two.p_equivalence == pytest.approx(student_tail(1.8 * math.sqrt(2), 1), rel=1e-9)
    assert two.verdict.kind == "undecided"
    five = compare_differences([0.0] * 5, margin=0.005, resolution=1 / 360)
    assert five.verdict == Verdict("equivalent")


@pytest.mark.parametrize("difference", [0.0, 0.2])
def test_one_seed_is_undecided(difference):
    result = compare_differences([difference])
    assert result.interval is None
    assert (result.p_difference, result.p_equivalence) == (1, 1)
    assert result.verdict == Verdict("undecided", 4)


def test_coincidentally_equal_differences_are_floored_at_one_step():
    # s = one step: t = √n.
    six = compare_differences([0.001] * 6, margin=1e-4, resolution=0.001)
    assert six.p_difference == pytest.approx(2 * student_tail(math.sqrt(6), 5), rel=1e-9)
    assert six.verdict.kind == "undecided"
    assert six.interval is not None
    assert six.interval.low < 0


def test_floor_covers_rounding_of_scores():
    # 0.95 − 0.94 and 0.96 − 0.95 differ in the last bit: s is 1e-17, not 0.
    rows = np.array([[0.94, 0.95, 0.50], [0.95, 0.96, 0.51]])
    (result,) = compare(rows, margin=1e-4, resolution=0.01)
    assert result.p_difference == pytest.approx(2 * student_tail(math.sqrt(3), 2), rel=1e-6)


def test_without_resolution_the_floor_is_the_spacing_of_floats():
    result = compare_differences([0.5] * 3, margin=0.1)
    assert 0 < result.p_difference < 1e-20
    assert result.verdict == Verdict("better")


def test_floor_leaves_a_larger_spread_alone():
    differences = [0.01, 0.03, -0.02, 0.04]
    assert compare_differences(differences, resolution=0.001) == compare_differences(differences)


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (Verdict("baseline"), "baseline"),
        (Verdict("better"), "better"),
        (Verdict("worse"), "worse"),
        (Verdict("equivalent"), "equivalent"),
        (Verdict("undecided", 7), "undecided: 7 more seeds would tell"),
        (Verdict("undecided", 1), "undecided: 1 more seed would tell"),
        (Verdict("undecided"), "undecided: more than 1000 seeds would be needed"),
    ],
)
def test_verdict_reads(verdict, text):
    assert str(verdict) == text


@pytest.mark.parametrize(
    ("shift", "higher_is_better", "kind"),
    [
        (0.05, True, "better"),
        (0.05, False, "worse"),
        (-0.05, True, "worse"),
        (-0.05, False, "better"),
        (0.001, True, "equivalent"),
    ],
)
def test_planted_effect_is_found(shift, higher_is_better, kind):
    differences = np.random.default_rng(1).normal(shift, 0.004, 8)
    result = compare_differences(differences, higher_is_better=higher_is_better)
    assert result.verdict == Verdict(kind)
    assert math.copysign(1, result.mean) == math.copysign(1, shift)


def test_equivalent_comes_before_better():
    result = compare_differences(sample_with(0.002, 0.001, 10), margin=0.01)
    assert result.p_difference_holm < 0.01
    assert result.verdict == Verdict("equivalent")


def test_alpha_decides():
    differences = sample_with(0.01, 0.01, 6)
    p = compare_differences(differences, margin=1e-6).p_difference
    assert compare_differences(differences, margin=1e-6, alpha=p * 1.01).verdict.kind == "better"
    assert compare_differences(differences, margin=1e-6, alpha=p * 0.99).verdict.kind == "undecided"


ROWS = st.integers(1, 4).flatmap(
    lambda others: st.integers(2, 6).flatmap(
        lambda seeds: st.lists(
            st.lists(st.integers(0, 40), min_size=seeds, max_size=seeds),
            min_size=others + 1,
            max_size=others + 1,
        )
    )
)
STEP = 1 / 40


def compare_counts(rows, **options):
    return compare(np.array(rows) / 40, margin=2 * STEP, resolution=STEP, **options)


@unhurried
@given(ROWS, st.randoms())
def test_seed_order_does_not_matter(rows, random):
    scores = table(np.array(rows) / 40)
    shuffled = {}
    for name, by_seed in scores.items():
        items = list(by_seed.items())
        random.shuffle(items)
        shuffled[name] = dict(items)
    options = {"margin": 2 * STEP, "higher_is_better": True, "resolution": STEP}
    assert compare_to_baseline(shuffled, "0", **options) == compare_to_baseline(
        scores, "0", **options
    )


@unhurried
@given(ROWS)
def test_sign_and_direction_mirror_each_other(rows):
    results = compare_counts(rows)
    # Negating the metric and its direction changes nothing but the sign of the difference.
    for one, other in zip(
        results, compare_counts(-np.array(rows), higher_is_better=False), strict=True
    ):
        assert (one.verdict, one.mean) == (other.verdict, -other.mean)
        assert one.p_difference_holm == other.p_difference_holm
    # Turning the direction alone swaps better and worse.
    swap = {"better": "worse", "worse": "better"}
    turned = compare_counts(rows, higher_is_better=False)
    assert [r.verdict.kind for r in turned] == [
        swap.get(r.verdict.kind, r.verdict.kind) for r in results
    ]


@unhurried
@given(ROWS)
def test_corrected_p_values_are_no_smaller_than_raw_or_holm(rows):
    results = compare_counts(rows)
    raw = [r.p_difference for r in results]
    adjusted = [r.p_difference_holm for r in results]
    for result, plain in zip(results, holm(raw), strict=True):
        assert result.p_difference <= plain <= result.p_difference_holm + 1e-15
        assert result.p_difference_holm <= 1
        assert result.p_equivalence <= result.p_equivalence_holm <= 1
    by_raw = [a for _, a in sorted(zip(raw, adjusted, strict=True))]
    assert by_raw == sorted(by_raw)


@unhurried
@given(ROWS)
def test_any_nulls_that_can_be_true_together_are_covered_by_bonferroni(rows):
    """What bounds the error rate, checked for every set of nulls rather than by simulation.

    At most one null of each activation is true. If, for every such set, the smallest corrected
    p-value is at least the set's Bonferroni p-value, then no set that happens to be the true one
    loses a member with more than its level.
    """
    results = compare_counts(rows)
    raw = [(r.p_difference, r.p_equivalence) for r in results]
    adjusted = [(r.p_difference_holm, r.p_equivalence_holm) for r in results]
    for choice in itertools.product((None, 0, 1), repeat=len(results)):
        chosen = [(i, kind) for i, kind in enumerate(choice) if kind is not None]
        if not chosen:
            continue
        bonferroni = min(1.0, len(chosen) * min(raw[i][kind] for i, kind in chosen))
        assert min(adjusted[i][kind] for i, kind in chosen) >= bonferroni - 1e-15


@unhurried
@given(ROWS)
def test_verdict_follows_from_the_corrected_p_values(rows):
    for result in compare_counts(rows):
        if result.p_equivalence_holm <= 0.05:
            assert result.verdict == Verdict("equivalent")
        elif result.p_difference_holm <= 0.05:
            assert result.verdict == Verdict("better" if result.mean > 0 else "worse")
        else:
            assert result.verdict.kind == "undecided"
            more = result.verdict.more_seeds
            assert more is None or 1 <= more <= MAX_SEEDS - result.n


def correlated(rng: np.random.Generator, shifts: np.ndarray, seeds: int, sd: float) -> np.ndarray:
    """Accuracies with a seed effect shared by all, and noise of each run; row 0 is the baseline."""
    shared = rng.normal(0.9, 2 * sd, seeds)
    return shared + np.append(0.0, shifts)[:, None] + rng.normal(0, sd, (len(shifts) + 1, seeds))


def test_one_comparison_is_wrong_at_exactly_its_level():
    rng = np.random.default_rng(2)
    # Enough to notice a standard error with √(n − 1) for √n, which errs in 3.6 %.
    trials = 5000
    wrong = sum(
        compare(correlated(rng, np.zeros(1), 5, 0.01), margin=1e-5)[0].verdict.kind
        in ("better", "worse")
        for _ in range(trials)
    )
    low, high = stats.binom.interval(0.999, trials, 0.05)
    assert low <= wrong <= high


def test_five_equal_activations_are_told_apart_at_most_at_the_level():
    rng = np.random.default_rng(3)
    trials = 1000
    wrong = equivalent = 0
    for _ in range(trials):
        kinds = {
            r.verdict.kind for r in compare(correlated(rng, np.zeros(5), 5, 0.01), margin=0.001)
        }
        wrong += bool(kinds & {"better", "worse"})
        equivalent += "equivalent" in kinds
    assert wrong / trials <= rate_bound(0.05, trials)
    # Sharing one baseline correlates the five tests, yet not so much that the rate vanishes.
    assert wrong / trials >= 0.02
    assert equivalent == 0


@pytest.mark.parametrize("sign", [1, -1])
def test_a_difference_of_exactly_the_margin_is_seldom_called_equivalent(sign):
    rng = np.random.default_rng(4)
    trials = 2000
    margin = 0.02
    wrong = sum(
        compare(correlated(rng, np.array([sign * margin]), 8, 0.004), margin=margin)[0].verdict.kind
        == "equivalent"
        for _ in range(trials)
    )
    low, high = stats.binom.interval(0.999, trials, 0.05)
    assert low <= wrong <= high


def test_both_kinds_of_error_share_one_level():
    """Half of the activations equal the baseline, half differ by the margin, and n is ample.

    Every false null is rejected, so two separate Holm corrections would be wrong in almost
    10 % of experiments.
    """
    rng = np.random.default_rng(5)
    trials = 2000
    margin = 0.02
    shifts = np.array([0, 0, margin, -margin])
    wrong = 0
    for _ in range(trials):
        results = compare(correlated(rng, shifts, 12, 0.004), margin=margin)
        different = any(r.p_difference_holm <= 0.05 for r in results[:2])
        equivalent = any(r.p_equivalence_holm <= 0.05 for r in results[2:])
        wrong += different or equivalent
    assert 0.03 <= wrong / trials <= rate_bound(0.05, trials)


def test_planted_effects_among_nulls_are_found():
    rng = np.random.default_rng(6)
    shifts = np.array([0.03, 0.0, -0.03, 0.0])
    found = [
        [r.verdict.kind for r in compare(correlated(rng, shifts, 8, 0.003), margin=0.015)]
        for _ in range(100)
    ]
    right = sum(kinds == ["better", "equivalent", "worse", "equivalent"] for kinds in found)
    assert right >= 95


@pytest.mark.parametrize(
    ("mean", "sd", "margin", "test"),
    [
        (0.006, 0.010, 0.001, "p_difference_holm"),
        (-0.010, 0.012, 0.001, "p_difference_holm"),
        (0.001, 0.010, 0.006, "p_equivalence_holm"),
        (0.000, 0.010, 0.004, "p_equivalence_holm"),
    ],
)
def test_that_many_seeds_decide_in_four_of_five_cases(mean, sd, margin, test):
    pilot = compare_differences(sample_with(mean, sd, 5), margin=margin)
    assert pilot.verdict.kind == "undecided"
    assert pilot.verdict.more_seeds is not None
    total = 5 + pilot.verdict.more_seeds
    rng = np.random.default_rng(7)
    trials = 1000
    results = [
        compare_differences(rng.normal(mean, sd, total), margin=margin) for _ in range(trials)
    ]
    by_that_test = sum(getattr(result, test) <= 0.05 for result in results) / trials
    # Three standard errors of simulation each way, and the rounding up to a whole seed.
    assert 0.76 <= by_that_test <= 0.86
    # The other test can only add decisions.
    assert sum(result.verdict.kind != "undecided" for result in results) / trials >= by_that_test


@pytest.mark.parametrize("others", [1, 5])
def test_more_seeds_is_the_smallest_number_with_the_power(others):
    mean, sd = 0.006, 0.01
    differences = sample_with(mean, sd, 5)
    rows = np.stack([np.zeros(5), *[differences] * others])
    total = 5 + (compare(rows, margin=1e-4)[0].verdict.more_seeds or 0)

    def power(n: int) -> float:
        critical = stats.t.isf(0.05 / others / 2, n - 1)
        return float(stats.nct.sf(critical, n - 1, mean / sd * math.sqrt(n)))

    assert power(total - 1) < POWER <= power(total)


def test_more_seeds_for_equivalence_of_no_difference_is_the_symmetric_tost():
    # d̄ = 0: both one-sided tests need a power of 90 %.
    sd, margin = 0.01, 0.004
    total = 5 + (compare_differences(sample_with(0, sd, 5), margin=margin).verdict.more_seeds or 0)

    def one_side(n: int) -> float:
        return float(stats.nct.sf(stats.t.isf(0.05, n - 1), n - 1, margin / sd * math.sqrt(n)))

    assert one_side(total - 1) < 0.9 <= one_side(total)


def test_a_hopeless_case_says_so():
    # Exactly at the margin TOST never decides, and the difference is a hundredth of the spread.
    result = compare_differences(sample_with(0.0001, 0.01, 5), margin=0.0001)
    assert result.verdict == Verdict("undecided", None)
    result = compare_differences(sample_with(0.0, 0.01, MAX_SEEDS), margin=1e-4)
    assert result.verdict == Verdict("undecided", None)


def test_twenty_activations_take_little_time():
    rows = correlated(np.random.default_rng(8), np.zeros(20), 5, 0.01)

    def seconds() -> float:
        start = time.perf_counter()
        compare(rows, margin=0.001)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) < 0.05


GOOD = {"relu": {0: 0.5, 1: 0.6}, "mish": {0: 0.6, 1: 0.6}}


@pytest.mark.parametrize(
    ("scores", "options", "message"),
    [
        (GOOD | {"gelu": {7: 0.1}}, {}, "'gelu' has no seed in common with the baseline 'relu'"),
        (GOOD | {"gelu": {}}, {}, "'gelu' has no seed in common with the baseline 'relu'"),
        ({"mish": {0: 0.6}}, {}, "baseline 'relu' has no scores; there are scores for: mish"),
        ({"mish": {0: 0.6}, "relu": {}}, {}, "baseline 'relu' has no scores"),
        (GOOD | {"elu": {0: 0.5, 3: math.nan}}, {}, "the score of 'elu' at seed 3 is nan"),
        ({"relu": {0: math.inf}}, {}, "the score of 'relu' at seed 0 is inf"),
        (GOOD, {"margin": 0.0}, "margin must be positive and finite, got 0.0"),
        (GOOD, {"margin": -1.0}, "margin must be positive"),
        (GOOD, {"margin": math.inf}, "margin must be positive and finite, got inf"),
        (GOOD, {"margin": math.nan}, "margin must be positive"),
        (GOOD, {"resolution": -0.1}, "resolution must be finite and not negative, got -0.1"),
        (GOOD, {"alpha": 0.0}, "alpha must lie between 0 and 1, got 0.0"),
        (GOOD, {"alpha": 1.0}, "alpha must lie between 0 and 1, got 1.0"),
    ],
)
def test_refuses(scores, options, message):
    options = {"margin": 0.01, "higher_is_better": True} | options
    with pytest.raises(NonlinError, match=message):
        compare_to_baseline(scores, "relu", **options)
