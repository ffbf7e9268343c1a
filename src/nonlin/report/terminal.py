"""The leaderboard as text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from nonlin.comparison.metrics import Metric
    from nonlin.comparison.results import Comparison, Row

# Wide enough for the longest verdict beside the figures.
WIDTH = 140
_ROOMY = 116
_MISSING = "–"


def leaderboard_table(comparison: Comparison, width: int = WIDTH) -> Table:
    """The leaderboard as a rich table, best activation first.

    Args:
        comparison: the result.
        width: characters in a line; a narrow table leaves the measurements to the report.
    """
    metric = comparison.metric
    table = Table(
        title=f"Test {metric.name}; seeds: {comparison.settings['seeds']}, baseline: "
        f"{comparison.settings['baseline']}, margin: "
        f"{metric.format_difference(comparison.margin).replace('+', '±')}",
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    # In a narrow terminal the verdict folds, which reads well, and no figure does.
    table.add_column("activation", no_wrap=True)
    table.add_column(f"{metric.name} (95 % interval)", justify="right", no_wrap=True)
    table.add_column("difference", justify="right", no_wrap=True)
    table.add_column("verdict", ratio=1)
    for measured in ("ms/step", "blocked", "gradient ratio") if width >= _ROOMY else ():
        table.add_column(measured, justify="right", no_wrap=True)
    for row in comparison.leaderboard:
        table.add_row(*_cells(comparison, row)[: len(table.columns)])
    return table


def leaderboard_text(comparison: Comparison, width: int = WIDTH) -> str:
    """The leaderboard as plain text."""
    target = io.StringIO()
    Console(file=target, width=width, color_system=None).print(leaderboard_table(comparison, width))
    return target.getvalue().rstrip()


def _cells(comparison: Comparison, row: Row) -> tuple[str, ...]:
    metric = comparison.metric
    mean = difference = _MISSING
    if row.mean is not None:
        mean = metric.format(row.mean)
        if row.interval is not None:
            mean += f" [{_bare(metric, row.interval.low)}, {_bare(metric, row.interval.high)}]"
    if row.difference is not None:
        difference = metric.format_difference(row.difference)
    return (
        row.name,
        mean,
        difference,
        row.verdict,
        _number(row.milliseconds_per_step, ".2f"),
        _number(row.blocked_share, ".1%"),
        f"{_number(row.gradient_ratio_start, '.2g')} → {_number(row.gradient_ratio_end, '.2g')}",
    )


def _bare(metric: Metric, value: float) -> str:
    """A value without its unit."""
    return metric.format(value).partition(" ")[0]


def _number(value: float | None, pattern: str) -> str:
    return _MISSING if value is None else format(value, pattern)
