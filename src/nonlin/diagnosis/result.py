"""What a diagnosis ends with: the findings, and what was looked at."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nonlin.diagnosis.finding import Finding, dumps, worst


@dataclass
class Diagnosis:
    """The findings about a run.

    Attributes:
        findings: what is wrong, the worst first; empty where nothing is.
        notes: what could not be seen, and why.
        steps: optimizer steps that were taken.
        sampled: the steps that were looked at.
        seconds: how long the training took.
        seconds_measuring: how much of that was spent looking.
        activations: where activations were seen, and which.
        run: what was measured, for reports.
    """

    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    steps: int = 0
    sampled: tuple[int, ...] = ()
    seconds: float = 0.0
    seconds_measuring: float = 0.0
    activations: dict[str, str] = field(default_factory=dict)
    run: Any = field(default=None, repr=False)

    @property
    def worst(self) -> str | None:
        """The highest severity found, or None."""
        return worst(self.findings)

    @property
    def overhead(self) -> float:
        """Share of the time that was spent looking, as the watcher measured it."""
        return self.seconds_measuring / self.seconds if self.seconds > 0 else 0.0

    def kinds(self) -> list[str]:
        """Kinds of the findings, each once."""
        return list(dict.fromkeys(f.kind for f in self.findings))

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "findings": [f.as_json() for f in self.findings],
            "notes": list(self.notes),
            "steps": self.steps,
            "looked_at": len(self.sampled),
            "sampled_steps": list(self.sampled),
            "seconds": round(self.seconds, 3),
            "seconds_measuring": round(self.seconds_measuring, 4),
            "activations": self.activations,
        }

    def to_json(self) -> str:
        """JSON text: an object with key ``findings``."""
        return dumps(self.as_json())

    def save(self, path: str | Path) -> None:
        """Write the JSON to a file."""
        Path(path).write_text(self.to_json(), "utf-8")

    def to_html(self) -> str:
        """A page of one file that needs no network."""
        from nonlin.report.diagnosis import render

        return render(self)

    def with_findings(self, findings: Sequence[Finding]) -> Diagnosis:
        """The same diagnosis with other findings."""
        return dataclasses.replace(self, findings=tuple(findings))

    def __str__(self) -> str:
        from nonlin.report.terminal_diagnosis import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from nonlin.report.diagnosis import card

        return card(self)
