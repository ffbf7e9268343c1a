"""From the data of all claims to one verdict each: computed, never typed in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nonlin.claims.claim import Claim, Exact, Part, Sampled, Scores
from nonlin.claims.results import Result
from nonlin.comparison.intervals import Interval
from nonlin.comparison.power import MAX_SEEDS
from nonlin.comparison.statistics import PairedDifference, compare_to_baseline, step_down
from nonlin.errors import NonlinError

ALPHA = 0.05
Outcome = Literal["confirmed", "refuted", "undecided"]


@dataclass(frozen=True)
class Finding:
    """What the data say about one part of a claim.

    Attributes:
        part: the part.
        outcome: what follows.
        relation: of the measured to the reference; for an exact part, inside or outside.
        effect: the number, or the mean difference, in the part's unit.
        interval: 95 % interval of a mean difference, for it alone; None for an exact part.
        runs: how many it rests on.
        p: corrected for all claims; of the test that decided, else the smaller of the two.
        more_runs: for an undecided part, how many more would tell; None if over 1,000 in all.
    """

    part: Part
    outcome: Outcome
    relation: str
    effect: float
    interval: Interval | None
    runs: int
    p: float | None
    more_runs: int | None = None


@dataclass(frozen=True)
class Judgement:
    """The verdict on a claim.

    Attributes:
        claim: the claim.
        mode: of the run it rests on; ``""`` where there was none.
        verdict: ``holds``, ``holds in part``, ``does not hold``, ``undecided`` or ``not run``.
        findings: of its parts.
    """

    claim: Claim
    mode: str
    verdict: str
    findings: tuple[Finding, ...] = ()

    def having(self, outcome: Outcome) -> list[Finding]:
        """The findings of one outcome, controls aside."""
        return [f for f in self.findings if f.outcome == outcome and not f.part.control]

    @property
    def failed_controls(self) -> list[Finding]:
        """Controls that were not seen."""
        return [f for f in self.findings if f.part.control and f.outcome != "confirmed"]

    @property
    def more_runs(self) -> int | None:
        """Additional runs that would decide every part, 0 where all are; None if over 1,000."""
        open_ = [*self.having("undecided"), *self.failed_controls]
        wanted = [finding.more_runs for finding in open_]
        return None if None in wanted else max([number for number in wanted if number], default=0)


def judge(claims: Iterable[Claim], results: Mapping[int, Result]) -> dict[int, Judgement]:
    """Judge every claim, corrected for the whole family of claims.

    Each sampled part brings the two tests of :func:`compare_to_baseline`, difference and
    equivalence, which exclude each other: at most m of the 2m nulls are true. All go through
    one step-down (Holm's, with Shaffer's bound), where m counts every sampled part that any
    claim declares, run or not, so that a verdict does not hang on which claims were run first.
    The chance of any false verdict on a sampled part of any claim is at most 5 %.

    Args:
        claims: the family.
        results: what was run, by number.

    Returns:
        A judgement by number, ``not run`` where there is no result.
    """
    claims = list(claims)
    family = [(c.number, p) for c in claims for p in c.parts if isinstance(p, Sampled)]
    measured = {c.number: _measured(c, results[c.number]) for c in claims if c.number in results}
    level = ALPHA / max(1, len(family))
    tested = {
        (number, part.name): _tested(part, measured[number][part.name], level)
        for number, part in family
        if number in measured
    }
    keys = [(number, part.name) for number, part in family]
    raw = [tested[k].p_difference if k in tested else 1.0 for k in keys]
    raw += [tested[k].p_equivalence if k in tested else 1.0 for k in keys]
    possibly_true = [min(2 * len(keys) - rejected, len(keys)) for rejected in range(2 * len(keys))]
    adjusted = step_down(raw, possibly_true)
    corrected = {k: (adjusted[i], adjusted[len(keys) + i]) for i, k in enumerate(keys)}
    judgements = {}
    for claim in claims:
        number = claim.number
        if number not in measured:
            judgements[number] = Judgement(claim, "", "not run")
            continue
        findings = tuple(
            _exact(part, measured[number][part.name])
            if isinstance(part, Exact)
            else _sampled(part, tested[number, part.name], *corrected[number, part.name])
            for part in claim.parts
        )
        mode = results[number].mode
        judgements[number] = Judgement(claim, mode, verdict_of(findings), findings)
    return judgements


def verdict_of(findings: Iterable[Finding]) -> str:
    """What the parts say together: a claim is the conjunction of its parts.

    Controls count for nothing, but where one fails the measurement means nothing.
    """
    findings = tuple(findings)
    if any(f.part.control and f.outcome != "confirmed" for f in findings):
        return "undecided"
    outcomes = [finding.outcome for finding in findings if not finding.part.control]
    if all(outcome == "confirmed" for outcome in outcomes):
        return "holds"
    if "confirmed" in outcomes:
        return "holds in part"
    return "does not hold" if "refuted" in outcomes else "undecided"


def more_in_words(number: int | None) -> str:
    """How many more runs would tell."""
    if number is None:
        return f"more than {MAX_SEEDS} runs would be needed"
    return f"{number} more run{'s' if number != 1 else ''} would tell"


def _measured(claim: Claim, result: Result) -> Mapping[str, Any]:
    values = claim.measure(result.steps)
    names = [part.name for part in claim.parts]
    if set(values) != set(names):
        raise NonlinError(f"claim {claim.number}: measured {sorted(values)}; declared: {names}")
    return values


def _exact(part: Exact, value: float) -> Finding:
    # A NaN lies nowhere, and refutes.
    inside = part.low <= value <= part.high
    outcome: Outcome = "confirmed" if inside else "refuted"
    return Finding(part, outcome, "inside" if inside else "outside", float(value), None, 1, None)


def _tested(part: Sampled, scores: Scores, level: float) -> PairedDifference:
    measured = dict(enumerate(map(float, scores.measured)))
    reference = dict(enumerate(map(float, scores.reference)))
    return compare_to_baseline(
        {"reference": reference, "measured": measured},
        "reference",
        margin=part.margin,
        higher_is_better=True,
        resolution=max(part.resolution, scores.resolution),
        alpha=level,
    )["measured"]


def _sampled(
    part: Sampled, tested: PairedDifference, difference: float, equivalence: float
) -> Finding:
    # As in a comparison, a difference proven smaller than the margin does not matter.
    if equivalence <= ALPHA:
        relation, p = "level", equivalence
    elif difference <= ALPHA:
        relation, p = ("above" if tested.mean > 0 else "below"), difference
    else:
        relation, p = "undecided", min(difference, equivalence)
    outcome: Outcome = "undecided"
    if relation != "undecided":
        outcome = "confirmed" if relation in part.confirms else "refuted"
    return Finding(
        part,
        outcome,
        relation,
        tested.mean,
        tested.interval,
        tested.n,
        p,
        tested.verdict.more_seeds if math.isfinite(tested.mean) else None,
    )
