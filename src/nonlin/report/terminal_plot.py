"""Functions and derivatives drawn with characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from rich.text import Text

from nonlin.curves import Curve, heights
from nonlin.errors import require
from nonlin.report.looks import Look, Looks, padded

HEIGHT = 16
_WIDEST = 120
# Narrower than this, function and derivative stand one above the other.
_BESIDE = 64
_TITLES = ("function", "derivative")
# Without colours, curves are told apart by what they are drawn with.
_MARKS = ("braille", "•", "+", "×", "o", "#", "%", "@")
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def plot(curves: Sequence[Curve], looks: Looks, width: int, coloured: bool) -> Text:
    """Curves and their derivatives, with a key where there are several.

    Args:
        curves: what is drawn.
        looks: the colours, by the curve's name.
        width: characters in a line.
        coloured: whether colours tell the curves apart; other characters do otherwise.
    """
    plotext = require("plotext", "plot", "a plot in the terminal")
    figure = plotext.figure
    figure.clear()
    width = min(width, _WIDEST)
    across, down = (2, 1) if width >= _BESIDE else (1, 2)
    figure.subplots(down, across)
    figure.plot_size(width, HEIGHT * down)
    windows = heights(curves)
    for place, (title, window) in enumerate(zip(_TITLES, windows, strict=True)):
        part = figure.subplot(*((1, place + 1) if across == 2 else (place + 1, 1)))
        part.theme("colorless")
        part.title(title)
        part.legend(False)
        _scale(part.ruler("x"), float(curves[0].x[0]), float(curves[0].x[-1]), width // across // 7)
        _scale(part.ruler("y"), *padded(window), HEIGHT // 3)
        for index, curve in enumerate(curves):
            colour = _colour(looks[curve.name])
            pens = plotext.marker(_mark(index, coloured), colour), plotext.marker("●", colour)
            columns = np.arange(index, width // across, max(2, len(curves)))
            alone = columns / (width // across) if index and not coloured else None
            _draw(part, curve, place, pens, alone, window)
    drawn = Text.from_ansi(figure.build().string(not coloured), no_wrap=True, overflow="crop")
    figure.clear()
    return Text("\n").join([drawn, *_key(curves, looks, coloured)])


def _mark(index: int, coloured: bool) -> str:
    return "braille" if coloured else _MARKS[index % len(_MARKS)]


def _colour(look: Look) -> tuple[int, ...]:
    return tuple(int(look.colour[i : i + 2], 16) for i in (1, 3, 5))


def _draw(part, curve: Curve, place: int, pens, alone, window) -> None:
    y = np.asarray((curve.value, curve.derivative)[place], dtype=float)
    low, high = padded(window)
    shown = np.isfinite(y) & (y >= low) & (y <= high)
    if alone is not None:
        # Points that take turns with the other curves' hide nothing.
        at = np.unique((alone * (len(y) - 1)).round().astype(int))
        at = at[shown[at]]
        part.draw(part.signal(curve.x[at].tolist(), y[at].tolist(), marker=pens[0]))
    else:
        # A line over a gap would claim values that are not there.
        for run in np.split(np.arange(len(y)), np.flatnonzero(np.diff(shown)) + 1):
            if shown[run[0]]:
                signal = part.signal(curve.x[run].tolist(), y[run].tolist(), marker=pens[0])
                part.draw(signal.lines())
    for at, height in (curve.value_dots, curve.derivative_dots)[place]:
        if low <= height <= high:
            part.draw(part.signal([at], [height], marker=pens[1]))


def _scale(ruler, low: float, high: float, most: int) -> None:
    ruler.lim(low, high)
    ticks = round_ticks(low, high, most)
    ruler.ticks(ticks, [f"{tick:g}".replace("-", "−") for tick in ticks])


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between two ends, at most so many.

    Example:
        >>> round_ticks(-3.2, 3.2, 7)
        [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]
    """
    least = (high - low) / max(1, most)
    unit = 10.0 ** math.floor(math.log10(least))
    step = next(unit * s for s in _STEPS if unit * s >= least * (1 - 1e-9))
    return [
        round(i * step, 12) + 0.0 for i in range(math.ceil(low / step), math.floor(high / step) + 1)
    ]


def _key(curves: Sequence[Curve], looks: Looks, coloured: bool) -> list[Text]:
    if len(curves) < 2:
        return []
    key = Text("     ")
    for index, curve in enumerate(curves):
        mark = _mark(index, coloured)
        key.append("⠒⠒ " if mark == "braille" else mark * 2 + " ", looks[curve.name].colour)
        key.append(curve.name + "   ")
    return [key]
