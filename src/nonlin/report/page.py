"""What every HTML page shares: one file with styles, scripts and data inside, no network."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import plotly.io
from markupsafe import Markup
from plotly.graph_objects import Figure
from plotly.offline import get_plotlyjs

from nonlin.report.templates import asset

_CONFIG = {
    "displaylogo": False,
    "responsive": True,
    # Named one by one: the full set has buttons that lead to a service in the network.
    "modeBarButtons": [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
}


class Chart(NamedTuple):
    """A figure as HTML, and what it shows for those who cannot see it."""

    html: Markup
    described: str


def chart(name: str, figure: Figure, described: str) -> Chart:
    """A figure as a part of a page.

    Args:
        name: its id in the page is ``chart-name``: fixed, so that the same data give the
            same file byte for byte.
        figure: the figure; its height is kept, its width follows the page.
        described: what it shows, in a sentence.
    """
    html = plotly.io.to_html(
        figure,
        config=_CONFIG,
        full_html=False,
        include_plotlyjs=False,
        div_id=f"chart-{name}",
        default_height=f"{figure['layout']['height']}px",
    )
    return Chart(Markup(html), described)


def build(
    template: jinja2.Template,
    *,
    styles: tuple[str | Path, ...] = (),
    scripts: tuple[str | Path, ...] = (),
    plotly_file: str | None = None,
    interactive: bool = True,
    **values: Any,
) -> str:
    """Render a page that extends ``base.html.j2``.

    Args:
        template: the page's template.
        styles: style sheets, of this folder or with a path, beside the shared one.
        scripts: scripts likewise, beside the shared one.
        plotly_file: where Plotly's script lies, relative to the page, for pages that share
            one; by default it is inside the page, about 5 MB.
        interactive: whether the page has charts that need the script.
        **values: what the template shows.
    """
    return template.render(
        plotly_file=plotly_file,
        plotly_js="" if plotly_file or not interactive else plotly_script(),
        style=Markup("\n".join(asset(name) for name in ("page.css", *styles))),
        script=Markup("\n".join(asset(name) for name in ("page.js", *scripts))),
        **values,
    )


@cache
def plotly_script() -> Markup:
    """Plotly's own script."""
    return Markup(get_plotlyjs())
