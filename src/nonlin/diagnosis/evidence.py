"""Views of a run that several rules need: pure functions of the statistics."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from nonlin import init
from nonlin.activation import Activation
from nonlin.diagnosis.measuring import steepest
from nonlin.diagnosis.statistics import Parameter, Run, Site, Weight
from nonlin.errors import NonlinError
from nonlin.facts import Facts
from nonlin.moments import expect

# A step that moves weights by a tenth of their length: a hundred times what is usual.
LARGE_UPDATE = 0.1
# Inputs of standard deviation 1 are what initialisations are made for.
LARGE_INPUT = 10.0
# Weights that are so many times what their activations ask for.
LARGE_WEIGHTS = 1.5
# Of the spread over rows before the first activation.
COLLAPSED = 0.05
# Of float32, instead of a gradient that was rounded to 0.
SMALLEST = 1e-45
# A loss that is higher than this share of what it was stands still; of so many looks the median.
_STILL, _LOOKS = 0.9, 5


class Trace(NamedTuple):
    """A figure of a layer over the sampled steps."""

    steps: np.ndarray
    values: np.ndarray


@lru_cache(maxsize=256)
def expected_slope(record: Activation) -> float:
    """E|f′(z)| for z ~ N(0, 1)."""
    kinks = tuple(kink.at for kink in record.kinks)
    return expect(lambda z: np.abs(record.derivative(z)), kinks)


@lru_cache(maxsize=256)
def gain_of(record: Activation | None) -> float:
    """The gain that keeps the signal's variance behind an activation; 1 where there is none."""
    if record is None:
        return 1.0
    try:
        return init.gain(record)
    except NonlinError:
        return 1.0


def usual_scale(run: Run) -> float:
    """Median over the layers of :func:`initial_scale`; NaN where it is known of none."""
    scales = [initial_scale(w, p) for w, p in weights_in_order(run)]
    scales = [scale for scale in scales if math.isfinite(scale)]
    return float(np.median(scales)) if scales else math.nan


def hidden(run: Run) -> list[Site]:
    """Elementwise activations between layers, in the order of execution."""
    found = [
        s
        for s in run.sites.values()
        if isinstance(s.record.facts, Facts) and s.first is not None
        if not s.is_output and not s.is_dropped
    ]
    # A clamp is an activation where there is no other.
    found = [s for s in found if not s.is_bound] or found
    return sorted(found, key=lambda s: s.order)


def dies(record: Activation) -> bool:
    """Whether a unit of it can fall silent: on the left both value and slope tend to 0."""
    facts = record.facts
    return (
        isinstance(facts, Facts)
        and facts.slope_limits[0] == 0
        and facts.limits[0] == 0
        and facts.range.high > 1
    )


def saturates(record: Activation) -> bool:
    """Whether it has a side, other than one on which units die, where the slope tends to 0."""
    facts = record.facts
    if not isinstance(facts, Facts) or facts.surrogate or facts.smoothness < 0:
        return False
    sides = facts.saturating_sides
    return bool(sides) and not (dies(record) and sides == ("left",))


def weights_in_order(run: Run) -> list[tuple[Weight, Parameter]]:
    """Layers that ran and are trained, in the order of execution."""
    by_layer: dict[str, Parameter] = {}
    holders = {w.part_of or w.layer for w in run.weights.values()}
    for parameter in run.parameters.values():
        if parameter.is_weight and parameter.layer in holders:
            known = by_layer.get(parameter.layer)
            if known is None or math.prod(parameter.shape) > math.prod(known.shape):
                by_layer[parameter.layer] = parameter
    pairs = [
        (weight, by_layer[weight.part_of or weight.layer])
        for weight in run.weights.values()
        if (weight.part_of or weight.layer) in by_layer
    ]
    return sorted(pairs, key=lambda pair: pair[0].order)


def relative_gradient(parameter: Parameter) -> Trace:
    """‖gradient‖ / ‖weights‖ over the sampled steps."""
    steps, table = parameter.series.table()
    with np.errstate(all="ignore"):
        return Trace(steps, table["gradient"] / np.maximum(table["weight"], 1e-30))


def relative_update(parameter: Parameter) -> Trace:
    """‖step‖ / ‖weights before it‖ over the sampled steps, NaN where the weights were 0."""
    steps, table = parameter.series.table()
    with np.errstate(all="ignore"):
        size = table["slice"]
        known = size[np.isfinite(size)]
        usual = np.median(known) if known.size else 0.0
        if parameter.is_weight:
            # Not what they have grown to, where that is out of all proportion.
            usual = min(usual, _usual_length(parameter))
        # Layers that start at 0 take any step as infinitely long.
        return Trace(steps, np.where(size > 1e-2 * usual, table["update"] / size, np.nan))


def _usual_length(parameter: Parameter) -> float:
    """Of the entries that are followed, where weights have a variance of 1/fan_in."""
    fan_in = max(parameter.shape[0], math.prod(parameter.shape[1:]))
    return math.sqrt(_followed(parameter) / max(fan_in, 1))


def largest_update(run: Run, until: int | None = None) -> tuple[float, str]:
    """The largest relative update of any layer up to a step, and its layer."""
    found = [(0.0, "")]
    for _, parameter in weights_in_order(run):
        steps, ratios = relative_update(parameter)
        chosen = ratios if until is None else ratios[steps <= until]
        chosen = chosen[np.isfinite(chosen)]
        if chosen.size:
            found.append((float(chosen.max()), parameter.layer))
    return max(found)


def input_scale(run: Run) -> tuple[float, float]:
    """RMS of the network's input, and the share of it that is no constant."""
    _, table = run.input_rms.table()
    rms, spread = table["rms"], table["std"]
    good = np.isfinite(rms) & (rms > 0)
    if not good.any():
        return math.nan, math.nan
    return float(np.median(rms[good])), float(np.median((spread / rms)[good]))


def initial_scale(weight: Weight, parameter: Parameter) -> float:
    """RMS of the weights at the first look, times √fan_in, over the gain that fits."""
    _, table = parameter.series.table()
    if not table["weight"].size:
        return math.nan
    # Before the step: the slice's, as the whole is measured after it.
    rms = table["slice"][0] / math.sqrt(max(_followed(parameter), 1))
    record = weight.reads.record if weight.reads is not None else None
    return float(rms * math.sqrt(weight.fan_in) / gain_of(record))


def initial_offset(parameter: Parameter) -> float:
    """Mean of the weights at the first look, over their RMS."""
    _, table = parameter.series.table()
    if not table["mean"].size or not table["slice"][0] > 0:
        return 0.0
    rms = table["slice"][0] / math.sqrt(max(_followed(parameter), 1))
    return float(np.nan_to_num(table["mean"][0] / rms))


def _followed(parameter: Parameter) -> int:
    from nonlin.diagnosis.measuring import MOST_FOLLOWED

    size = math.prod(parameter.shape)
    stride = max(1, math.ceil(size / MOST_FOLLOWED))
    stride = stride | 1 if stride > 1 else 1
    return math.ceil(size / stride)


def first_non_finite(site: Site) -> int | None:
    """The first sampled step at which an activation's input was not finite."""
    steps, table = site.series.table()
    bad = ~np.isfinite(table["z_rms"])
    return int(steps[bad][0]) if bad.any() else None


def since(steps: np.ndarray, over: np.ndarray) -> int | None:
    """The first step from which on a condition held at every look."""
    if not over.size or not over[-1]:
        return None
    start = over.size - 1
    while start > 0 and over[start - 1]:
        start -= 1
    return int(steps[start])


def collapsed(run: Run, site: Site) -> bool:
    """Whether the signal has all but died out on the way to an activation.

    Its units then see nearly the same on every row, whatever they do with it.
    """
    first = next((s for s in hidden(run) if s.first is not None), None)
    if first is None or first is site:
        return False
    return _spread(site) < COLLAPSED * _spread(first)


def _spread(site: Site) -> float:
    unit = site.first
    return float((unit.z_high - unit.z_low).float().median()) if unit is not None else 0.0


def squash(record: Activation) -> bool:
    """Whether even its steepest slope shrinks gradients."""
    return steepest(record) <= 0.5


def learns(run: Run) -> bool:
    """Whether the loss has come down; where none was seen nothing is known, and it may have."""
    _, table = run.loss.table()
    loss = table["loss"][np.isfinite(table["loss"])]
    if loss.size < 2 * _LOOKS:
        return True
    return float(np.median(loss[-_LOOKS:])) < _STILL * float(np.median(loss[:_LOOKS]))


def unread_layers(run: Run) -> set[str]:
    """Layers of which no result was read but by layers of which none was, and none thrown away."""
    readers: dict[str, set[str]] = {}
    for layer, weight in run.weights.items():
        behind = weight.reads.serves if weight.reads is not None else frozenset()
        for source in behind | weight.linear_calls.keys():
            readers.setdefault(source, set()).add(layer)
    unread = run.weights.keys() - run.read - run.thrown_away
    while more := {layer for layer in readers if readers[layer] <= unread} - unread:
        unread |= more
    return unread
