"""A comparison as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import jinja2
import plotly.io
from markupsafe import Markup
from plotly.graph_objects import Figure
from plotly.offline import get_plotlyjs

from nonlin.report import words
from nonlin.report.difference_figure import differences
from nonlin.report.figures import (
    Looks,
    functions,
    learning_rates,
    step_times,
)
from nonlin.report.layer_figure import layers
from nonlin.report.style import assign_looks
from nonlin.report.summaries import activation_names, baseline_name
from nonlin.report.training_figure import learning_curves

if TYPE_CHECKING:
    from nonlin.comparison.results import Comparison

_HERE = Path(__file__).parent
_CONFIG = {
    "displaylogo": False,
    "responsive": True,
    # Named one by one: the full set has buttons that lead to a service in the network.
    "modeBarButtons": [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
}


class _Chart(NamedTuple):
    """A figure of the page; where ``draw`` returns None the page says ``missing`` instead."""

    draw: Callable[[Comparison, Looks], Figure | None]
    described: str
    missing: str


_CHARTS = {
    "differences": _Chart(
        differences,
        "Paired differences from the baseline with confidence intervals",
        "There are no paired differences to draw: that takes the baseline and at least one other "
        "activation with a finished seed in common.",
    ),
    "learning-curves": _Chart(
        learning_curves,
        "Validation metric and training loss by epoch",
        "No network that was scored finished an epoch, so there are no curves.",
    ),
    "layers": _Chart(
        layers,
        "Gradient, blocked units, mean and standard deviation by layer",
        "Nothing was measured inside the networks.",
    ),
    "learning-rates": _Chart(
        learning_rates,
        "Validation metric by learning rate",
        "No learning rates were tried out: the rate was given, or no trial finished.",
    ),
    "functions": _Chart(
        functions,
        "The activation functions and their derivatives",
        "No curves of the functions were recorded.",
    ),
    "step-times": _Chart(
        step_times, "Time per training step", "No training step was timed, because none finished."
    ),
}


def render(comparison: Comparison) -> str:
    """Render a comparison as an HTML page that needs no network.

    Args:
        comparison: what was measured and judged; nothing of it is changed.

    Returns:
        The page, with styles, scripts and data inside, about 5 MB for Plotly's script.
    """
    baseline = baseline_name(comparison)
    looks = assign_looks(activation_names(comparison), baseline)
    title, sentences = words.headline(comparison)
    return _template().render(
        comparison=comparison,
        metric=comparison.metric,
        difference=partial(words.difference, comparison.metric),
        tolerance=words.tolerance(comparison.metric, comparison.margin),
        looks=looks,
        baseline=baseline,
        title=title,
        sentences=sentences,
        footnotes=words.footnotes(comparison),
        charts={name: _chart(name, chart, comparison, looks) for name, chart in _CHARTS.items()},
        missing={name: chart.missing for name, chart in _CHARTS.items()},
        described={name: chart.described for name, chart in _CHARTS.items()},
        runs=comparison.runs.to_dict("records"),
        confidence=f"{comparison.confidence:.0%}".replace("%", " %"),
        plotly_js=Markup(get_plotlyjs()),
        style=Markup((_HERE / "comparison.css").read_text("utf-8")),
        script=Markup((_HERE / "comparison.js").read_text("utf-8")),
    )


def _chart(name: str, chart: _Chart, comparison: Comparison, looks: Looks) -> Markup | None:
    figure = chart.draw(comparison, looks)
    if figure is None:
        return None
    html = plotly.io.to_html(
        figure,
        config=_CONFIG,
        full_html=False,
        include_plotlyjs=False,
        # A fixed id, so that the same comparison gives the same file byte for byte.
        div_id=f"chart-{name}",
        default_height=f"{figure.layout.height}px",
    )
    return Markup(html)


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": words.number,
        "percent": words.percent,
        "probability": words.probability,
        "span": words.span,
        "setting": words.setting,
        "verdict": words.verdict_parts,
    }
    environment.tests["finite"] = words.finite
    return environment.get_template("comparison.html.j2")
