"""Output layers that do not fit the loss."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from nonlin.diagnosis import evidence as ev
from nonlin.diagnosis.finding import Finding
from nonlin.diagnosis.losses import LOGARITHMS, PARTS, REGRESSION, crossed
from nonlin.diagnosis.statistics import LossCall, Run
from nonlin.diagnosis.thresholds import Thresholds
from nonlin.facts import Range

# Nats by which a loss stays above 0 whatever the network learns.
_FLOOR = 0.05
# Looks at which scores sum to 1, and how far bfloat16 may round off a sum of probabilities.
_LOOKS, _ROUNDING = 3, 2e-2


def judge(run: Run, limits: Thresholds, found: tuple[Finding, ...]) -> list[Finding]:
    """What each loss function was given, against what it asks for."""
    result = []
    # A loss says more than the parts that it is written of.
    for call in sorted(run.losses.values(), key=lambda c: c.name in PARTS):
        if result and call.name in PARTS:
            continue
        if call.shapes and all(crossed(*shapes) for shapes in call.shapes):
            result.append(_crossed(run, call))
            continue
        if said := _wrong(call, limits):
            text, figures, threshold = said
            result.append(_finding(run, call, text, figures, threshold, limits))
    seen = {f.layer for f in result}
    for site in run.sites.values():
        outer = site.is_output or any(c.site is site for c in run.losses.values())
        if site.layer in seen or not outer or site.axis_length is None:
            continue
        if site.axis_length == 1:
            text = f"{site.title}: softmax over an axis of length 1 is always 1."
            result.append(_plain(run, site.layer, text, {"axis_length": 1}))
        elif site.over_batch:
            text = f"{site.title}: softmax runs over the rows of the batch instead of the classes."
            result.append(_plain(run, site.layer, text, {"axis": 0}))
    return result


def _crossed(run: Run, call: LossCall) -> Finding:
    output, target = max(call.shapes)
    count = output[0]
    name = "A difference" if call.name == "difference" else call.name
    text = (
        f"{name} is given outputs of shape {output} and targets of shape {target}, which are "
        f"broadcast to ({count}, {count}): each output is drawn to the mean of all targets."
    )
    figures = {"output_shape": list(output), "target_shape": list(target)}
    return replace(_finding(run, call, text, figures, None, None), cause="broadcast")


def _wrong(call: LossCall, limits: Thresholds):
    """What is wrong with a call, its figures and the limit's name; or None."""
    site = call.site
    reach = site.record.facts.range if site is not None else Range(-math.inf, math.inf)
    of = f"{site.title} ({site.record!r})" if site is not None else "the network"
    if call.name == "cross_entropy":
        return _cross_entropy(call, reach, of)
    if call.name in PARTS:
        return _probabilities(call, f"{call.name} asks for scores, as softmax does")
    if call.name in ("binary_cross_entropy_with_logits", "soft_margin_loss"):
        floor = max(math.log1p(math.exp(min(reach.low, 50))), _softplus(-reach.high))
        if site is not None and floor > _FLOOR:
            return (
                f"{call.name} applies sigmoid itself; given {of} with range {reach}, it cannot "
                f"fall below {floor:.2g} for one of the two classes.",
                {"range": str(reach), "lowest_loss": floor},
                None,
            )
    inner = site.reads if site is not None else None
    named = site.name if site is not None else None
    if call.name == "binary_cross_entropy" and inner is not None and named == "sigmoid":
        given = inner.record.facts.range
        floor = max(_softplus(given.low), _softplus(-given.high))
        if floor > _FLOOR:
            return (
                f"{of} is given {inner.title} ({inner.record!r}) with range {given}, so that "
                f"binary_cross_entropy cannot fall below {floor:.2g} for one of the two classes.",
                {"range": str(given), "lowest_loss": floor},
                None,
            )
    if call.name == "nll_loss" and inner is not None and named == "log_softmax":
        of = f"{inner.title} ({inner.record!r})"
        return _cross_entropy(replace(call, site=inner), inner.record.facts.range, of)
    if call.name in LOGARITHMS:
        _, table = call.values.table()
        lse = table["lse"][np.isfinite(table["lse"])]
        if lse.size and np.median(lse) > limits.normalised:
            return (
                f"{call.name} asks for logarithms of probabilities and got the output of {of}: "
                f"|ln Σ exp| is {np.median(lse):.3g} instead of 0; put log_softmax before it.",
                {"ln_sum_exp": float(np.median(lse))},
                "normalised",
            )
    if call.name == "kl_div":
        _, table = call.values.table()
        if np.nanmedian(table["largest"]) > 1e-6:
            return (
                f"kl_div asks for logarithms of probabilities and got numbers above 0 from {of}.",
                {"largest_input": float(np.nanmedian(table["largest"]))},
                None,
            )
    if call.name in REGRESSION and site is not None:
        _, table = call.values.table()
        below, above = np.nanmean(table["below"]), np.nanmean(table["above"])
        if below + above > limits.outside:
            low, high = float(np.nanmin(table["low"])), float(np.nanmax(table["high"]))
            return (
                f"The output of {of} has range {reach}; {below + above:.0%} of the targets, which "
                f"run from {low:.3g} to {high:.3g}, lie outside.",
                {
                    "range": str(reach),
                    "targets": [low, high],
                    "below": float(below),
                    "above": float(above),
                },
                "outside",
            )
    return None


def _cross_entropy(call: LossCall, reach: Range, of: str):
    softmax = (
        "applies softmax itself" if call.name == "cross_entropy" else "sits behind log_softmax"
    )
    told = f"{call.name} {softmax}"
    if call.classes == 1:
        return (f"{call.name} over a single class is always 0.", {"classes": 1}, None)
    if call.site is None:
        return _probabilities(call, told)
    span = reach.high - reach.low
    floor = math.log1p(((call.classes or 2) - 1) * math.exp(-min(span, 700)))
    if floor > _FLOOR and math.isfinite(span):
        return (
            f"{told}; given {of} with range {reach}, it cannot fall below {floor:.2g}.",
            {"range": str(reach), "lowest_loss": floor, "classes": call.classes},
            None,
        )
    if ev.dies(call.site.record):
        return (
            f"{told}, which asks for scores of any sign; {of} cuts them at {reach.low:g}, and a "
            "class whose score is cut gets no gradient.",
            {"range": str(reach)},
            None,
        )
    return None


def _probabilities(call: LossCall, told: str):
    """Whether the scores are probabilities, however the program has computed them."""
    _, table = call.values.table()
    known = np.isfinite(table["off_one"])
    if known.sum() < _LOOKS or call.classes is None:
        return None
    if (table["smallest"][known] < 0).any() or (table["off_one"][known] > _ROUNDING).any():
        return None
    floor = math.log1p((call.classes - 1) * math.exp(-1))
    return (
        f"{told}; it was given probabilities, numbers above 0 that sum to 1, so that it cannot "
        f"fall below {floor:.2g}.",
        {"lowest_loss": floor, "classes": call.classes},
        None,
    )


def _softplus(x: float) -> float:
    return math.log1p(math.exp(x)) if x < 30 else x


def _finding(run, call, text, figures, threshold, limits) -> Finding:
    layer = call.site.layer if call.site is not None else _last_layer(run)
    reads = {"loss": call.name, "activation": repr(call.site.record) if call.site else None}
    return Finding(
        kind="output-loss-mismatch",
        severity="problem",
        layer=layer,
        cause="wrong-output-layer",
        since_step=0,
        summary=text,
        evidence={**reads, **figures},
        layers=tuple(filter(None, (layer, call.site.producer if call.site else None))),
        threshold=limits.threshold(threshold) if threshold else None,
    )


def _plain(run: Run, layer: str, text: str, figures: dict) -> Finding:
    return Finding(
        kind="output-loss-mismatch",
        severity="problem",
        layer=layer,
        cause="wrong-output-layer",
        since_step=0,
        summary=text,
        evidence=figures,
        layers=(layer,),
    )


def _last_layer(run: Run) -> str:
    weights = sorted(run.weights.values(), key=lambda w: w.order)
    return weights[-1].layer if weights else "output"
