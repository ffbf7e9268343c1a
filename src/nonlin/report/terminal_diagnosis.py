"""Findings in the terminal."""

from __future__ import annotations

import io
import math
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

if TYPE_CHECKING:
    from nonlin.diagnosis.finding import Finding
    from nonlin.diagnosis.result import Diagnosis

_COLOURS = {"problem": "bold red", "warning": "yellow", "info": "cyan"}
_MOST_FIGURES = 8


def show(diagnosis: Diagnosis, console: Console | None = None) -> None:
    """Print the findings, to standard error by default: the output belongs to the training."""
    console = console or Console(file=sys.stderr, highlight=False)
    for line in lines(diagnosis):
        console.print(line)


def as_text(diagnosis: Diagnosis, width: int = 100) -> str:
    """The findings as plain text."""
    out = io.StringIO()
    show(diagnosis, Console(file=out, width=width, highlight=False))
    return out.getvalue()


def lines(diagnosis: Diagnosis) -> list[Any]:
    """What is printed, piece by piece."""
    count = len(diagnosis.findings)
    head = Text("nonlin: ", style="bold")
    head.append(f"{count} finding{'' if count == 1 else 's'}" if count else "nothing found")
    head.append(
        f"  ({diagnosis.steps:,} steps, {len(diagnosis.sampled):,} looked at, "
        f"{diagnosis.overhead:.1%} of the time)",
        style="dim",
    )
    made: list[Any] = [head]
    for number, finding in enumerate(diagnosis.findings, 1):
        made += _finding(number, finding)
    made += [Text(f"note: {note}", style="dim") for note in diagnosis.notes]
    return made


def _finding(number: int, finding: Finding) -> list[Any]:
    title = Text(f"\n{number}. ")
    title.append(finding.severity, style=_COLOURS[finding.severity])
    title.append(f"  {finding.kind}", style="bold")
    title.append(f"  {finding.title}")
    if finding.since_step is not None:
        title.append(f"  since step {finding.since_step}", style="dim")
    made: list[Any] = [title, _indented(Text(finding.summary))]
    made.append(_labelled("cause", finding.cause))
    figures = [
        f"{k.replace('_', ' ')} {figure_text(v)}"
        for k, v in finding.evidence.items()
        if is_shown(v)
    ]
    if figures:
        made.append(_labelled("evidence", "; ".join(figures[:_MOST_FIGURES])))
    if finding.threshold is not None:
        t = finding.threshold
        made.append(_labelled("limit", f"{t.name} = {t.value:.3g} ({t.source})"))
    for place, repair in enumerate(finding.repairs[:3]):
        made.append(_labelled("repair" if place == 0 else "or", repair.text))
    made.append(_labelled("more", finding.docs))
    return made


def _labelled(label: str, text: str) -> Any:
    line = Text(f"{label:<9}", style="dim")
    line.append(text, style="not dim")
    return _indented(line)


def _indented(text: Text) -> Any:
    return Padding(text, (0, 0, 0, 3))


def is_shown(value: Any) -> bool:
    """Whether a figure says something in a line."""
    if value is None or isinstance(value, dict) or value == "" or value == []:
        return False
    return not (isinstance(value, float) and math.isnan(value))


def figure_text(value: Any) -> str:
    """A figure of the evidence in three digits."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list):
        return ", ".join(str(figure_text(v)) for v in value[:4]) + (", …" if len(value) > 4 else "")
    return str(value)
