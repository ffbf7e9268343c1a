"""Initial weights that do not fit the activations."""

from __future__ import annotations

import math

import numpy as np

from nonlin.diagnosis import evidence as ev
from nonlin.diagnosis.finding import Finding, titled
from nonlin.diagnosis.rules.exploding import over_depth
from nonlin.diagnosis.statistics import Parameter, Run, Weight
from nonlin.diagnosis.thresholds import Thresholds

# Of the largest weight: copies of a unit come apart by what sums over rows round off.
_ROUNDING = 1e-6
# A mean that is so much of the weights' RMS was drawn so: of 64 it is 1/8 by chance.
_OFFSET = 0.5
_FEWEST_WEIGHTS = 64


def judge(run: Run, limits: Thresholds, found: tuple[Finding, ...]) -> list[Finding]:
    """Units that are copies of one another, weights far from the gain, signals that run away."""
    return _copies(run, limits) or _scales(run, limits) or _signal(run, limits)


def _copies(run: Run, limits: Thresholds) -> list[Finding]:
    producers = {s.producer for s in ev.hidden(run)}
    same = [
        parameter.layer
        for parameter in run.parameters.values()
        if ".weight_hh" in parameter.name and _stay_equal(parameter)
    ]
    layers = ev.weights_in_order(run)
    for weight, parameter in layers:
        # Where no activation was recognised, what other layers come behind.
        hidden = weight.layer in producers or (weight is not layers[-1][0] and _moves(parameter))
        if hidden and weight.outputs > 1 and _stay_equal(parameter):
            same.append(weight.layer)
    if not same:
        return []
    return [
        Finding(
            kind="init-mismatch",
            severity="problem",
            layer=same[0],
            cause="symmetric-units",
            since_step=0,
            summary=f"All units of {', '.join(map(titled, same))} start with the same weights, so "
            "that they stay copies of one unit.",
            evidence={"layers": same, "difference_between_rows": 0.0},
            layers=tuple(same),
        )
    ]


def _moves(parameter: Parameter) -> bool:
    gradient = parameter.series.table()[1]["gradient"]
    return bool((gradient > 0).any())


def _stay_equal(parameter: Parameter) -> bool:
    _, table = parameter.series.table()
    rows = table["rows"][np.isfinite(table["rows"])]
    # Zero at the start alone is a branch that begins switched off.
    return bool((rows <= _ROUNDING).all()) and (
        rows.size > 1 or (rows.size == table["gradient"].size == 1)
    )


def _scales(run: Run, limits: Thresholds) -> list[Finding]:
    sites = {s.producer: s for s in ev.hidden(run)}
    wrong, shifted = {}, {}
    for weight, parameter in ev.weights_in_order(run):
        site = sites.get(weight.layer)
        if site is None or site.normalised:
            continue
        scale = ev.initial_scale(weight, parameter)
        offset = ev.initial_offset(parameter)
        if abs(offset) > _OFFSET and math.prod(parameter.shape) >= _FEWEST_WEIGHTS:
            # What they have in common adds up the inputs instead of averaging them out.
            scale *= math.sqrt(1 + offset**2 * weight.fan_in)
            shifted[weight.layer] = offset
        # A layer of zeros begins switched off, by intent.
        small = 0 < scale < 1 / limits.init_ratio
        if run.residuals or weight.reads_normalised:
            small = False  # Branches beside a sum, and what the next normalisation enlarges.
        if small or (scale > limits.init_excess and _amplifies(weight, limits)):
            wrong[weight.layer] = scale
    if not wrong:
        return []
    layer, scale = max(wrong.items(), key=lambda item: abs(math.log(max(item[1], 1e-30))))
    return [
        Finding(
            kind="init-mismatch",
            severity="problem",
            layer=layer,
            cause="init-scale",
            since_step=0,
            summary=f"The weights of {titled(layer)} start {scale:.3g} times as large as the "
            "activation before them asks for (gain/√fan_in)"
            + (", as their mean is not 0." if layer in shifted else "."),
            evidence={
                "largest_weights_over_gain" if scale > 1 else "smallest_weights_over_gain": scale,
                "fan_in": run.weights[layer].fan_in,
                "layers_like_it": len(wrong),
                "weights_over_gain": wrong,
                **({"mean_over_rms": shifted[layer]} if layer in shifted else {}),
            },
            layers=tuple(wrong),
            threshold=limits.threshold("init_excess" if scale > 1 else "init_ratio"),
        )
    ]


def _amplifies(weight: Weight, limits: Thresholds) -> bool:
    """Whether the layer does what its weights say: some programs scale them in each call."""
    _, table = weight.input.table()
    if not table["rms"].size or not table["rms"][0] > 0:
        return True
    return bool(table["out_rms"][0] > limits.init_excess * table["rms"][0])


def _signal(run: Run, limits: Thresholds) -> list[Finding]:
    if run.norms:
        return []
    sites, scales = [], []
    for site in ev.hidden(run):
        steps, table = site.series.table()
        if not steps.size or steps[0] != 0:
            continue  # Left out at the first step, as with stochastic depth.
        scale = float(table["z_rms"][0])
        # Behind a layer of zeros, which begins switched off, there is no signal by intent.
        if not site.normalised and scale != 0:
            sites.append(site)
            scales.append(scale)
    if len(sites) < 3:
        return []
    first, last = scales[0], scales[-1]
    if not (math.isfinite(first) and first > 0):
        return []
    if not math.isfinite(last):
        return []  # What made it so is said of the numbers that are not finite.
    ratio = last / first
    if 1 / limits.signal_ratio < ratio < limits.signal_ratio:
        return []
    if ratio > 1 and ev.usual_scale(run) <= ev.LARGE_WEIGHTS and over_depth(run, limits):
        return []  # The weights are right: what lies between them makes signal and gradient grow.
    rate = ratio ** (1 / (len(scales) - 1))
    return [
        Finding(
            kind="init-mismatch",
            severity="problem",
            layer=sites[0].layer,
            cause="init-scale",
            since_step=0,
            summary=f"Before the first step the signal changes by {rate:.3g} from layer to layer: "
            f"{ratio:.1e} between {sites[0].title} and {sites[-1].title}.",
            evidence={
                "signal_ratio": ratio,
                "per_layer": rate,
                "z_rms": dict(zip((s.layer for s in sites), scales, strict=True)),
            },
            layers=tuple(s.layer for s in sites),
            threshold=limits.threshold("signal_ratio"),
        )
    ]
