"""What a comparison found: the runs as tables, and one judged row per activation."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nonlin.comparison.intervals import Interval
from nonlin.comparison.metrics import Metric
from nonlin.curves import Curve

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Row:
    """One activation in the leaderboard.

    Attributes:
        name: the activation, parameters included.
        mean: mean test metric over seeds; None when no run finished.
        interval: 95 % t interval of the mean; None for one seed.
        difference: mean paired difference to the baseline.
        difference_interval: its 95 % t interval.
        p_difference: two-sided paired t test, corrected for all comparisons.
        p_equivalence: two one-sided tests against the margin, corrected likewise.
        verdict: ``better``, ``worse``, ``equivalent``, ``baseline``, ``failed`` or
            ``undecided: N more seeds would tell``.
        seeds: networks that were judged.
        diverged: how many of them diverged, and score as a constant prediction.
        failed: runs that raised an error.
        learning_rate: the rate chosen on validation rows.
        learning_rate_at_edge: whether it was the smallest or largest on offer.
        milliseconds_per_step: median over seeds.
        blocked_share: share of units that pass no gradient after training, mean over layers.
        gradient_ratio_start: RMS gradient at the first activation layer over that at the
            last, before training; geometric mean over seeds.
        gradient_ratio_end: the same after training.
        explanation: what the measurements say, in a sentence.
    """

    name: str
    mean: float | None
    interval: Interval | None
    difference: float | None
    difference_interval: Interval | None
    p_difference: float | None
    p_equivalence: float | None
    verdict: str
    seeds: int
    diverged: int
    failed: int
    learning_rate: float | None
    learning_rate_at_edge: bool
    milliseconds_per_step: float | None
    blocked_share: float | None
    gradient_ratio_start: float | None
    gradient_ratio_end: float | None
    explanation: str = ""


@dataclass(frozen=True)
class Comparison:
    """The result of :func:`nonlin.compare`.

    Attributes:
        settings: what was asked, as JSON values.
        metric: what networks are judged by.
        margin: the difference that does not matter, in the metric's unit.
        leaderboard: one row per activation, best first.
        runs: DataFrame, a row per trained network.
        epochs: DataFrame, a row per look at the validation rows.
        layers: DataFrame, a row per activation layer and look.
        curves: the activations themselves.
        folder: where the results are kept.
        notes: what was inferred, and what deserves attention.
        versions: of what the networks were trained with.
        command: the shell line that repeats the comparison.
        python: the Python code that repeats it.
        data_summary: the data in a sentence.
    """

    settings: dict[str, Any]
    metric: Metric
    margin: float
    leaderboard: list[Row]
    runs: Any
    epochs: Any
    layers: Any
    curves: list[Curve]
    folder: Path
    notes: list[str]
    versions: dict[str, str]
    command: str
    python: str
    data_summary: str
    confidence: float = field(default=CONFIDENCE)

    @property
    def failed_runs(self) -> int:
        """Runs of this comparison that ended with an error, in tuning or judging."""
        return int((self.runs["status"] == "failed").sum())

    def to_dataframe(self) -> Any:
        """The leaderboard as a DataFrame, a row per activation."""
        import pandas

        return pandas.DataFrame([_flat(row) for row in self.leaderboard])

    def to_json(self) -> str:
        """Leaderboard, settings and notes as JSON text; figures that do not exist are null."""
        content = {
            "metric": self.metric.name,
            "higher_is_better": self.metric.higher_is_better,
            "margin": self.margin,
            "leaderboard": [_flat(row) for row in self.leaderboard],
            "settings": self.settings,
            "notes": self.notes,
            "versions": self.versions,
            "folder": str(self.folder),
            "command": self.command,
        }
        return json.dumps(content, indent=2)

    def save_report(self, path: str | Path | None = None) -> Path:
        """Write the self-contained HTML report.

        Args:
            path: the file; ``report.html`` in the results folder by default.

        Returns:
            The file's path.

        Raises:
            NonlinError: it cannot be written.
        """
        from nonlin.comparison.store import cannot_write
        from nonlin.report.comparison import render

        target = Path(path) if path else self.folder / "report.html"
        page = render(self)
        # Written beside and moved into place, so that a full disk leaves the old report.
        beside = target.with_name(target.name + ".part")
        try:
            beside.write_text(page, encoding="utf-8")
            beside.replace(target)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise cannot_write(error, target) from None
        return target

    def __str__(self) -> str:
        from nonlin.report.terminal import leaderboard_text

        return leaderboard_text(self)

    def _repr_html_(self) -> str:
        return self.to_dataframe().to_html(index=False)


def _flat(row: Row) -> dict[str, Any]:
    """A row with its intervals spread over two columns each."""
    values: dict[str, Any] = {}
    for name, value in vars(row).items():
        if name in ("interval", "difference_interval"):
            values[f"{name}_low"] = value.low if value else None
            values[f"{name}_high"] = value.high if value else None
        else:
            values[name] = value
    return values
