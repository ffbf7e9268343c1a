"""The charts of functions and their derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nonlin.curves import Curve, heights
from nonlin.report.looks import AXIS_LINE, Looks, padded, rounded
from nonlin.report.style import apply_template, new_figure

TITLES = ("function", "derivative")
_HEIGHT = 340


def function_figure(curves: Sequence[Curve], looks: Looks) -> go.Figure:
    """Functions beside their derivatives, in one chart.

    Args:
        curves: what is drawn.
        looks: how, by the curve's name.
    """
    figure = make_subplots(1, 2, subplot_titles=TITLES, horizontal_spacing=0.09)
    for place in (0, 1):
        _draw(figure, curves, looks, place, row=1, col=place + 1)
    return apply_template(figure, _HEIGHT)


def function_figures(curves: Sequence[Curve], looks: Looks) -> tuple[go.Figure, go.Figure]:
    """Functions and derivatives in a chart each, which a narrow page puts below one another.

    Args:
        curves: what is drawn.
        looks: how, by the curve's name.
    """
    figures = new_figure(_HEIGHT), new_figure(_HEIGHT)
    for place, figure in enumerate(figures):
        _draw(figure, curves, looks, place)
        figure.update_layout(margin={"t": 12, "l": 44, "r": 8})
        figure.update_xaxes(range=[curves[0].x[0], curves[0].x[-1]])
    return figures


def _draw(figure: go.Figure, curves: Sequence[Curve], looks: Looks, place: int, **at: Any) -> None:
    for curve in curves:
        look = looks[curve.name]
        hover = f"{look.label}<br>x = %{{x}}: %{{y}}<extra></extra>"
        figure.add_scatter(
            x=rounded(curve.x),
            y=rounded((curve.value, curve.derivative)[place]),
            mode="lines",
            line={
                "color": look.colour,
                "dash": look.dash,
                "width": 2,
                # Plotly would make a polygon of a curve.
                "simplify": False,
            },
            hovertemplate=hover,
            meta=look.index,
            **at,
        )
        if dots := (curve.value_dots, curve.derivative_dots)[place]:
            figure.add_scatter(
                x=rounded(dot[0] for dot in dots),
                y=rounded(dot[1] for dot in dots),
                mode="markers",
                marker={"color": look.colour, "size": 7},
                hovertemplate=hover,
                meta=look.index,
                **at,
            )
    zero = {"zeroline": True, "zerolinecolor": AXIS_LINE}
    figure.update_xaxes(title_text="x", **zero, **at)
    figure.update_yaxes(range=padded(heights(curves)[place]), **zero, **at)
