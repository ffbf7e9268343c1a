"""The charts of a diagnosis: gradient flow, open gates, inputs under the function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nonlin.report.looks import AXIS_LINE, INK, MUTED, PALETTE, plotly_text, rounded
from nonlin.report.style import apply_template, new_figure

if TYPE_CHECKING:
    from nonlin.diagnosis.statistics import Run, Site

# More rows or columns than this are thinned: a cell would be less than a few pixels.
_MOST_STEPS, _MOST_LAYERS, _MOST_LINES = 80, 60, 7


def gradient_flow(run: Run) -> go.Figure | None:
    """Gradient over weights, by layer and step, as a heat map on a logarithmic scale."""
    from nonlin.diagnosis import evidence as ev

    pairs = ev.weights_in_order(run)
    traces = [(w.layer, ev.relative_gradient(p)) for w, p in pairs]
    traces = [(name, t) for name, t in traces if t.steps.size]
    steps = sorted({int(s) for _, t in traces for s in t.steps})
    if not traces or len(steps) < 2:
        return None
    steps = _thinned(steps, _MOST_STEPS)
    traces = _thinned(traces, _MOST_LAYERS)
    values = []
    for _, trace in traces:
        by_step = dict(zip(trace.steps.tolist(), trace.values.tolist(), strict=True))
        values.append([by_step.get(step, math.nan) for step in steps])
    figure = new_figure(110 + 22 * len(traces))
    cells = {"x": [str(step) for step in steps], "y": list(range(len(traces)))}
    logarithms = [[_log10(value) for value in row] for row in values]
    figure.add_heatmap(
        z=logarithms,
        **cells,
        colorscale="Viridis",
        colorbar={"title": {"text": "log₁₀", "side": "right"}, "thickness": 12},
        showscale=any(cell is not None for row in logarithms for cell in row),
        hovertemplate="step %{x}: 10^%{z:.2f}<extra></extra>",
        hoverongaps=False,
    )
    # 0 has no logarithm, and a color of its own.
    figure.add_heatmap(
        z=[[0 if value == 0 else None for value in row] for row in values],
        **cells,
        colorscale=[[0, AXIS_LINE], [1, AXIS_LINE]],
        showscale=False,
        hovertemplate="step %{x}: 0<extra></extra>",
        hoverongaps=False,
    )
    figure.update_xaxes(type="category", title_text="optimizer step", nticks=12)
    figure.update_yaxes(
        tickvals=list(range(len(traces))),
        ticktext=[plotly_text(name) for name, _ in traces],
        range=[len(traces) - 0.5, -0.5],
        showgrid=False,
    )
    figure.update_layout(margin={"t": 12})
    return figure


def openness(run: Run) -> go.Figure | None:
    """Share of entries whose gate is open, by step."""
    from nonlin.diagnosis import evidence as ev

    sites = [s for s in ev.hidden(run) if len(s.series) > 1]
    if not sites:
        return None
    figure = new_figure(340)
    for number, site in enumerate(_thinned(sites, _MOST_LINES)):
        steps, table = site.series.table()
        name = plotly_text(f"{site.layer} {site.record!r}")
        figure.add_scatter(
            x=steps.tolist(),
            y=rounded(100 * table["open"]),
            mode="lines+markers",
            line={"color": PALETTE[number % len(PALETTE)], "width": 2},
            marker={"size": 4},
            name=name,
            hovertemplate=f"{name}<br>step %{{x}}: %{{y}} %<extra></extra>",
        )
    figure.update_xaxes(title_text="optimizer step")
    figure.update_yaxes(title_text="open gates (%)", range=[-3, 103])
    figure.update_layout(margin={"t": 12}, showlegend=True, legend={"orientation": "h", "y": -0.25})
    return figure


def under_the_function(site: Site) -> go.Figure | None:
    """The network's own inputs to an activation, drawn under the function and its derivative."""
    from nonlin.diagnosis.measuring import BINS, REACH

    if site.histogram is None:
        return None
    counts = site.histogram.cpu().numpy().astype(float)
    width = 2 * REACH / BINS
    middles = -REACH + width * (np.arange(BINS) + 0.5)
    total = counts.sum()
    share = counts / total if total else counts
    x = np.linspace(-REACH, REACH, 321)
    value, slope = np.asarray(site.record(x)), np.asarray(site.record.derivative(x))
    figure = make_subplots(1, 2, subplot_titles=("function", "derivative"), horizontal_spacing=0.1)
    for place, curve in ((1, value), (2, slope)):
        low, high = float(np.nanmin(curve)), float(np.nanmax(curve))
        span = (high - low) or 1.0
        height = share / share.max() * 0.9 * span if total else share
        figure.add_bar(
            x=rounded(middles),
            y=rounded(height),
            base=low,
            width=width,
            marker={"color": "rgba(213,94,0,0.35)"},
            customdata=rounded(100 * share),
            hovertemplate="z near %{x}: %{customdata} % of inputs<extra></extra>",
            row=1,
            col=place,
        )
        figure.add_scatter(
            x=rounded(x),
            y=rounded(curve),
            mode="lines",
            line={"color": INK, "width": 2, "simplify": False},
            hovertemplate="z = %{x}: %{y}<extra></extra>",
            row=1,
            col=place,
        )
        figure.update_xaxes(
            title_text="z", zeroline=True, zerolinecolor=AXIS_LINE, row=1, col=place
        )
    if not total:
        figure.add_annotation(
            text="no input lies within ±8", showarrow=False, font={"color": MUTED}, x=0, y=0
        )
    apply_template(figure, 320)
    figure.update_layout(margin={"t": 28}, bargap=0)
    return figure


def _thinned(items: list, most: int) -> list:
    """Evenly chosen items, the first and the last among them."""
    if len(items) <= most:
        return items
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def _log10(value: float) -> float | None:
    return round(math.log10(value), 3) if math.isfinite(value) and value > 0 else None
