"""A diagnosis as a page of one file, and as a card for notebooks."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from nonlin.errors import require

if TYPE_CHECKING:
    from nonlin.diagnosis.result import Diagnosis

_MOST_PICTURES = 6


def render(diagnosis: Diagnosis) -> str:
    """Render a diagnosis as an HTML page that needs no network.

    Args:
        diagnosis: what was found; nothing of it is changed.
    """
    require("plotly", "plot", "a diagnosis as a page")
    from nonlin.report import diagnosis_figures as figures
    from nonlin.report.page import Chart, build, chart
    from nonlin.report.templates import environment
    from nonlin.report.terminal_diagnosis import figure_text, is_shown

    run = diagnosis.run
    charts: dict[str, Chart] = {}
    pictures: list[tuple[str, str, Chart]] = []
    if run is not None:
        plans = {
            "flow": (figures.gradient_flow, "Gradient over weights by layer and step"),
            "open": (figures.openness, "Share of open gates by step"),
        }
        for name, (draw, described) in plans.items():
            figure = draw(run)
            if figure is not None:
                charts[name] = chart(name, figure, described)
        for number, site in enumerate(_shown_sites(diagnosis)):
            figure = figures.under_the_function(site)
            if figure is not None:
                described = f"Inputs of {site.title} under {site.record!r} and its derivative"
                picture = chart(f"site-{number}", figure, described)
                pictures.append((site.title, repr(site.record), picture))
    templates = environment()
    templates.filters["figure"] = figure_text
    templates.tests["shown"] = is_shown
    return build(
        templates.get_template("diagnosis.html.j2"),
        styles=("diagnosis.css",),
        interactive=bool(charts or pictures),
        diagnosis=diagnosis,
        charts=charts,
        pictures=pictures,
        overhead=f"{diagnosis.overhead:.1%}".replace("%", " %"),
    )


def card(diagnosis: Diagnosis) -> str:
    """The findings as a small table."""
    rows = "".join(
        f"<tr><td>{html.escape(f.severity)}</td><td>{html.escape(f.kind)}</td>"
        f"<td>{html.escape(f.title)}</td><td>{html.escape(f.summary)}</td></tr>"
        for f in diagnosis.findings
    )
    count = len(diagnosis.findings)
    head = f"{count} finding{'' if count == 1 else 's'} in {diagnosis.steps:,} steps"
    return f"<div><b>{head}</b><table>{rows}</table></div>"


def _shown_sites(diagnosis: Diagnosis) -> list[Any]:
    """Activations that findings are about, then the others."""
    run = diagnosis.run
    named = {layer for f in diagnosis.findings for layer in (f.layer, *f.layers)}
    sites = [s for s in run.sites.values() if s.histogram is not None]
    sites.sort(key=lambda s: (s.layer not in named and s.producer not in named, s.order))
    return sites[:_MOST_PICTURES]
