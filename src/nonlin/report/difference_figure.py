"""The forest plot: each activation's paired difference from the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from nonlin.report.figures import name_rows, note, view_buttons
from nonlin.report.looks import INK, MUTED, Look, Looks, padded, plotly_text, rounded
from nonlin.report.style import new_figure
from nonlin.report.summaries import baseline_name, paired_differences
from nonlin.report.words import bare, difference, finite, span

if TYPE_CHECKING:
    from nonlin.comparison.results import Comparison

# A row this many margins from the baseline would flatten all others into one vertical line.
_FAR = 10.0


def differences(comparison: Comparison, looks: Looks) -> go.Figure | None:
    """Mean paired difference with its interval, and every seed's own difference as a point."""
    baseline = baseline_name(comparison)
    rows = [
        row
        for row in comparison.leaderboard
        if row.name != baseline and finite(row.difference) and row.name in looks
    ]
    if baseline is None or not rows:
        return None
    figure = new_figure(110 + 46 * len(rows))
    points = {row.name: _points(comparison, row.name, baseline) for row in rows}
    _draw_references(figure, comparison)
    for place, row in enumerate(rows):
        _draw_seeds(figure, place, points[row.name], looks[row.name])
        _draw_interval(figure, place, row, looks[row.name], comparison.metric.scale)
        figure.add_annotation(
            note(
                _figures(comparison, row),
                x=1.01,
                xref="paper",
                xanchor="left",
                y=place,
                font={"size": 12, "color": INK},
            )
        )
    name_rows(figure, [looks[row.name] for row in rows])
    figure.update_layout(margin={"t": 34, "r": 190})
    label = looks[baseline].label if baseline in looks else "the baseline"
    # The label is escaped for Plotly by now; the metric's own words are not.
    _, _, unit = comparison.metric.format_difference(0.0).partition(" ")
    title = f"test {plotly_text(comparison.metric.name)} less that of {label}"
    figure.update_xaxes(title_text=f"{title} ({plotly_text(unit)})" if unit else title)
    scale = comparison.metric.scale
    extents = {row.name: _extent(row, points[row.name], scale) for row in rows}
    _set_ranges(figure, _margin(comparison), extents)
    return figure


def _draw_references(figure: go.Figure, comparison: Comparison) -> None:
    margin = _margin(comparison)
    if margin > 0:
        figure.add_vrect(
            -margin, margin, fillcolor="#dfe7ef", opacity=0.6, line_width=0, layer="below"
        )
    figure.add_vline(0, line={"color": MUTED, "width": 1.2}, layer="below")
    left, right = ("worse", "better")
    if not comparison.metric.higher_is_better:
        left, right = right, left
    for text, x, anchor in ((f"← {left}", 0, "left"), (f"{right} →", 1, "right")):
        figure.add_annotation(
            note(text, x=x, xref="paper", xanchor=anchor, y=1, yref="paper", yanchor="bottom")
        )


def _draw_seeds(figure: go.Figure, place: int, points: pd.DataFrame, look: Look) -> None:
    figure.add_scatter(
        x=rounded(points["difference"]),
        # Below the interval, so that neither hides the other.
        y=[place + 0.24] * len(points),
        customdata=[f"seed {seed}" for seed in points.index],
        mode="markers",
        marker={
            "color": look.fill(0.55),
            "size": 7,
        },
        hovertemplate=f"{look.label}: %{{x:+.4g}}<br>%{{customdata}}<extra></extra>",
        meta=look.index,
    )


def _draw_interval(figure: go.Figure, place: int, row: Any, look: Look, scale: float) -> None:
    interval = row.difference_interval
    if interval is not None and finite(interval.low) and finite(interval.high):
        figure.add_scatter(
            x=rounded([scale * interval.low, scale * interval.high]),
            y=[place, place],
            mode="lines+markers",
            line={"color": look.colour, "width": 3},
            marker={"symbol": "line-ns-open", "size": 11, "line": {"width": 2}},
            hoverinfo="skip",
            meta=look.index,
        )
    figure.add_scatter(
        x=rounded([scale * row.difference]),
        y=[place],
        mode="markers",
        marker={"color": look.colour, "size": 11, "symbol": "diamond"},
        hovertemplate=f"{look.label}: mean %{{x:+.4g}}<extra></extra>",
        meta=look.index,
    )


def _figures(comparison: Comparison, row: Any) -> str:
    # Without units, which the axis gives.
    def shown(value: float) -> str:
        return bare(difference(comparison.metric, value))

    return f"<b>{shown(row.difference)}</b>  {span(row.difference_interval, shown)}"


def _margin(comparison: Comparison) -> float:
    return comparison.metric.scale * comparison.margin if finite(comparison.margin) else 0.0


def _points(comparison: Comparison, name: str, baseline: str) -> pd.DataFrame:
    points = paired_differences(comparison.runs, name, baseline)
    return points.assign(difference=comparison.metric.scale * points["difference"])


def _extent(row: Any, points: pd.DataFrame, scale: float) -> list[float]:
    interval = row.difference_interval
    ends = [] if interval is None else [interval.low, interval.high]
    ours = [scale * value for value in [row.difference, *ends] if finite(value)]
    return [*ours, *points["difference"]]


def _set_ranges(figure: go.Figure, margin: float, extents: dict[str, list[float]]) -> None:
    """Show the rows near the baseline first, and offer all, where some lie far away."""
    frame = [-1.4 * margin, 1.4 * margin, 0.0]
    everything = padded([*frame, *np.concatenate(list(extents.values()))])
    limit = _FAR * margin
    places = {name: place for place, name in enumerate(extents)}
    near = {n: e for n, e in extents.items() if abs(np.median(e)) <= limit}
    if not margin or not near or len(near) == len(extents):
        figure.update_xaxes(range=everything)
        return
    close = padded([*frame, *np.concatenate(list(near.values()))])
    first = len(list(figure.select_annotations()))
    for name in extents.keys() - near.keys():
        left = float(np.median(extents[name])) < 0
        figure.add_annotation(
            note(
                "◀ out of view" if left else "out of view ▶",
                x=0.005 if left else 0.995,
                xref="paper",
                xanchor="left" if left else "right",
                y=places[name],
            )
        )
    marks = range(first, len(list(figure.select_annotations())))
    figure.update_xaxes(range=close)
    figure.update_layout(
        margin={"t": 66},
        updatemenus=[
            view_buttons(
                {
                    "Near the baseline": _view(close, marks, True),
                    "Everything": _view(everything, marks, False),
                },
                x=0.5,
                anchor="center",
                lift=22,
            )
        ],
    )


def _view(ends: tuple[float, float], marks: range, marked: bool) -> dict[str, object]:
    visible = {f"annotations[{index}].visible": marked for index in marks}
    return {"xaxis.range": list(ends), **visible}
