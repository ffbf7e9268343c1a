"""What each activation does to signal and gradient, layer by layer and epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nonlin.report.looks import MUTED, Look, Looks, padded, plotly_text, rounded
from nonlin.report.style import apply_template
from nonlin.report.summaries import median_layers

if TYPE_CHECKING:
    from nonlin.comparison.results import Comparison

# Each step of the slider carries every line's data; more steps would only swell the file.
_MOST_STEPS = 25


class _Panel(NamedTuple):
    column: str
    title: str
    row: int
    col: int


_PANELS = (
    _Panel("gradient_rms", "gradient arriving at the layer (RMS, log scale)", 1, 1),
    _Panel("blocked", "units that pass no gradient (%)", 1, 2),
    _Panel("activation_mean", "mean of the activations", 2, 1),
    _Panel("activation_std", "standard deviation of the activations", 2, 2),
)


def layers(comparison: Comparison, looks: Looks) -> go.Figure | None:
    """Four measurements by layer, with a slider over the epochs; the last epoch is shown first.

    Dotted lines in the gradient's panel keep the state before training in view.
    """
    table = comparison.layers
    table = table.loc[table["activation"].isin(list(looks))]
    if table.empty:
        return None
    figure = make_subplots(
        2,
        2,
        subplot_titles=[panel.title for panel in _PANELS],
        horizontal_spacing=0.09,
        vertical_spacing=0.17,
    )
    epochs = sorted(table["epoch"].unique())
    depth = sorted(table["layer"].unique())
    names = table.groupby("layer")["name"].first().reindex(depth)
    frames: dict[int, dict[int, list[float | None]]] = {epoch: {} for epoch in _steps(epochs)}
    for panel in _PANELS:
        values = _values(table, panel.column)
        for name, look in looks.items():
            if name not in values.index.get_level_values("activation"):
                continue
            mine = values.loc[name].unstack("layer").reindex(columns=depth)
            if panel.column == "gradient_rms" and len(epochs) > 1:
                _draw(figure, panel, look, names, rounded(mine.loc[mine.index[0]]), start=True)
            trace = len(list(figure.data))
            for epoch, frame in frames.items():
                frame[trace] = rounded(mine.reindex([epoch]).iloc[0], 4)
            _draw(figure, panel, look, names, frames[epochs[-1]][trace])
        _set_axis(figure, panel, values)
    apply_template(figure, 700)
    _number_layers(figure, depth)
    if len(frames) > 1:
        _add_slider(figure, frames)
    return figure


def _values(table: pd.DataFrame, column: str) -> pd.Series:
    values = median_layers(table, column)
    if column == "blocked":
        return 100 * values
    if column == "gradient_rms" and bool((values == 0).any()):
        # A logarithmic axis has no zero, and a vanished gradient must not vanish from the chart.
        return values.where(values != 0, floor(values))
    return values


def floor(values: pd.Series) -> float:
    """Where a gradient of exactly zero is drawn: a decade under the smallest that is not."""
    positive = values[values > 0]
    return float(positive.min()) / 10 if len(positive) else 1e-12


def _steps(epochs: list[int]) -> list[int]:
    chosen = np.linspace(0, len(epochs) - 1, min(len(epochs), _MOST_STEPS)).round().astype(int)
    return [int(epochs[place]) for place in chosen]


def _draw(
    figure: go.Figure,
    panel: _Panel,
    look: Look,
    names: pd.Series,
    values: list[float | None],
    start: bool = False,
) -> None:
    when = " before training" if start else ""
    style = {"color": look.colour, "dash": "dot" if start else look.dash}
    figure.add_scatter(
        x=[int(layer) + 1 for layer in names.index],
        y=values,
        customdata=[plotly_text(str(name)) for name in names],
        mode="lines" if start and len(names) > 1 else "lines+markers",
        line={**style, "width": 1.2 if start else 2},
        marker={"symbol": look.symbol, "size": 5 if start else 7, "color": look.colour},
        opacity=0.6 if start else 1,
        hovertemplate=f"{look.label}{when}<br>layer %{{x}} (%{{customdata}}): %{{y}}"
        "<extra></extra>",
        meta=look.index,
        row=panel.row,
        col=panel.col,
    )


def _set_axis(figure: go.Figure, panel: _Panel, values: pd.Series) -> None:
    """Fix the range over all epochs, so that moving the slider shows real change."""
    shown = values[np.isfinite(values)]
    place: dict[str, Any] = {"row": panel.row, "col": panel.col}
    if panel.column == "gradient_rms":
        figure.update_yaxes(type="log", exponentformat="power", **place)
        shown = np.log10(shown[shown > 0])
    if panel.column == "blocked":
        top = max(10.0, float(shown.max())) if len(shown) else 10.0
        figure.update_yaxes(range=[-0.04 * top, 1.06 * top], **place)
    elif len(shown):
        figure.update_yaxes(range=padded([shown.min(), shown.max()]), **place)


def _number_layers(figure: go.Figure, depth: list[int]) -> None:
    first, last = int(depth[0]) + 1, int(depth[-1]) + 1
    figure.update_xaxes(range=[first - 0.4, last + 0.4])
    if last - first < 20:
        figure.update_xaxes(dtick=1, tick0=first)
    figure.update_xaxes(title_text="activation layer (1 = nearest the input)", row=2)


def _add_slider(figure: go.Figure, frames: dict[int, dict[int, list[float | None]]]) -> None:
    steps = [
        {
            "label": str(epoch),
            "method": "restyle",
            "args": [{"y": list(frame.values())}, list(frame)],
        }
        for epoch, frame in frames.items()
    ]
    figure.update_layout(
        margin={"b": 120},
        sliders=[
            {
                "active": len(steps) - 1,
                "steps": steps,
                "currentvalue": {
                    "prefix": "after epoch ",
                    "font": {"size": 13},
                    "xanchor": "left",
                },
                "pad": {"t": 52, "b": 4},
                "font": {"size": 11, "color": MUTED},
                "bgcolor": "#e3e7ec",
                "activebgcolor": "#c3cad2",
                "bordercolor": "#c3cad2",
                "tickcolor": "#c3cad2",
            }
        ],
    )
