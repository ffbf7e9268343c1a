"""The figure template of every chart in a page."""

from __future__ import annotations

import plotly.graph_objects as go

from nonlin.report.looks import AXIS_LINE, FONT, GRID, INK, MUTED


def new_figure(height: int) -> go.Figure:
    """An empty figure in the house's look."""
    return go.Figure(layout={"template": _TEMPLATE, "height": height})


def apply_template(figure: go.Figure, height: int) -> go.Figure:
    """Put the house's look on a figure made by ``make_subplots``."""
    figure.update_layout(template=_TEMPLATE, height=height)
    figure.update_annotations(font={"size": 13, "color": INK})
    return figure


_AXIS = {
    "gridcolor": GRID,
    "linecolor": AXIS_LINE,
    "zeroline": False,
    "ticks": "outside",
    "tickcolor": AXIS_LINE,
    "ticklen": 4,
    "automargin": True,
    "title": {"font": {"size": 12, "color": MUTED}, "standoff": 8},
}
_TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 12, "color": INK},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "margin": {"l": 60, "r": 16, "t": 28, "b": 48},
        # Keys stand in the page, where any number of names wraps and none covers the data.
        "showlegend": False,
        "hovermode": "closest",
        "hoverlabel": {"font": {"family": FONT, "size": 12}, "bgcolor": "#ffffff"},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
    }
)
