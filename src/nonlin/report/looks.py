"""How an activation looks in every medium: one colour and line style each."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", '
    "Arial, sans-serif"
)
INK = "#1d2733"
MUTED = "#5b6673"
RULE = "#e3e7ec"
BASELINE = "#3d4854"
AXIS_LINE = "#c3cad2"
GRID = "#edf0f3"

# Okabe and Ito's colour-blind-safe set without its yellow and black, which are too pale on
# white and too close to the baseline's grey, and with Tol's wine added.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#882255")
# Paired with the colours one to one, so that no line is told apart by its colour alone.
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "star")
DASHES = {"solid": "", "dash": "7 3", "dot": "2 3", "dashdot": "7 3 2 3"}

_LONGEST_LABEL = 26


@dataclass(frozen=True)
class Look:
    """How one activation is drawn in every chart.

    Args:
        index: its position among the activations; the ``meta`` of each of its traces.
        name: the name as the user gave it: unsafe, for templates that escape.
        label: the name shortened, for Plotly's own little markup language.
        colour: a hexadecimal colour.
        dash: a Plotly line style, a key of ``DASHES``.
        symbol: a Plotly marker symbol.
    """

    index: int
    name: str
    label: str
    colour: str
    dash: str
    symbol: str

    @property
    def dash_array(self) -> str:
        """The line style in SVG's terms, for the keys beside the charts."""
        return DASHES[self.dash]

    def fill(self, opacity: float) -> str:
        """The colour as ``rgba(...)``, for bands."""
        red, green, blue = (int(self.colour[i : i + 2], 16) for i in (1, 3, 5))
        return f"rgba({red},{green},{blue},{opacity})"


Looks = dict[str, Look]


def assign_looks(names: Iterable[str], baseline: str | None = None) -> Looks:
    """Give every activation a look of its own; the baseline is the one in grey."""
    looks: Looks = {}
    dashes = tuple(DASHES)
    coloured = 0
    for index, name in enumerate(dict.fromkeys(names)):
        if name == baseline:
            colour, dash, symbol = BASELINE, "solid", "circle-open"
        else:
            lap, place = divmod(coloured, len(PALETTE))
            colour, symbol = PALETTE[place], SYMBOLS[place]
            dash = dashes[lap % len(dashes)]
            coloured += 1
        looks[name] = Look(index, name, plotly_text(name), colour, dash, symbol)
    return looks


def plotly_text(text: str) -> str:
    """Text that Plotly shows letter for letter.

    Plotly reads tags such as ``<b>`` in labels, ``%{x}`` in hover templates, and shortens
    nothing by itself.

    Example:
        >>> plotly_text("<b>x</b> %{y}")
        '&lt;b&gt;x&lt;/b&gt; &#37;{y}'
    """
    if len(text) > _LONGEST_LABEL:
        text = text[: _LONGEST_LABEL - 1] + "…"
    return html.escape(text, quote=False).replace("%", "&#37;")


def rounded(values: Iterable[float], digits: int = 5) -> list[float | None]:
    """Values at the precision of a drawing, with a gap (None) where one is not finite.

    Full precision would double the size of the file and move no pixel.

    Example:
        >>> rounded([0.123456789, float("nan")])
        [0.12346, None]
    """
    return [float(f"{v:.{digits}g}") if math.isfinite(v) else None for v in map(float, values)]


def padded(values: Sequence[float], share: float = 0.06) -> tuple[float, float]:
    """The range of some values with a margin on either side."""
    low, high = min(values), max(values)
    pad = (high - low) * share or abs(high) * share or 1.0
    return low - pad, high + pad
