"""What depth does to activations, as one self-contained page, and inside a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nonlin.errors import require
from nonlin.report.looks import assign_looks

if TYPE_CHECKING:
    from nonlin.signal import Propagation

_CAPTIONS = {
    "gradient": "Line: theory. Band: 95 % interval of the networks' mean, for all layers at once. "
    "Dots: their mean. The gradient at the last layer is 1.",
    "variance": "Mean square of z over units.",
    "correlation": "Of the z of two inputs: at 1 the network no longer tells them apart.",
    "critical": "Where neither signal nor gradient grows or shrinks; the cross is what was drawn.",
}


def render(results: Sequence[Propagation]) -> str:
    """Render results as an HTML page that needs no network.

    Args:
        results: one, or several of one stack to be drawn over one another.

    Raises:
        MissingExtraError: plotly or jinja2 is not installed.
    """
    for module in ("plotly", "jinja2"):
        require(module, "plot", "an HTML page")
    from nonlin.report import page
    from nonlin.report import signal_figure as figures
    from nonlin.report.signal_text import number
    from nonlin.report.templates import environment

    looks = assign_looks(result.name for result in results)
    drawn = {
        "gradient": figures.gradient_figure(results, looks),
        "variance": figures.variance_figure(results, looks),
        "correlation": figures.correlation_figure(results, looks),
        "critical": figures.critical_figure(results, looks),
    }
    names = ", ".join(looks)
    titles = {"critical": "Critical line"}
    charts = {
        titles.get(name, f"{name.capitalize()} by layer"): (
            page.chart(name, figure, f"{name.capitalize()} of {names}"),
            _CAPTIONS[name],
        )
        for name, figure in drawn.items()
    }
    return page.build(
        environment().get_template("signal.html.j2"),
        styles=("activation.css",),
        results=results,
        looks=looks,
        charts=charts,
        number=number,
    )


def inline(result: Propagation) -> str:
    """A result's verdict, for notebooks."""
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in result.verdict)
    head = f"<b>{html.escape(result.name)}</b> {html.escape(result.setting.shown)}"
    return f"<div><p>{head}</p><ul>{lines}</ul></div>"
