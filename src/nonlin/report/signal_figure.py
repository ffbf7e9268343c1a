"""Charts of what depth does to activations: theory as lines, networks as bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from nonlin.report.figures import note
from nonlin.report.looks import MUTED, Look, Looks, rounded
from nonlin.report.style import new_figure
from nonlin.signal.precision import FORMATS

if TYPE_CHECKING:
    from nonlin.signal import Propagation

_HEIGHT = 380
# A logarithmic axis has no 0; what lies below cannot be told apart in a picture anyway.
_SMALLEST, _LARGEST = 1e-48, 1e48


def variance_figure(results: Sequence[Propagation], looks: Looks) -> go.Figure:
    """Variance of z by layer."""
    figure = _by_layer("variance of z", log=True)
    for result in results:
        look = looks[result.name]
        _band(figure, result, look, "variance", log=True)
        _line(figure, result.theory.variance, look)
    return figure


def gradient_figure(results: Sequence[Propagation], looks: Looks) -> go.Figure:
    """Root mean square of the gradient by layer, with what the formats can hold."""
    figure = _by_layer("gradient (RMS), 1 at the last layer", log=True)
    lowest = 1.0
    for result in results:
        look = looks[result.name]
        _band(figure, result, look, "gradient", log=True, root=True)
        rms = np.sqrt(result.theory.gradient)
        _line(figure, rms, look)
        lowest = min(lowest, float(np.clip(np.nanmin(rms), _SMALLEST, None)))
    for format in FORMATS:
        if format.smallest > lowest / 10:
            _limit(figure, format.smallest, f"smallest {format.name}")
    return figure


def correlation_figure(results: Sequence[Propagation], looks: Looks) -> go.Figure:
    """Correlation of two inputs by layer."""
    figure = _by_layer("correlation of two inputs", log=False)
    for result in results:
        look = looks[result.name]
        _band(figure, result, look, "correlation")
        _line(figure, result.theory.correlation, look)
    return figure


def critical_figure(results: Sequence[Propagation], looks: Looks) -> go.Figure:
    """The critical line of each activation, and where its weights and biases are drawn."""
    figure = new_figure(_HEIGHT)
    for result in results:
        look = looks[result.name]
        line = result.critical_line
        figure.add_scatter(
            x=rounded(point[1] for point in line),
            y=rounded(point[2] for point in line),
            mode="lines+markers" if len(line) > 1 and _moves(line) else "markers",
            line={"color": look.colour, "dash": look.dash, "width": 2},
            marker={"color": look.colour, "size": 4},
            customdata=rounded(point[0] for point in line),
            hovertemplate=f"{look.label}, critical at q = %{{customdata}}<br>"
            "σ_w = %{x}, σ_b = %{y}<extra></extra>",
            meta=look.index,
        )
        figure.add_scatter(
            x=rounded([np.sqrt(result.setting.weight_variance)]),
            y=rounded([np.sqrt(result.setting.bias_variance)]),
            mode="markers",
            marker={"color": look.colour, "size": 13, "symbol": "x"},
            hovertemplate=f"{look.label}, as drawn<br>σ_w = %{{x}}, σ_b = %{{y}}<extra></extra>",
            meta=look.index,
        )
    figure.update_xaxes(title_text="σ_w, weights")
    figure.update_yaxes(title_text="σ_b, biases", rangemode="tozero")
    figure.update_layout(margin={"t": 12})
    return figure


def _moves(line: Sequence[tuple[float, float, float]]) -> bool:
    return len({(round(w, 6), round(b, 6)) for _, w, b in line}) > 1


def _by_layer(title: str, *, log: bool) -> go.Figure:
    figure = new_figure(_HEIGHT)
    figure.update_xaxes(title_text="layer")
    figure.update_yaxes(title_text=title)
    if log:
        figure.update_yaxes(type="log", exponentformat="power", tickformat=".3~g")
    figure.update_layout(margin={"t": 12})
    return figure


def _line(figure: go.Figure, values: np.ndarray, look: Look) -> None:
    figure.add_scatter(
        x=list(range(len(values))),
        y=rounded(_drawable(values)),
        mode="lines",
        line={"color": look.colour, "dash": look.dash, "width": 2, "simplify": False},
        hovertemplate=f"{look.label}, theory<br>layer %{{x}}: %{{y}}<extra></extra>",
        meta=look.index,
    )


def _dots(figure: go.Figure, values: np.ndarray, look: Look) -> None:
    figure.add_scatter(
        x=list(range(len(values))),
        y=rounded(values),
        mode="markers",
        marker={"color": look.colour, "symbol": look.symbol, "size": 5},
        hovertemplate=f"{look.label}, networks<br>layer %{{x}}: %{{y}}<extra></extra>",
        meta=look.index,
    )


def _band(
    figure: go.Figure,
    result: Propagation,
    look: Look,
    name: str,
    *,
    log: bool = False,
    root: bool = False,
) -> None:
    """The interval of the networks' mean, and the mean itself as dots."""
    found = result.simulated(name)
    if found is None:
        return
    mean, low, high = (np.sqrt(np.clip(v, 0, None)) if root else v for v in found)
    if np.isfinite(low).all():
        if log:  # An interval that reaches 0 would have no end.
            low = np.maximum(low, mean / 10)
        layers: list[Any] = list(range(len(mean)))
        figure.add_scatter(
            x=layers + layers[::-1],
            y=rounded(_drawable(np.concatenate([high, low[::-1]]))),
            fill="toself",
            fillcolor=look.fill(0.15),
            line={"width": 0},
            hoverinfo="skip",
            meta=look.index,
        )
    _dots(figure, _drawable(mean), look)


def _drawable(values: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.where((values > _SMALLEST) & (values < _LARGEST) | (values < 0), values, np.nan)


def _limit(figure: go.Figure, value: float, text: str) -> None:
    figure.add_hline(y=value, line={"color": MUTED, "width": 1, "dash": "dot"})
    figure.add_annotation(
        **note(text, x=1, xref="paper", xanchor="right", y=np.log10(value), yanchor="bottom")
    )
