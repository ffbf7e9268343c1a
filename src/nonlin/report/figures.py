"""The charts of learning rates, functions and time, and what charts share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from nonlin.report.function_figure import function_figure
from nonlin.report.looks import INK, MUTED, Look, Looks, plotly_text, rounded
from nonlin.report.style import new_figure

if TYPE_CHECKING:
    from nonlin.comparison.results import Comparison


def learning_rates(comparison: Comparison, looks: Looks) -> go.Figure | None:
    """Validation metric against learning rate, with the chosen rate ringed."""
    runs = comparison.runs[comparison.runs["phase"] == "tune"]
    runs = runs.assign(score=comparison.metric.scale * runs["validation_metric"].astype(float))
    runs = runs[runs["score"].notna()]
    if runs.empty:
        return None
    chosen = {row.name: row.learning_rate for row in comparison.leaderboard}
    figure = new_figure(360)
    figure.update_layout(margin={"t": 8})
    for name, look in looks.items():
        table = (
            runs[runs["activation"] == name]
            .groupby("lr")
            .agg(score=("score", "mean"), done=("status", lambda s: all(s == "done")))
        )
        if table.empty:
            continue
        _draw_rates(figure, table, look, chosen.get(name))
    _name_rates(figure, sorted(set(runs["lr"])))
    title = axis_title(f"validation {comparison.metric.name}", comparison.metric.unit)
    figure.update_yaxes(title_text=title)
    return figure


def _draw_rates(figure: go.Figure, table: pd.DataFrame, look: Look, chosen: float | None) -> None:
    figure.add_scatter(
        x=rounded(table.index),
        y=rounded(table["score"]),
        mode="lines+markers",
        line={"color": look.colour, "dash": look.dash, "width": 1.5},
        marker={
            "color": look.colour,
            "size": 7,
            "symbol": [look.symbol if done else "x" for done in table["done"]],
        },
        hovertemplate=f"{look.label}<br>rate %{{x}}: %{{y}}<extra></extra>",
        meta=look.index,
    )
    if chosen is None:
        return
    # Rates pass through text on their way here, so that the last bit may differ.
    ringed = [rate for rate in table.index if math.isclose(rate, chosen, rel_tol=1e-6)]
    figure.add_scatter(
        x=rounded(ringed),
        y=rounded(table.loc[ringed, "score"]),
        mode="markers",
        marker={"color": look.colour, "size": 16, "symbol": "circle-open", "line": {"width": 2}},
        hoverinfo="skip",
        meta=look.index,
    )


def _name_rates(figure: go.Figure, rates: list[float]) -> None:
    ticks = rates if len(rates) <= 12 else None
    figure.update_xaxes(type="log", title_text="learning rate", tickvals=ticks)
    if ticks:
        figure.update_xaxes(ticktext=[f"{rate:.3g}" for rate in ticks])


def functions(comparison: Comparison, looks: Looks) -> go.Figure | None:
    """Each activation and its derivative."""
    curves = [curve for curve in comparison.curves if curve.name in looks]
    return function_figure(curves, looks) if curves else None


def step_times(comparison: Comparison, looks: Looks) -> go.Figure | None:
    """Median time of a training step, quickest first."""
    times = {row.name: row.milliseconds_per_step for row in comparison.leaderboard}
    known = sorted((time, name) for name, time in times.items() if time is not None)
    if not known:
        return None
    quickest, longest = known[0][0], known[-1][0]
    figure = new_figure(70 + 34 * len(known))
    for place, (time, name) in enumerate(known):
        ratio = f"  ({time / quickest:.2f}×)" if quickest > 0 else ""
        figure.add_bar(
            x=rounded([time]),
            y=[place],
            orientation="h",
            width=0.6,
            marker={"color": looks[name].fill(0.85)},
            text=[f"{time:.3g} ms{ratio}"],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
            meta=looks[name].index,
        )
    name_rows(figure, [looks[name] for _, name in known])
    figure.update_xaxes(title_text="milliseconds per step", range=[0, 1.18 * longest or 1])
    figure.update_layout(margin={"t": 8})
    return figure


def name_rows(figure: go.Figure, looks: list[Look]) -> None:
    """Label the rows 0, 1, … of a horizontal chart, the first on top.

    Positions are numbers and names mere labels, because Plotly would read a category such as
    "1e5" or "2020-01-01" as a number or a date.
    """
    figure.update_yaxes(
        tickvals=list(range(len(looks))),
        ticktext=[look.label for look in looks],
        range=[len(looks) - 0.4, -0.6],
        # Invisible, they keep the names off the bars.
        tickcolor="rgba(0,0,0,0)",
        showgrid=False,
        tickfont={"size": 13, "color": INK},
    )


def axis_title(name: str, unit: str) -> str:
    """A name with its unit, where there is one."""
    return plotly_text(f"{name} ({unit})" if unit else name)


def view_buttons(
    views: dict[str, dict[str, object]], x: float, anchor: str, lift: int
) -> dict[str, object]:
    """A row of buttons above the chart that change its layout; the first is in force.

    Args:
        views: label of each button, and the changes of the layout that it makes.
        x: place as a share of the width.
        anchor: which side of the row stands at `x`.
        lift: height above the chart in pixels.
    """
    return {
        "type": "buttons",
        "direction": "right",
        "x": x,
        "xanchor": anchor,
        "y": 1,
        "yanchor": "bottom",
        "pad": {"b": lift, "r": 0, "l": 0},
        "bgcolor": "#ffffff",
        "bordercolor": "#c3cad2",
        "font": {"size": 12},
        "buttons": [
            {"label": label, "method": "relayout", "args": [change]}
            for label, change in views.items()
        ],
    }


def note(text: str, **place: object) -> dict[str, object]:
    """An annotation in quiet type, without an arrow."""
    return {"text": text, "showarrow": False, "font": {"size": 12, "color": MUTED}, **place}
