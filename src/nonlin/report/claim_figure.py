"""The picture of a claim, as an SVG file that comes out the same from the same data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nonlin.claims.claim import Panel, Series
from nonlin.errors import require
from nonlin.report.looks import AXIS_LINE, GRID, INK, MUTED, assign_looks
from nonlin.report.pictures import DASHES, METADATA, STYLE, saved

_WIDTH, _HEIGHT, _COLUMNS = 4.6, 3.1, 2
_KEY_COLUMNS = 4


def svg(panels: Sequence[Panel]) -> str:
    """Draw the panels of a claim beside one another.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    mpl = require("matplotlib", "plot", "the picture of a claim")
    make_figure = require("matplotlib.figure", "plot", "the picture of a claim").Figure
    names = list(dict.fromkeys(series.name for panel in panels for series in panel.series))
    looks = assign_looks(names)
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    with mpl.rc_context(STYLE):
        key = 0.25 * -(-len(names) // _KEY_COLUMNS) + 0.1
        height = _HEIGHT * rows + key
        figure = make_figure(figsize=(max(_WIDTH * columns, 6.4), height), layout="constrained")
        figure.get_layout_engine().set(rect=(0, 0, 1, 1 - key / height))
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        handles: dict[str, Any] = {}
        for axes, panel in zip(grid, panels, strict=False):
            for series in panel.series:
                handles.setdefault(series.name, _line(axes, series, looks[series.name]))
            _dress(axes, panel)
        for axes in grid[len(panels) :]:
            axes.remove()
        columns = min(_KEY_COLUMNS, len(handles))
        place = {"loc": "upper center", "ncols": columns, "frameon": False, "labelcolor": INK}
        legend = figure.legend(handles.values(), ["x"] * len(handles), **place)
        # Set afterwards: a label may begin with "_" or hold "$", which mean something there.
        for text, name in zip(legend.get_texts(), handles, strict=True):
            text.set_parse_math(False)
            text.set_text(name)
        return saved(figure, "svg", metadata=METADATA).decode()


def _line(axes: Any, series: Series, look: Any) -> Any:
    x, y = [*map(float, series.x)], _floats(series.y)
    if len(series.low):
        band = {"color": look.colour, "alpha": 0.15, "linewidth": 0}
        axes.fill_between(x, _floats(series.low), _floats(series.high), **band)
    mark = "o" if len(x) <= 12 else None
    style = {"color": look.colour, "linestyle": DASHES[look.dash], "linewidth": 1.5}
    return axes.plot(x, y, marker=mark, markersize=3.5, **style)[0]


def _dress(axes: Any, panel: Panel) -> None:
    axes.set_title(panel.title, color=INK, fontsize=9.5, parse_math=False)
    axes.set_xlabel(panel.x, color=MUTED)
    axes.set_ylabel(panel.y, color=MUTED)
    if "x" in panel.log:
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    elif all(float(x).is_integer() for series in panel.series for x in series.x):
        axes.xaxis.get_major_locator().set_params(integer=True)
    if "y" in panel.log:
        axes.set_yscale("log")
    axes.grid(color=GRID)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_color(AXIS_LINE)


def _floats(values: Sequence[float | None]) -> list[float]:
    return [math.nan if value is None else float(value) for value in values]
