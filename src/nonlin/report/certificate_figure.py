"""The picture of a certificate: error by binade, the negative side on the left of the positive."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nonlin.report.looks import MUTED, PALETTE, SYMBOLS, plotly_text
from nonlin.report.style import apply_template

if TYPE_CHECKING:
    from nonlin.certification.certificate import Binade, Certificate

# Largest error, its colour and its name; the first is what rounding alone gives.
LEVELS = (
    (0.5, "#7fc8ae", "correctly rounded"),
    (1.0, "#8fbfe0", "up to 1 ULP"),
    (2.0, "#f0c35a", "up to 2 ULP"),
    (10.0, "#e2843c", "up to 10 ULP"),
    (math.inf, "#a3174f", "above 10 ULP"),
)
SHARE_ROUNDED, SHARE_ABOVE = "#b9c4cf", "#3d4854"
# Where functions bend; the first view shows no less.
_VIEW = (-12, 8)
# The first view shows no more; what lies beyond is told beside it.
_FARTHEST = (-32, 32)
_FLOOR = 0.2
_TIE = 1e-6


def errors_by_binade(certificates: list[Certificate]) -> go.Figure:
    """Largest error and share of wrong roundings in every binade, on either side of 0.

    Args:
        certificates: one is drawn as bars, several as lines.
    """
    figure = make_subplots(
        2,
        2,
        shared_xaxes=True,
        shared_yaxes=True,
        row_heights=[0.7, 0.3],
        horizontal_spacing=0.012,
        vertical_spacing=0.05,
        subplot_titles=["x negative", "x positive"],
    )
    for index, certificate in enumerate(certificates):
        for column, negative in ((1, True), (2, False)):
            binades = [b for b in certificate.binades if b.negative == negative]
            if len(certificates) == 1:
                _bars(figure, binades, column)
            else:
                _lines(figure, certificate, binades, index, column)
    apply_template(figure, 520)
    figure.update_layout(barmode="overlay", bargap=0, margin={"t": 30, "l": 70})
    _dress(figure, certificates)
    return figure


def _bars(figure: go.Figure, binades: list[Binade], column: int) -> None:
    middles = [b.exponent + 0.5 for b in binades]
    texts = [_hover(b) for b in binades]
    shown = [b for b in binades if b.max_ulp > 0]
    figure.add_bar(
        x=[b.exponent + 0.5 for b in shown],
        # On a logarithmic axis a bar stands on the lower edge of the view.
        y=[max(b.max_ulp, _FLOOR * 1.1) for b in shown],
        width=0.94,
        marker={"color": [_colour(b.max_ulp) for b in shown], "line": {"width": 0}},
        hovertext=[_hover(b) for b in shown],
        hoverinfo="text",
        row=1,
        col=column,
    )
    exact = [b for b in binades if b.max_ulp == 0]
    figure.add_scatter(
        x=[b.exponent + 0.5 for b in exact],
        y=[_FLOOR * 1.12] * len(exact),
        mode="markers",
        marker={"size": 4, "color": LEVELS[0][1]},
        hovertext=[_hover(b) for b in exact],
        hoverinfo="text",
        row=1,
        col=column,
    )
    for values, colour in (
        ([_share(b.above_half, b) for b in binades], SHARE_ROUNDED),
        ([_share(b.above_1, b) for b in binades], SHARE_ABOVE),
    ):
        figure.add_bar(
            x=middles,
            y=values,
            width=0.94,
            marker={"color": colour, "line": {"width": 0}},
            hovertext=texts,
            hoverinfo="text",
            row=2,
            col=column,
        )


def _lines(
    figure: go.Figure, certificate: Certificate, binades: list[Binade], index: int, column: int
) -> None:
    colour, symbol = PALETTE[index % len(PALETTE)], SYMBOLS[index % len(SYMBOLS)]
    # Beside one another, so that no line hides a second one that is equal.
    middles = [b.exponent + 0.5 + 0.12 * index for b in binades]
    name = plotly_text(certificate.title)
    common = {
        "x": middles,
        "mode": "lines+markers",
        "line": {"color": colour, "width": 1.2, "dash": ("solid", "dot")[index % 2]},
        "marker": {"color": colour, "size": 5, "symbol": symbol},
        "hovertext": [f"<b>{name}</b><br>{_hover(b)}" for b in binades],
        "hoverinfo": "text",
    }
    heights = [max(b.max_ulp, _FLOOR * 1.1) for b in binades]
    figure.add_scatter(y=heights, row=1, col=column, **common)
    figure.add_scatter(y=[_share(b.above_1, b) for b in binades], row=2, col=column, **common)


def _dress(figure: go.Figure, certificates: list[Certificate]) -> None:
    worst = max((b.max_ulp for c in certificates for b in c.binades), default=1.0)
    top = math.ceil(math.log10(max(worst, 8.0)) + 0.05)
    # Over many decades there is room for fewer names.
    powers = range(1, top + 1, 1 if top <= 4 else 2)
    small = {0.5: "½", 1.0: "1", 2.0: "2"} if top <= 4 else {1.0: "1"}
    figure.update_yaxes(
        type="log",
        range=[math.log10(_FLOOR), top + 0.1],
        tickvals=[*small, *(10.0**k for k in powers)],
        ticktext=[*small.values(), *(_power_of_ten(k) for k in powers)],
        row=1,
    )
    figure.update_yaxes(title_text="largest error, ULP", row=1, col=1)
    words = "inputs, %" if len(certificates) == 1 else "above 1 ULP, %"
    figure.update_yaxes(range=[0, 104], tickvals=[0, 50, 100], row=2)
    figure.update_yaxes(title_text=words, row=2, col=1)
    for column in (1, 2):
        for error, colour in ((0.5, "#1f8f6b"), (1.0, MUTED)):
            figure.add_shape(
                type="line",
                xref="x domain",
                x0=0,
                x1=1,
                y0=error,
                y1=error,
                line={"color": colour, "width": 1, "dash": "dot"},
                row=1,
                col=column,
            )
    low, high = view(certificates)
    exponents = [b.exponent for c in certificates for b in c.binades]
    ends = (min(exponents, default=0), max(exponents, default=0) + 1)
    for column in (1, 2):
        span = [high, low] if column == 1 else [low, high]
        # The two sides meet in the middle, where there is room for neither's last name.
        marks = [e for e in ticks(*ends) if e > low or (low > ends[0] + 1 and e < low)]
        figure.update_xaxes(
            range=span,
            tickvals=marks,
            ticktext=[_tick(e, column == 1) for e in marks],
            tickangle=0,
            showgrid=False,
            col=column,
        )
    figure.update_xaxes(title_text="x (each bar is one binade)", row=2)


def view(certificates: list[Certificate]) -> tuple[int, int]:
    """The exponents that the first view shows: where functions bend, and errors near there."""
    exponents = [b.exponent for c in certificates for b in c.binades]
    wrong = [b.exponent for c in certificates for b in c.binades if b.max_ulp > 1.0]
    lowest, highest = min(exponents, default=0), max(exponents, default=0) + 1
    low, high = _FARTHEST
    return (
        max(lowest, low, min([_VIEW[0], *wrong])),
        min(highest, high, max([_VIEW[1], *(e + 1 for e in wrong)])),
    )


def hidden(certificates: list[Certificate]) -> str:
    """What lies outside the first view, in a sentence; empty where all is correctly rounded."""
    low, high = view(certificates)
    outside = [
        b
        for c in certificates
        for b in c.binades
        if b.max_ulp > 0.5 + _TIE and not low <= b.exponent < high
    ]
    if not outside:
        return ""
    worst = max(outside, key=lambda b: b.max_ulp)
    return f"Outside the view errors reach {worst.max_ulp:.5g} ULP, at x = {worst.at:.9g}."


def ticks(low: int, high: int) -> list[int]:
    """Exponents that are named on the axis: thick where functions bend, thin elsewhere."""
    near = [e for e in range(-12, 13, 3) if low <= e <= high]
    far = [e for e in range(-1024, 1025, 8) if low <= e <= high and 16 <= abs(e) <= 32]
    farther = [e for e in range(-1024, 1025, 32) if low <= e <= high and abs(e) > 32]
    return sorted({*near, *far, *farther})


def _tick(exponent: int, negative: bool) -> str:
    sign = "−" if negative else ""
    if -3 <= exponent <= 10:
        return f"{sign}{2.0**exponent:g}"
    return f"{sign}2<sup>{str(exponent).replace('-', '−')}</sup>"


def _power_of_ten(k: int) -> str:
    return f"{10**k:,}" if k <= 3 else f"10<sup>{k}</sup>"


def _colour(error: float) -> str:
    return next(colour for limit, colour, _ in LEVELS if error <= limit + _TIE)


def _share(n: int, binade: Binade) -> float:
    return round(100 * n / binade.n, 4) if binade.n else 0.0


def _hover(b: Binade) -> str:
    low, high = 2.0**b.exponent, 2.0 ** (b.exponent + 1) if b.exponent < 1023 else math.inf
    sign = "−" if b.negative else ""
    span = f"{sign}{low:.4g} to {sign}{high:.4g}"
    if b.subnormal:
        span = f"{sign}0 to {sign}{low:.4g} (subnormal)"
    return (
        f"x from {span}<br>largest error {b.max_ulp:.5g} ULP at x = {b.at:.9g}<br>"
        f"{b.n:,} inputs tried: {_share(b.above_half, b):.3g} % not correctly rounded, "
        f"{_share(b.above_1, b):.3g} % above 1 ULP"
    )
