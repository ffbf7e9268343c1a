"""Still pictures of activations: PNG for files, SVG for notebooks and docs."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

from nonlin.activation import Activation
from nonlin.curves import Curve, curves_of, heights
from nonlin.errors import require
from nonlin.report.looks import AXIS_LINE, GRID, INK, MUTED, Looks, assign_looks, padded

_TITLES = ("function", "derivative")
_INCHES = (7.2, 2.8)
_THUMBNAIL = (1.5, 0.75)
_KEY_ROW = 0.28
_KEY_COLUMNS = 4
_DOTS_PER_INCH = 200
STYLE = {
    "font.family": "sans-serif",
    "font.size": 9,
    # Text stays text: the reader's own fonts, and a third of the size.
    "svg.fonttype": "none",
    "svg.hashsalt": "nonlin",
    "path.simplify_threshold": 0.2,
}
# Plotly's words for line styles, in matplotlib's.
DASHES = {"solid": "-", "dash": "--", "dot": ":", "dashdot": "-."}
METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def png(records: Sequence[Activation]) -> bytes:
    """Functions and derivatives over one another, as a PNG file.

    Args:
        records: one activation or several; several have a key.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    return saved(_picture(curves_of(records)), "png", dpi=_DOTS_PER_INCH)


def svg(records: Sequence[Activation]) -> str:
    """The same as an ``<svg>`` element that scales to the width it is given.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    return _inline(saved(_picture(curves_of(records)), "svg", metadata=METADATA).decode())


def thumbnail(record: Activation) -> str:
    """The function in its colour over the derivative in grey, without words, as SVG.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    with _style():
        figure = _figure(_THUMBNAIL)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        curves = curves_of([record])
        axes.axhline(0, color=GRID, linewidth=0.8)
        axes.axvline(0, color=GRID, linewidth=0.8)
        looks = assign_looks(curve.name for curve in curves)
        for curve in curves:
            axes.plot(curve.x, curve.derivative, color=AXIS_LINE, linewidth=1.2)
            axes.plot(curve.x, curve.value, color=looks[curve.name].colour, linewidth=1.6)
        windows = heights(curves)
        axes.set_ylim(padded((min(w[0] for w in windows), max(w[1] for w in windows)), 0.08))
        axes.set_xlim(curves[0].x[0], curves[0].x[-1])
    return _inline(saved(figure, "svg", metadata=METADATA).decode())


def _style() -> Any:
    return require("matplotlib", "plot", "a picture").rc_context(STYLE)


def _figure(inches: tuple[float, float]) -> Any:
    # The figure alone, without pyplot: no windows, no state that a notebook shares.
    return require("matplotlib.figure", "plot", "a picture").Figure(figsize=inches)


def _picture(curves: Sequence[Curve]) -> Any:
    looks = assign_looks(curve.name for curve in curves)
    rows = -(-len(curves) // _KEY_COLUMNS) if len(curves) > 1 else 0
    with _style():
        figure = _figure((_INCHES[0], _INCHES[1] + _KEY_ROW * rows))
        figure.set_layout_engine("constrained")
        for place, window in enumerate(heights(curves)):
            axes = figure.add_subplot(1, 2, place + 1)
            _dress(axes, _TITLES[place])
            for curve in curves:
                _draw(axes, curve, place, looks)
            axes.set_ylim(padded(window))
            axes.set_xlim(curves[0].x[0], curves[0].x[-1])
        if rows:
            _key(figure, curves, looks)
    return figure


def _dress(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=10, color=INK)
    axes.set_xlabel("x", color=MUTED)
    axes.grid(color=GRID, linewidth=0.8)
    axes.axhline(0, color=AXIS_LINE, linewidth=0.8)
    axes.axvline(0, color=AXIS_LINE, linewidth=0.8)
    axes.tick_params(length=0, pad=6, labelcolor=MUTED)
    axes.set_axisbelow(True)
    for side in ("top", "right", "bottom", "left"):
        axes.spines[side].set_visible(False)


def _draw(axes: Any, curve: Curve, place: int, looks: Looks) -> None:
    look = looks[curve.name]
    y = (curve.value, curve.derivative)[place]
    axes.plot(curve.x, y, color=look.colour, linestyle=DASHES[look.dash], linewidth=1.8)
    for at, height in (curve.value_dots, curve.derivative_dots)[place]:
        axes.plot([at], [height], color=look.colour, marker="o", markersize=4)


def _key(figure: Any, curves: Sequence[Curve], looks: Looks) -> None:
    lines = require("matplotlib.lines", "plot", "a picture")
    styles = [looks[curve.name] for curve in curves]
    handles = [
        lines.Line2D([], [], color=s.colour, linestyle=DASHES[s.dash], linewidth=1.8)
        for s in styles
    ]
    columns = min(len(curves), _KEY_COLUMNS)
    place = "outside lower center"
    key = figure.legend(handles, ["x"] * len(handles), loc=place, ncols=columns, frameon=False)
    # Set afterwards: a label may begin with "_" or hold "$", which mean something there.
    for text, curve in zip(key.get_texts(), curves, strict=True):
        text.set_parse_math(False)
        text.set_text(_shortened(curve.name))


def _shortened(name: str, longest: int = 28) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"


def saved(figure: Any, form: str, **options: Any) -> bytes:
    """A figure as the bytes of a file, in the house's style."""
    target = io.BytesIO()
    with _style():
        figure.savefig(target, format=form, facecolor="white", **options)
    return target.getvalue()


def _inline(text: str) -> str:
    """An SVG document as an element beside others: nothing of it reaches the rest of the page."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Its style would be the whole page's; what it says is said on the element.
    text = re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    size = 'style="max-width:100%;height:auto;stroke-linejoin:round;stroke-linecap:butt" '
    return re.sub(r"\n\s*", "\n", text.replace("<svg ", f"<svg {size}", 1)).strip()
