"""Certificates as one self-contained HTML page, and one of them inside a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nonlin.report import page
from nonlin.report.certificate_figure import (
    LEVELS,
    SHARE_ABOVE,
    SHARE_ROUNDED,
    errors_by_binade,
    hidden,
)
from nonlin.report.certificate_text import compared, count, summary, trust, ulps
from nonlin.report.certificate_words import headline
from nonlin.report.looks import PALETTE
from nonlin.report.templates import environment

if TYPE_CHECKING:
    from nonlin.certification.certificate import Certificate


def render(certificates: list[Certificate]) -> str:
    """Render certificates as an HTML page that needs no network.

    Args:
        certificates: one, or several of implementations of one function to put side by side.

    Returns:
        The page, with styles, scripts and data inside, about 5 MB for Plotly's script.
    """
    templates = environment()
    templates.filters |= {"ulps": ulps, "trust": trust, "number": _number}
    templates.globals |= {"count": count}
    return page.build(
        templates.get_template("certificate.html.j2"),
        styles=("comparison.css", "certificate.css"),
        certificates=certificates,
        first=certificates[0],
        headlines=[headline(certificate) for certificate in certificates],
        compared=compared(certificates),
        chart=page.chart(
            "binades",
            errors_by_binade(certificates),
            "Largest error and share of wrong roundings by binade and sign",
        ),
        hidden=hidden(certificates),
        levels=LEVELS,
        shares=((SHARE_ROUNDED, "not correctly rounded"), (SHARE_ABOVE, "above 1 ULP")),
        colours=[PALETTE[k % len(PALETTE)] for k in range(len(certificates))],
    )


def render_inline(certificate: Certificate) -> str:
    """A certificate's figures as a table, for notebooks."""
    template = environment().get_template("certificate_inline.html.j2")
    title, sentences = headline(certificate)
    return template.render(
        certificate=certificate, title=title, sentences=sentences, rows=summary(certificate)
    )


def _number(value: float) -> str:
    """A number at the precision of a float32, which is what most of them are."""
    return f"{value:.9g}".replace("-", "−")
