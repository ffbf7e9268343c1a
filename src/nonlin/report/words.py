"""The leaderboard in words, and the numbers of the page as text."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from nonlin.report.summaries import baseline_name

if TYPE_CHECKING:
    from nonlin.comparison.results import Comparison

MISSING = "–"
_ICONS = {
    "better": "▲",
    "worse": "▼",
    "equivalent": "≈",
    "baseline": "●",
    "undecided": "?",
    "failed": "✕",
}


# A sentence with more names is a list; the leaderboard is the better one.
_MOST_NAMED = 5


def finite(value: Any) -> bool:
    """Whether a measurement is there at all."""
    return value is not None and math.isfinite(value)


def number(value: Any, digits: int = 3) -> str:
    """A number to a few significant digits, or a dash.

    Example:
        >>> number(0.012345), number(None), number(1.5e-9)
        ('0.0123', '–', '1.5e-09')
    """
    return f"{value:.{digits}g}" if finite(value) else MISSING


def percent(share: Any) -> str:
    """A share from 0 to 1 as a percentage.

    Example:
        >>> percent(0.031), percent(0), percent(0.00004)
        ('3.1 %', '0 %', '<0.1 %')
    """
    if not finite(share):
        return MISSING
    if 0 < share < 0.0005:
        return "<0.1 %"
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def difference(metric: Any, value: float) -> str:
    """A signed difference of the metric, with a minus sign instead of a hyphen."""
    return metric.format_difference(value).replace("-", "−")


def bare(text: str) -> str:
    """A formatted value without its unit.

    Example:
        >>> bare("+0.31 points")
        '+0.31'
    """
    return text.partition(" ")[0]


def span(ends: Any, show: Callable[[float], str]) -> str:
    """An interval as text, its unit said once; ``no interval`` where there is none."""
    if ends is None or not (finite(ends.low) and finite(ends.high)):
        return "no interval"
    low, high = show(ends.low), show(ends.high)
    return f"{bare(low)} to {high}"


def tolerance(metric: Any, margin: float) -> str:
    """The margin of equivalence as ``±0.5 points``."""
    return "±" + metric.format_difference(margin).lstrip("+")


def probability(value: Any) -> str:
    """A p-value as statisticians print it."""
    if not finite(value):
        return MISSING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def setting(value: Any) -> str:
    """A setting as one line of text."""
    if value is None:
        return MISSING
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(v, (str, int, float)) for v in value):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False, default=str)


def verdict_parts(verdict: Any) -> dict[str, str]:
    """A verdict split for its pill: ``kind``, ``icon``, and ``detail`` after the colon.

    Example:
        >>> verdict_parts("undecided: 7 more seeds would tell")["detail"]
        '7 more seeds would tell'
    """
    kind, _, detail = (part.strip() for part in str(verdict).partition(":"))
    known = kind if kind in _ICONS else "undecided"
    return {"kind": known, "text": kind, "icon": _ICONS[known], "detail": detail}


def headline(comparison: Comparison) -> tuple[Markup, list[Markup]]:
    """The answer: one bold line, and the sentences that give its figures."""
    rows = [row for row in comparison.leaderboard if finite(row.mean)]
    if not rows:
        return Markup("No network finished training."), _first_error(comparison)
    baseline = baseline_name(comparison)
    if baseline not in [row.name for row in rows]:
        return _without_baseline(comparison, rows, baseline)
    groups: dict[str, list[Any]] = {kind: [] for kind in _ICONS}
    for row in rows:
        groups[verdict_parts(row.verdict)["kind"]].append(row)
    title = _title(groups, rows, baseline)
    return title, [_leader(comparison, rows), *_groups(comparison, groups, baseline)]


def _first_error(comparison: Comparison) -> list[Markup]:
    errors = [error for error in comparison.runs["error"] if isinstance(error, str) and error]
    first = [Markup("The first error was: {}").format(errors[0])] if errors else []
    return [
        Markup("There is nothing to compare; the table of runs gives the errors."),
        *first,
    ]


def _title(groups: dict[str, list[Any]], rows: list[Any], baseline: str | None) -> Markup:
    if len(rows) == 1:
        return Markup("Only {} was measured.").format(baseline)
    if better := groups["better"]:
        verb = "beat" if len(better) > 1 else "beats"
        return Markup("{} {} {}.").format(_names(better), verb, baseline)
    if undecided := groups["undecided"]:
        if len(undecided) == len(rows) - 1:
            return Markup("Undecided: nothing is yet shown to beat {}.").format(baseline)
        verb = "remain" if len(undecided) > 1 else "remains"
        return Markup("Nothing is shown to beat {}; {} {} undecided.").format(
            baseline, _names(undecided), verb
        )
    if groups["worse"]:
        return Markup("Nothing beats {}.").format(baseline)
    return Markup("No activation differs from {} by a margin that matters.").format(baseline)


def _leader(comparison: Comparison, rows: list[Any]) -> Markup:
    metric, first = comparison.metric, rows[0]
    end = "highest" if metric.higher_is_better else "lowest"
    sentence = Markup("<strong>{}</strong> has the {} mean test {}, {}").format(
        first.name, end, metric.name, metric.format(first.mean)
    )
    if first.interval is not None:
        sentence += Markup(" ({:.0f} % interval {})").format(
            100 * comparison.confidence, span(first.interval, metric.format)
        )
    return sentence + Markup(", over {}.").format(_count(first.seeds, "seed"))


def _groups(comparison: Comparison, groups: dict[str, list[Any]], baseline: Any) -> list[Markup]:
    metric = comparison.metric
    phrases = {
        "better": Markup("better than {}").format(baseline),
        "equivalent": Markup("equivalent to {} within {}").format(
            baseline, tolerance(metric, comparison.margin)
        ),
        "worse": Markup("worse than {}").format(baseline),
        "undecided": Markup("undecided"),
    }
    sentences = []
    for kind, phrase in phrases.items():
        if not (rows := groups[kind]):
            continue
        shown = rows if len(rows) <= _MOST_NAMED else rows[: _MOST_NAMED - 1]
        listed = [
            Markup("<strong>{}</strong>{}").format(row.name, _figures(metric, row)) for row in shown
        ]
        if len(shown) < len(rows):
            listed.append(Markup("{} more").format(len(rows) - len(shown)))
        verb = "are" if len(rows) > 1 else "is"
        sentences.append(Markup("{} {} {}.").format(_join(listed), verb, phrase))
    return sentences


def _figures(metric: Any, row: Any) -> Markup:
    parts = [difference(metric, row.difference)] if finite(row.difference) else []
    detail = verdict_parts(row.verdict)["detail"]
    if detail:
        parts.append(detail)
    return Markup(" ({})").format("; ".join(parts)) if parts else Markup("")


def _without_baseline(
    comparison: Comparison, rows: list[Any], baseline: str | None
) -> tuple[Markup, list[Markup]]:
    title = Markup("No verdicts: the baseline {} did not finish.").format(baseline)
    return title, [_leader(comparison, rows)]


def _names(rows: list[Any]) -> Markup:
    if len(rows) > _MOST_NAMED:
        return Markup("{} activations").format(len(rows))
    return _join([Markup("{}").format(row.name) for row in rows])


def _join(parts: list[Markup]) -> Markup:
    if len(parts) < 2:
        return Markup("").join(parts)
    return Markup(", ").join(parts[:-1]) + Markup(" and ") + parts[-1]


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def footnotes(comparison: Comparison) -> list[str]:
    """Why a cell of the leaderboard is empty or must be read with care."""
    rows = comparison.leaderboard
    notes = []
    if any(row.interval is None and row.seeds == 1 for row in rows):
        notes.append(
            "One finished seed shows no spread: there is no interval and nothing can be decided. "
            "Run more seeds."
        )
    if any(row.seeds == 0 for row in rows):
        notes.append("Where no seed finished there is no score; the runs below give the errors.")
    if any(row.seeds and not finite(row.gradient_ratio_start) for row in rows):
        notes.append(
            "The gradient ratio compares the first activation layer with the last; "
            "a dash means that the network has only one, or that it was not measured."
        )
    if any(row.learning_rate_at_edge for row in rows):
        notes.append(
            "“edge” marks a learning rate at the end of the grid: a wider grid might serve that "
            "activation better."
        )
    if any(row.diverged for row in rows):
        notes.append("A diverged network counts with the score of a constant prediction.")
    return notes
