"""The chart of functions and their derivatives."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nonlin.curves import Curve, heights
from nonlin.report.looks import AXIS_LINE, Look, Looks, padded, rounded
from nonlin.report.style import apply_template

TITLES = ("function", "derivative")
HEIGHT = 340


def function_figure(curves: Sequence[Curve], looks: Looks, height: int = HEIGHT) -> go.Figure:
    """Each activation beside its derivative.

    Args:
        curves: what is drawn.
        looks: how, by the curve's name.
        height: pixels.
    """
    figure = make_subplots(1, 2, subplot_titles=TITLES, horizontal_spacing=0.09)
    for curve in curves:
        look = looks[curve.name]
        _draw(figure, 1, curve.x, curve.value, curve.value_dots, look)
        _draw(figure, 2, curve.x, curve.derivative, curve.derivative_dots, look)
    apply_template(figure, height)
    figure.update_xaxes(title_text="x", zeroline=True, zerolinecolor=AXIS_LINE)
    figure.update_yaxes(zeroline=True, zerolinecolor=AXIS_LINE)
    for column, window in enumerate(heights(curves), start=1):
        figure.update_yaxes(range=padded(window), col=column)
    return figure


def _draw(figure: go.Figure, column: int, x, y, dots, look: Look) -> None:
    hover = f"{look.label}<br>x = %{{x}}: %{{y}}<extra></extra>"
    line = {"color": look.colour, "dash": look.dash, "width": 2}
    figure.add_scatter(
        x=rounded(x),
        y=rounded(y),
        mode="lines",
        line=line,
        hovertemplate=hover,
        meta=look.index,
        row=1,
        col=column,
    )
    if dots:
        figure.add_scatter(
            x=rounded(dot[0] for dot in dots),
            y=rounded(dot[1] for dot in dots),
            mode="markers",
            marker={"color": look.colour, "size": 7},
            hovertemplate=hover,
            meta=look.index,
            row=1,
            col=column,
        )
