"""Gradients that grow: on their way to the first layers, or from step to step."""

from __future__ import annotations

import math

import numpy as np

from nonlin.diagnosis import evidence as ev
from nonlin.diagnosis.finding import Finding, titled
from nonlin.diagnosis.rules.closed import _large_targets
from nonlin.diagnosis.rules.vanishing import signal_flow, weight_flow
from nonlin.diagnosis.statistics import Run
from nonlin.diagnosis.thresholds import Thresholds

# Times as long as at first; what a training adds to weights that fit is of their own size.
_OUTGROWN = 10.0
# Looks at the start and at the end of a training of which the median is taken.
_ENDS = 3


def judge(run: Run, limits: Thresholds, found: tuple[Finding, ...]) -> list[Finding]:
    """Whether gradients or steps are out of all proportion."""
    return _over_time(run, limits) or over_depth(run, limits)


def over_depth(run: Run, limits: Thresholds) -> list[Finding]:
    """Whether the gradient grows on its way to the first layers."""
    layers, signal = weight_flow(run), signal_flow(run)
    if layers is None or signal is None:
        return []
    growth = _growth(signal[2])
    good = np.isfinite(growth)
    if not good.any() or np.median(growth[good]) < limits.growth:
        return []
    steps, growth = signal[0][good], growth[good]
    scale = ev.usual_scale(run)
    rate = float(np.median(growth)) ** (1 / max(len(signal[1]) - 1, 1))
    begin = ev.since(steps, growth >= limits.growth)
    return [
        Finding(
            kind="exploding-gradient",
            severity="problem",
            layer=layers[1][0],
            cause="init-scale" if scale > 1.2 else "depth",
            since_step=int(steps[0]) if begin is None else begin,
            summary=f"The gradient grows by {rate:.2g} from layer to layer: at "
            f"{titled(signal[1][0])} it is {np.median(growth):.1e} times that at "
            f"{titled(signal[1][-1])}.",
            evidence={
                "growth": float(np.median(growth)),
                "per_layer": rate,
                "initial_weights_over_gain": scale,
                "gradient_by_layer": dict(zip(signal[1], signal[2][-1].tolist(), strict=True)),
            },
            layers=tuple(layers[1]),
            threshold=limits.threshold("growth"),
        )
    ]


def _growth(flow: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        last = flow[:, -1]
        first = np.fmax.reduce(flow[:, : max(1, flow.shape[1] // 2)], axis=1)
        return np.where(last > 0, first / last, np.nan)


def _over_time(run: Run, limits: Thresholds) -> list[Finding]:
    worst: tuple[float, str, int, dict[str, float]] | None = None
    # One step after which nothing is left of most layers' weights.
    sizes = [ev.relative_update(p).values for _, p in ev.weights_in_order(run)]
    longest = [float(np.nanmax(v)) for v in sizes if np.isfinite(v).any()]
    replaced = bool(longest) and float(np.median(longest)) >= 10 * limits.update
    ratio = _loss_ratio(run)
    diverged = ratio >= limits.surge
    for weight, parameter in ev.weights_in_order(run):
        steps, table = parameter.series.table()
        gradient = table["gradient"]
        updates = ev.relative_update(parameter).values
        lost = ~np.isfinite(gradient) | ~np.isfinite(table["weight"])
        end = int(np.argmax(lost)) if lost.any() else gradient.size
        finite, moved = gradient[:end], updates[:end]
        if not finite.size:
            continue
        surge, surged_at = _surge(finite)
        long = np.isfinite(moved) & (moved >= limits.update)
        # A first step from small weights may be long; a training that takes such steps cannot end.
        often = long[1:].sum() >= max(2, 0.25 * (finite.size - 1)) if finite.size > 2 else False
        # Weights that have grown so are moved by little from then on, in proportion.
        outgrown = long[1:].sum() >= 2 and _growth_of_weights(table["slice"]) >= _OUTGROWN
        broke = lost.any() and (long.any() or _grew(finite))
        surged = surge >= limits.surge and (long.any() or diverged)
        if not (often or outgrown or broke or replaced or surged):
            continue
        over = np.flatnonzero(long)
        rise = surged_at if surged else max(0, end - 1)
        begin = int(steps[over[0] if over.size else rise])
        size = float(np.nanmax(moved)) if np.isfinite(moved).any() else math.nan
        entry = (
            size if math.isfinite(size) else 0.0,
            weight.layer,
            begin,
            {
                "largest_update": size,
                "surge": surge,
                "gradient_at_start": float(finite[0]),
                "largest_gradient": float(finite.max()),
                "steps_as_long_as_the_weights": int(long.sum()),
                "looks": int(finite.size),
                "became_non_finite": bool(lost.any()),
                **({"loss_over_first": ratio} if diverged else {}),
            },
        )
        if worst is None or entry[0] > worst[0]:
            worst = entry
    if worst is None:
        return []
    size, layer, begin, figures = worst
    cause, facts = _why(run, begin)
    return [
        Finding(
            kind="exploding-gradient",
            severity="problem",
            layer=layer,
            cause=cause,
            since_step=begin,
            summary=_told(layer, size, figures),
            evidence={**figures, **facts},
            layers=(layer,),
            threshold=limits.threshold("update" if size >= limits.update else "surge"),
        )
    ]


def _told(layer: str, size: float, figures: dict[str, float]) -> str:
    if figures["steps_as_long_as_the_weights"]:
        return (
            f"Steps are out of proportion: one moved {titled(layer)} by {size:.2g} times the "
            "length of its weights."
        )
    if figures["became_non_finite"]:
        end = " before it was no number any more"
    else:
        end = f", and the loss to {figures['loss_over_first']:.2g} times what it was"
    return (
        f"The gradient of {titled(layer)} grew from {figures['gradient_at_start']:.2g} to "
        f"{figures['largest_gradient']:.2g}{end}."
    )


def _surge(gradient: np.ndarray) -> tuple[float, int]:
    """The largest gradient over the median of those before it, and at which look it was."""
    before = [float(np.median(gradient[:i])) for i in range(_ENDS, gradient.size)]
    rises = [g / b if b > 0 else 0.0 for g, b in zip(gradient[_ENDS:], before, strict=True)]
    if not rises:
        return 0.0, 0
    at = int(np.argmax(rises))
    return float(rises[at]), at + _ENDS


def _loss_ratio(run: Run) -> float:
    """The loss at the end over that at the start; 0 where one of them is not above 0."""
    loss = run.loss.table()[1]["loss"]
    loss = loss[np.isfinite(loss)]
    if loss.size < 2 * _ENDS:
        return 0.0
    first, last = np.median(loss[:_ENDS]), np.median(loss[-_ENDS:])
    return float(last / first) if first > 0 and last > 0 else 0.0


def _growth_of_weights(lengths: np.ndarray) -> float:
    """How many times as long as at first they became; 0 where they began at 0."""
    finite = lengths[np.isfinite(lengths)]
    return float(finite.max() / finite[0]) if finite.size and finite[0] > 0 else 0.0


def _grew(gradient: np.ndarray) -> bool:
    """Whether a gradient that was lost had grown a hundredfold before."""
    return gradient.size > 1 and gradient[-1] > 100 * gradient[gradient > 0][:1].sum() > 0


def _why(run: Run, begin: int) -> tuple[str, dict[str, object]]:
    rms, _ = ev.input_scale(run)
    rates = {rate for p in run.parameters.values() for _, rate in p.rates}
    facts: dict[str, object] = {
        "input_rms": rms,
        "learning_rates": sorted(rates)[:8],
        "optimizers": sorted(run.optimizers),
    }
    if rms > ev.LARGE_INPUT:
        return "input-scale", facts
    if target := _large_targets(run):
        facts["target_scale"] = target
        return "target-scale", facts
    scale = ev.usual_scale(run)
    facts["initial_weights_over_gain"] = scale
    if scale > ev.LARGE_WEIGHTS:
        return "init-scale", facts
    return "learning-rate-too-high", facts
