"""Activations as one HTML page: interactive plot, definitions, facts, conventions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nonlin.activation import Activation
from nonlin.curves import HELD, curves_of
from nonlin.errors import require
from nonlin.facts import Facts
from nonlin.report import description as say
from nonlin.report.looks import assign_looks


@dataclass(frozen=True)
class Surroundings:
    """What a page of the docs has beside the record's own.

    Attributes:
        plotly_file: Plotly's script, which the pages share.
        index: the page that lists all.
        previous: name of the record before this one, and of its page.
        following: the same of the one after it.
        about: what the record's module says of it.
        example: lines for the reader to try.
    """

    plotly_file: str
    index: str
    previous: str | None
    following: str | None
    about: str
    example: str


def render(records: Sequence[Activation], around: Surroundings | None = None) -> str:
    """Render activations as an HTML page that needs no network.

    Args:
        records: one activation or several; several are drawn over one another.
        around: the docs that the page is part of; a page of its own has everything inside,
            about 5 MB for Plotly's script.

    Raises:
        MissingExtraError: plotly or jinja2 is not installed.
    """
    for module in ("plotly", "jinja2"):
        require(module, "plot", "an HTML page")
    from nonlin.report import page
    from nonlin.report.function_figure import TITLES, function_figures
    from nonlin.report.templates import environment

    curves = curves_of(records)
    looks = assign_looks(curve.name for curve in curves)
    names = ", ".join(look.name for look in looks.values())
    charts = {
        title: page.chart(title, figure, f"{title.capitalize()} of {names} over x")
        for title, figure in zip(TITLES, function_figures(curves, looks), strict=True)
    }
    told = {repr(record): say.facts_in_words(record) for record in records}
    sources = {tag: text for record in records for tag, text in say.sources_of(record).items()}
    templates = environment()
    templates.globals["say"] = say
    templates.filters["formula"] = say.formula_html
    return page.build(
        templates.get_template("activation.html.j2"),
        styles=("activation.css",),
        plotly_file=around and around.plotly_file,
        around=around,
        records=records,
        looks=looks,
        charts=charts,
        facts=told,
        labels=list(dict.fromkeys(label for facts in told.values() for label in facts)),
        sources=dict(sorted(sources.items())),
        held="" if all(isinstance(r.facts, Facts) for r in records) else say.number(HELD),
    )
