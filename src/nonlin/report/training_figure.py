"""Learning curves: mean over seeds by epoch, with the seeds' spread as a band."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nonlin.report.figures import axis_title, view_buttons
from nonlin.report.looks import Look, Looks, padded, rounded
from nonlin.report.style import apply_template
from nonlin.report.summaries import band, final_runs

if TYPE_CHECKING:
    from nonlin.comparison.results import Comparison

_FEWEST_EPOCHS_TO_ZOOM = 4


def learning_curves(comparison: Comparison, looks: Looks) -> go.Figure | None:
    """Validation metric and training loss by epoch: mean over seeds with its t interval.

    Buttons show the second half of training alone, where curves that rose from chance part.
    """
    metric = comparison.metric
    epochs = final_runs(comparison.epochs)
    epochs = epochs.assign(score=metric.scale * epochs["validation_metric"].astype(float))
    losses = epochs["train_loss"].dropna()
    log = bool((losses > 0).all())
    scores = _bands(epochs, "score", looks, comparison.confidence)
    losses = _bands(epochs, "train_loss", looks, comparison.confidence, log)
    if not scores and not losses:
        return None
    titles = [f"validation {metric.name}", "training loss"]
    figure = make_subplots(1, 2, subplot_titles=titles, horizontal_spacing=0.09)
    for place, tables in enumerate([scores, losses], start=1):
        for name, table in tables.items():
            _draw(figure, table, looks[name], place)
    apply_template(figure, 400)
    figure.update_xaxes(title_text="epoch")
    figure.update_yaxes(title_text=axis_title(metric.name, metric.unit), col=1)
    figure.update_yaxes(title_text="loss (log scale)" if log else "loss", col=2)
    if log:
        figure.update_yaxes(type="log", dtick=1, col=2)
        figure.update_yaxes(minor={"showgrid": True, "gridcolor": "#f5f7f9"}, col=2)
    if scores:
        _set_ranges(figure, scores)
    return figure


def _bands(
    epochs: pd.DataFrame, column: str, looks: Looks, confidence: float, log: bool = False
) -> dict[str, pd.DataFrame]:
    tables = {
        name: band(rows, column, confidence, log) for name, rows in epochs.groupby("activation")
    }
    return {name: tables[name] for name in looks if name in tables and len(tables[name])}


def _draw(figure: go.Figure, table: pd.DataFrame, look: Look, place: int) -> None:
    known = table.dropna()
    if len(known):
        figure.add_scatter(
            x=[*known.index, *known.index[::-1]],
            y=rounded([*known["high"], *known["low"][::-1]]),
            fill="toself",
            fillcolor=look.fill(0.13),
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            meta=look.index,
            row=1,
            col=place,
        )
    figure.add_scatter(
        x=list(table.index),
        y=rounded(table["mean"]),
        customdata=table["count"].tolist(),
        mode="lines" if len(table) > 1 else "markers",
        line={"color": look.colour, "dash": look.dash, "width": 2},
        marker={"color": look.colour, "symbol": look.symbol, "size": 8},
        hovertemplate=f"{look.label}<br>epoch %{{x}}: %{{y}}<br>"
        "seeds: %{customdata}<extra></extra>",
        meta=look.index,
        row=1,
        col=place,
    )


def _set_ranges(figure: go.Figure, scores: dict[str, pd.DataFrame]) -> None:
    # Sorted, so that a slice by epoch is one.
    table = pd.concat(scores.values()).sort_index()
    last = max(map(int, table.index))
    half = last // 2
    whole: dict[str, object] = {"xaxis.range": [0, last], "yaxis.range": _range(table)}
    figure.update_xaxes(range=[0, last] if last else [-1, 1], col=1)
    figure.update_yaxes(range=_range(table), col=1)
    if last < _FEWEST_EPOCHS_TO_ZOOM:
        return
    late: dict[str, object] = {
        "xaxis.range": [half, last],
        "yaxis.range": _range(table.loc[half:]),
    }
    figure.update_layout(
        margin={"t": 66},
        updatemenus=[
            view_buttons({"All epochs": whole, "Second half": late}, x=0, anchor="left", lift=26)
        ],
    )


def _range(table: pd.DataFrame) -> list[float]:
    """A range that holds every mean; the wide bands of two or three seeds may leave it."""
    means = table["mean"].to_numpy()
    room = 0.35 * (means.max() - means.min())
    low = np.fmin.reduce([*table["low"], means.min()])
    high = np.fmax.reduce([*table["high"], means.max()])
    return list(padded([max(means.min() - room, low), min(means.max() + room, high)]))
