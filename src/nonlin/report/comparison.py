"""A comparison as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import jinja2
from markupsafe import Markup
from plotly.graph_objects import Figure
from plotly.offline import get_plotlyjs

from nonlin.report import page, words
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
        style=page.asset("comparison.css"),
        script=page.asset("comparison.js"),
    )


def _chart(name: str, chart: _Chart, comparison: Comparison, looks: Looks) -> Markup | None:
    figure = chart.draw(comparison, looks)
    if figure is None:
        return None
    return page.chart(name, figure)


def _template() -> jinja2.Template:
    environment = page.environment()
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
