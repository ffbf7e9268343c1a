"""What the pages of every report share: templates that escape, charts without a network."""

from __future__ import annotations

from pathlib import Path

import jinja2
import plotly.io
from markupsafe import Markup
from plotly.graph_objects import Figure

HERE = Path(__file__).parent
_CONFIG = {
    "displaylogo": False,
    "responsive": True,
    # Named one by one: the full set has buttons that lead to a service in the network.
    "modeBarButtons": [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
}


def environment() -> jinja2.Environment:
    """Templates of this folder; everything put into them is escaped unless it is Markup."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def chart(name: str, figure: Figure) -> Markup:
    """A figure as a part of a page that holds Plotly's script."""
    html = plotly.io.to_html(
        figure,
        config=_CONFIG,
        full_html=False,
        include_plotlyjs=False,
        # A fixed id, so that the same content gives the same file byte for byte.
        div_id=f"chart-{name}",
        default_height=f"{figure.layout.height}px",
    )
    return Markup(html)


def asset(name: str) -> Markup:
    """A style sheet or script of this folder."""
    return Markup((HERE / name).read_text("utf-8"))
