"""Claims in words: findings and verdicts, the same in the terminal, on pages and in JSON."""

from __future__ import annotations

import math
from typing import Any

from nonlin.claims.claim import Exact, Sampled
from nonlin.claims.judging import Finding, Judgement, more_in_words

# Names of parts in a sentence.
_MOST = 4
_RELATIONS = {
    "above": "above the reference",
    "below": "below the reference",
    "level": "level with the reference",
    "undecided": "undecided",
    "inside": "as claimed",
    "outside": "not as claimed",
}


def verdict_line(judgement: Judgement) -> str:
    """The verdict with where it holds, or how many more runs would tell."""
    if judgement.failed_controls:
        return f"undecided: the control {_names(judgement.failed_controls)} was not seen"
    if judgement.verdict == "undecided":
        return f"undecided: {more_in_words(judgement.more_runs)}"
    if judgement.verdict == "holds in part":
        confirmed = judgement.having("confirmed")
        others = [*judgement.having("refuted"), *judgement.having("undecided")]
        few = len(confirmed) <= len(others)
        return f"holds in part: {_names(confirmed) if few else f'all but {_names(others)}'}"
    return judgement.verdict


def sentences(judgement: Judgement) -> list[str]:
    """The verdict in two sentences: what is confirmed and what is not, and a figure."""
    if not judgement.findings:
        return ["Not run: there is no full run of it yet."]
    told = []
    for outcome in ("confirmed", "refuted", "undecided"):
        if found := judgement.having(outcome):
            more = f" ({more_in_words(judgement.more_runs)})" if outcome == "undecided" else ""
            every = judgement.verdict == "holds"
            told.append(
                "every part is confirmed" if every else f"{outcome} for {_names(found)}{more}"
            )
    if judgement.failed_controls:
        told.append(f"not seen: {_names(judgement.failed_controls)}")
    first = f"{judgement.verdict.capitalize()}: {'; '.join(told)}."
    return [first, f"{headline(judgement)}."]


def headline(judgement: Judgement) -> str:
    """The figure of the first part that was refuted, or else of the first; no control's."""
    refuted = judgement.having("refuted")
    finding = refuted[0] if refuted else next(f for f in judgement.findings if not f.part.control)
    sentence = f"{finding.part.name}: {effect(finding)}"
    return f"{sentence[0].upper()}{sentence[1:]}"


def effect(finding: Finding) -> str:
    """The number with its interval, the runs behind it and its corrected p."""
    part = finding.part
    if isinstance(part, Exact):
        return f"{_number(finding.effect)}{part.unit} (computed)"
    value = finding.effect * part.scale
    text = f"{'+' if value >= 0 else '−'}{_number(abs(value))}{part.unit}"
    if finding.interval is not None:
        low, high = (end * part.scale for end in (finding.interval.low, finding.interval.high))
        text += f" [{_number(low)}, {_number(high)}]"
    plural = "" if finding.runs == 1 else "s"
    return f"{text} over {finding.runs} run{plural}, corrected p {_p(finding.p)}"


def criterion(part: Exact | Sampled) -> str:
    """What confirms a part, in figures."""
    if isinstance(part, Exact):
        ends = [f"≥ {_number(part.low)}"] if part.low > -math.inf else []
        ends += [f"≤ {_number(part.high)}"] if part.high < math.inf else []
        return f"confirmed if {' and '.join(ends)}{part.unit}"
    margin = f"{_number(part.margin * part.scale)}{part.unit}"
    return f"confirmed if {' or '.join(part.confirms)}; level within ±{margin}"


def to_dict(judgement: Judgement) -> dict[str, Any]:
    """A judgement as JSON values."""
    claim = judgement.claim
    return {
        "claim": claim.number,
        "statement": claim.statement,
        "sources": list(claim.sources),
        "confirms": claim.confirms,
        "refutes": claim.refutes,
        "verdict": judgement.verdict,
        "mode": judgement.mode or None,
        "more_runs": judgement.more_runs if judgement.verdict == "undecided" else 0,
        "parts": [_part(finding) for finding in judgement.findings],
    }


def _part(finding: Finding) -> dict[str, Any]:
    part, interval = finding.part, finding.interval
    return {
        "name": part.name,
        "criterion": criterion(part),
        "control": part.control,
        "outcome": finding.outcome,
        "relation": finding.relation,
        "effect": finding.effect if math.isfinite(finding.effect) else None,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "runs": finding.runs,
        "p_corrected": finding.p,
        "more_runs": finding.more_runs,
    }


def relation(finding: Finding) -> str:
    """How the measured stands to the reference."""
    return _RELATIONS[finding.relation]


def _names(findings: list[Finding]) -> str:
    """The parts; of many the first ones, as the table beside has them all."""
    shown = [f"“{finding.part.name}”" for finding in findings]
    if len(shown) > _MOST:
        shown[_MOST - 1 :] = [f"{len(shown) - _MOST + 1} others"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _p(p: float | None) -> str:
    if p is None:
        return "–"
    return f"{p:.2g}" if p >= 1e-4 else "< 0.0001"
