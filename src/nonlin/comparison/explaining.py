"""What the layers' measurements say about an activation's result, in a sentence."""

from __future__ import annotations

import dataclasses

from nonlin.comparison.results import Row

# A ratio of first to last gradient beyond these is worth a word; a network whose signal is
# kept has a ratio near 1.
_VANISHING, _EXPLODING = 0.1, 10.0
_BLOCKED = 0.05


def explain(rows: list[Row], baseline: str) -> list[Row]:
    """Add its explanation to every row.

    Args:
        rows: the leaderboard.
        baseline: name of the row the others are set against.
    """
    reference = next((row for row in rows if row.name == baseline), None)
    return [dataclasses.replace(row, explanation=explanation(row, reference)) for row in rows]


def explanation(row: Row, reference: Row | None) -> str:
    """One sentence per finding: divergence, gradients, blocked units, learning rate."""
    if row.seeds == 0:
        return "No network finished: see the errors of its runs."
    findings = [_divergence(row), _gradient(row, reference), _blocked(row, reference), _rate(row)]
    return " ".join(filter(None, findings))


def _divergence(row: Row) -> str:
    if not row.diverged:
        return ""
    return f"{row.diverged} of {row.seeds} networks diverged and score as a constant prediction."


def _gradient(row: Row, reference: Row | None) -> str:
    start, end = row.gradient_ratio_start, row.gradient_ratio_end
    if start is None:
        return ""
    text = f"The gradient at the first activation layer is {start:.2g}× that at the last"
    if reference is not None and reference is not row and reference.gradient_ratio_start:
        text += f" ({reference.name}: {reference.gradient_ratio_start:.2g}×)"
    text += " before training"
    if end is not None:
        text += f" and {end:.2g}× after"
    if start < _VANISHING:
        text += "; before training it vanishes on its way to the input"
    elif start > _EXPLODING:
        text += "; before training it explodes on its way to the input"
    return text + "."


def _blocked(row: Row, reference: Row | None) -> str:
    if row.blocked_share is None:
        return ""
    text = f"{row.blocked_share:.1%} of its units pass no gradient after training"
    if row.blocked_share == 0:
        text = "All of its units pass gradient after training"
    if reference is not None and reference is not row and reference.blocked_share:
        text += f" ({reference.name}: {reference.blocked_share:.1%} pass none)"
    if row.blocked_share > _BLOCKED:
        text += ", on any of the rows measured"
    return text + "."


def _rate(row: Row) -> str:
    if not row.learning_rate_at_edge:
        return ""
    return (
        f"Its learning rate {row.learning_rate:g} is the end of those on offer; "
        "a rate beyond might do better (--learning-rates)."
    )
