"""A comparison as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import jinja2
from plotly.graph_objects import Figure

from nonlin.report import words
from nonlin.report.difference_figure import differences
from nonlin.report.figures import (
    functions,
    learning_rates,
    step_times,
)
from nonlin.report.layer_figure import layers
from nonlin.report.looks import Looks, assign_looks
from nonlin.report.page import Chart, build, chart
from nonlin.report.summaries import activation_names, baseline_name
from nonlin.report.templates import environment
from nonlin.report.training_figure import learning_curves

if TYPE_CHECKING:
    from nonlin.comparison.results import Comparison


class _Plan(NamedTuple):
    """A figure of the page; where ``draw`` returns None the page says ``missing`` instead."""

    draw: Callable[[Comparison, Looks], Figure | None]
    described: str
    missing: str


_CHARTS = {
    "differences": _Plan(
        differences,
        "Paired differences from the baseline with confidence intervals",
        "There are no paired differences to draw: that takes the baseline and at least one other "
        "activation with a finished seed in common.",
    ),
    "learning-curves": _Plan(
        learning_curves,
        "Validation metric and training loss by epoch",
        "No network that was scored finished an epoch, so there are no curves.",
    ),
    "layers": _Plan(
        layers,
        "Gradient, blocked units, mean and standard deviation by layer",
        "Nothing was measured inside the networks.",
    ),
    "learning-rates": _Plan(
        learning_rates,
        "Validation metric by learning rate",
        "No learning rates were tried out: the rate was given, or no trial finished.",
    ),
    "functions": _Plan(
        functions,
        "The activation functions and their derivatives",
        "No curves of the functions were recorded.",
    ),
    "step-times": _Plan(
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
    return build(
        _template(),
        styles=("comparison.css",),
        comparison=comparison,
        metric=comparison.metric,
        difference=partial(words.difference, comparison.metric),
        tolerance=words.tolerance(comparison.metric, comparison.margin),
        looks=looks,
        baseline=baseline,
        title=title,
        sentences=sentences,
        footnotes=words.footnotes(comparison),
        charts={name: _chart(name, plan, comparison, looks) for name, plan in _CHARTS.items()},
        missing={name: plan.missing for name, plan in _CHARTS.items()},
        runs=comparison.runs.to_dict("records"),
        confidence=f"{comparison.confidence:.0%}".replace("%", " %"),
    )


def _chart(name: str, plan: _Plan, comparison: Comparison, looks: Looks) -> Chart | None:
    figure = plan.draw(comparison, looks)
    return None if figure is None else chart(name, figure, plan.described)


def _template() -> jinja2.Template:
    templates = environment()
    templates.filters |= {
        "number": words.number,
        "percent": words.percent,
        "probability": words.probability,
        "span": words.span,
        "setting": words.setting,
        "verdict": words.verdict_parts,
    }
    templates.tests["finite"] = words.finite
    return templates.get_template("comparison.html.j2")
