"""The judge of a comparison: paired seeds in, one corrected verdict per activation out.

Every activation is trained on the same seeds as the baseline (same split, initial weights and
batches), so the differences seed by seed are the sample. Two questions are asked of it: is there
a difference (paired t test), and is the difference smaller than a margin that matters (TOST)?
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

from nonlin.comparison.intervals import Interval, Sample, check_probability, summary_of
from nonlin.comparison.power import MAX_SEEDS, more_seeds
from nonlin.errors import NonlinError


@dataclass(frozen=True)
class Verdict:
    """What a comparison says about one activation.

    Attributes:
        kind: ``"baseline"`` for the baseline itself, otherwise what the tests decided.
        more_seeds: for ``"undecided"``, the estimated number of additional seeds that would
            decide, or None where more than `MAX_SEEDS` in total would be needed. None otherwise.

    Example:
        >>> print(Verdict("undecided", 7))
        undecided: 7 more seeds would tell
        >>> print(Verdict("undecided"))
        undecided: more than 1000 seeds would be needed
    """

    kind: Literal["baseline", "better", "worse", "equivalent", "undecided"]
    more_seeds: int | None = None

    def __str__(self) -> str:
        if self.kind != "undecided":
            return self.kind
        if self.more_seeds is None:
            return f"undecided: more than {MAX_SEEDS} seeds would be needed"
        plural = "" if self.more_seeds == 1 else "s"
        return f"undecided: {self.more_seeds} more seed{plural} would tell"


@dataclass(frozen=True)
class PairedDifference:
    """One activation minus the baseline, over the seeds both were trained on.

    Attributes:
        mean: mean difference, activation − baseline, in the units of the metric.
        interval: 95 % Student t interval of `mean`, for this difference alone (not corrected
            for the others); None with one seed and for the baseline.
        n: number of seeds in common.
        p_difference: two-sided paired t test of "no difference".
        p_equivalence: TOST of "differs by at least the margin".
        p_difference_holm: `p_difference` corrected for all comparisons.
        p_equivalence_holm: `p_equivalence` corrected for all comparisons.
        verdict: what follows from the corrected p-values.
    """

    mean: float
    interval: Interval | None
    n: int
    p_difference: float
    p_equivalence: float
    p_difference_holm: float
    p_equivalence_holm: float
    verdict: Verdict


def compare_to_baseline(
    scores: Mapping[str, Mapping[int, float]],
    baseline: str,
    *,
    margin: float,
    higher_is_better: bool,
    resolution: float = 0.0,
    alpha: float = 0.05,
) -> dict[str, PairedDifference]:
    """Compare every activation with the baseline over the seeds they share.

    With d̄ and s the mean and standard deviation of the n differences, activation − baseline::

        p_difference  = P(|T| ≥ |d̄| / (s/√n)),          T ~ Student t, n − 1 degrees of freedom
        p_equivalence = P(T ≥ (margin − |d̄|) / (s/√n)), the larger of the two one-sided tests

    **Correction.** Each of the m activations brings two null hypotheses, "no difference" and
    "differs by at least the margin". They exclude each other, so at most m of the 2m are true.
    All 2m p-values go through one step-down in ascending order, where the i-th (from 0) is
    multiplied by ``min(2m − i, m)``: Holm's method with Shaffer's bound on how many nulls can
    still be true. The chance of any false verdict, of either kind, is at most alpha; two separate
    Holm corrections would allow 2·alpha. No factor is below the one Holm gives within the
    difference tests alone, because at most m equivalence tests come before any of them.

    **Verdict.** ``equivalent`` comes first: a difference proven smaller than the margin does not
    matter, significant or not. Then ``better`` or ``worse``, by the sign of the mean and the
    direction of the metric. Else ``undecided``, with an estimate of the additional seeds needed:
    the smallest number that gives the difference test or TOST, whichever is sooner, 80 % power
    at level alpha/m if the observed mean and standard deviation are the true ones. Alpha holds
    for one look at the data: adding seeds and judging again is a second look.

    **Floor.** A metric moves in steps, so a few seeds can differ from the baseline by exactly
    the same amount, or tie, and s = 0 would make that infinitely significant. So s is taken to
    be at least one step: a seed is never more certain than one test example going the other way.
    Six seeds that each gain one test example are then not significant (p = 0.058), and two
    seeds that tie are not proof of equivalence.

    Args:
        scores: ``scores[name][seed]``, the test metric.
        baseline: the name in `scores` that the others are compared with.
        margin: the smallest difference that matters, in the units of the metric.
        higher_is_better: True for an accuracy, False for a loss.
        resolution: the step of the metric, such as 1/(number of test examples) for an accuracy;
            0 for a continuous metric.
        alpha: bound on the chance of any false verdict among all comparisons.

    Returns:
        One difference per name, in the order of `scores`. The baseline has difference 0, and
        does not count towards m. With one seed in common both p-values are 1.

    Raises:
        NonlinError: a score that is not finite, no seed in common, a baseline without scores,
            or an impossible margin, resolution or alpha.

    Example:
        >>> scores = {
        ...     "relu": {0: 0.90, 1: 0.91, 2: 0.89, 3: 0.90},
        ...     "mish": {0: 0.93, 1: 0.94, 2: 0.93, 3: 0.93},
        ...     "tanh": {0: 0.88, 1: 0.92, 2: 0.90, 3: 0.87},
        ... }
        >>> differences = compare_to_baseline(
        ...     scores, "relu", margin=0.005, higher_is_better=True, resolution=0.001
        ... )
        >>> for name, difference in differences.items():
        ...     print(f"{name} {difference.mean:+.4f} {difference.verdict}")
        relu +0.0000 baseline
        mish +0.0325 better
        tanh -0.0075 undecided: 71 more seeds would tell

    Source: J. P. Shaffer, "Modified sequentially rejective multiple test procedures", Journal of
    the American Statistical Association 81 (1986), 826–831. D. J. Schuirmann, "A comparison of
    the two one-sided tests procedure and the power approach", Journal of Pharmacokinetics and
    Biopharmaceutics 15 (1987), 657–680.
    """
    _check_settings(margin, resolution, alpha)
    _check_scores(scores, baseline)
    others = [name for name in scores if name != baseline]
    samples = [_paired(scores, name, baseline, resolution) for name in others]
    count = len(others)

    p_difference = [_p_difference(sample) for sample in samples]
    p_equivalence = [_p_equivalence(sample, margin) for sample in samples]
    possibly_true = [min(2 * count - rejected, count) for rejected in range(2 * count)]
    adjusted = step_down(p_difference + p_equivalence, possibly_true)

    seeds, itself = len(scores[baseline]), Verdict("baseline")
    results = {baseline: PairedDifference(0.0, None, seeds, 1.0, 0.0, 1.0, 0.0, itself)}
    for i, (name, sample) in enumerate(zip(others, samples, strict=True)):
        difference, equivalence = adjusted[i], adjusted[count + i]
        if equivalence <= alpha:
            verdict = Verdict("equivalent")
        elif difference <= alpha:
            verdict = Verdict("better" if (sample.mean > 0) == higher_is_better else "worse")
        else:
            verdict = Verdict(
                "undecided", more_seeds(sample.n, sample.mean, sample.sd, margin, alpha / count)
            )
        results[name] = PairedDifference(
            mean=sample.mean,
            interval=sample.interval(0.95),
            n=sample.n,
            p_difference=p_difference[i],
            p_equivalence=p_equivalence[i],
            p_difference_holm=difference,
            p_equivalence_holm=equivalence,
            verdict=verdict,
        )
    return {name: results[name] for name in scores}


def _paired(
    scores: Mapping[str, Mapping[int, float]], name: str, baseline: str, resolution: float
) -> Sample:
    # Sorted, so that the order in which runs finished cannot move the last bit of a sum.
    seeds = sorted(scores[name].keys() & scores[baseline].keys())
    if not seeds:
        raise NonlinError(
            f"{name!r} has no seed in common with the baseline {baseline!r}; "
            "train both on the same seeds"
        )
    own = np.array([scores[name][seed] for seed in seeds], dtype=np.float64)
    reference = np.array([scores[baseline][seed] for seed in seeds], dtype=np.float64)
    sample = summary_of(own - reference)
    # Even a continuous metric has a step: the spacing of float64 at its magnitude.
    step = max(resolution, float(np.spacing(np.abs([own, reference]).max())))
    return replace(sample, sd=max(sample.sd, step))


def _p_difference(sample: Sample) -> float:
    if sample.n < 2:
        return 1.0
    statistic = abs(sample.mean) / (sample.sd / math.sqrt(sample.n))
    return float(2 * stats.t.sf(statistic, sample.n - 1))


def _p_equivalence(sample: Sample, margin: float) -> float:
    if sample.n < 2:
        return 1.0
    statistic = (margin - abs(sample.mean)) / (sample.sd / math.sqrt(sample.n))
    return float(stats.t.sf(statistic, sample.n - 1))


def step_down(p_values: Sequence[float], possibly_true: Sequence[int]) -> list[float]:
    """P-values adjusted by a step-down method, in the order given.

    In ascending order each is multiplied by the number of nulls that may still be true when
    its turn comes, and is at least as large as those before it. With ``m, m − 1, ..., 1`` this
    is Holm's method (Scandinavian Journal of Statistics 6 (1979), 65–70).

    Args:
        p_values: raw p-values, in any order.
        possibly_true: how many nulls may still be true after 0, 1, ... rejections.

    Example:
        >>> [round(p, 3) for p in step_down([0.01, 0.04, 0.03, 0.005], [4, 3, 2, 1])]
        [0.03, 0.06, 0.06, 0.02]
    """
    adjusted = [0.0] * len(p_values)
    ascending = sorted(range(len(p_values)), key=lambda i: p_values[i])
    highest = 0.0
    for i, factor in zip(ascending, possibly_true, strict=True):
        highest = max(highest, min(1.0, factor * p_values[i]))
        adjusted[i] = highest
    return adjusted


def _check_settings(margin: float, resolution: float, alpha: float) -> None:
    if not (math.isfinite(margin) and margin > 0):
        raise NonlinError(f"margin must be positive and finite, got {margin}")
    if not (math.isfinite(resolution) and resolution >= 0):
        raise NonlinError(f"resolution must be finite and not negative, got {resolution}")
    check_probability("alpha", alpha)


def _check_scores(scores: Mapping[str, Mapping[int, float]], baseline: str) -> None:
    if not scores.get(baseline):
        raise NonlinError(
            f"baseline {baseline!r} has no scores; there are scores for: {', '.join(scores)}"
        )
    for name, by_seed in scores.items():
        for seed, score in by_seed.items():
            if not math.isfinite(score):
                raise NonlinError(
                    f"the score of {name!r} at seed {seed} is {score}; scores must be finite"
                )
