"""Gradients that shrink or grow over the moments of a recurrent layer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nonlin.diagnosis import evidence as ev
from nonlin.diagnosis.finding import Finding, titled
from nonlin.diagnosis.series import Series
from nonlin.diagnosis.statistics import Run
from nonlin.diagnosis.thresholds import Thresholds

# Share of the moments at which the gradient goes the same way.
_STEADY = 0.8


class _Layer(NamedTuple):
    name: str
    activation: str
    series: Series
    is_gated: bool = False


def judge(run: Run, limits: Thresholds, found: tuple[Finding, ...]) -> list[Finding]:
    """Recurrent layers whose first moments get next to no gradient, or far too much."""
    known = {f.kind for f in found}
    shut = known & {"dead-units", "saturated-units", "blocked-gradient", "vanishing-gradient"}
    result: list[Finding] = []
    for layer in _layers(run):
        if not shut and not result:
            result += _shrinks(run, layer, limits)
        if "exploding-gradient" not in known and not result:
            result += _grows(layer, limits)
    return result


def _layers(run: Run) -> list[_Layer]:
    by_hand = [
        _Layer(s.layer, repr(s.record), s.over_calls, s.is_gated)
        for s in ev.hidden(run)
        if not s.is_gate
    ]
    own = [_Layer(r.layer, r.activation, r.over_calls) for r in run.recurrent.values()]
    return [layer for layer in (*by_hand, *own) if len(layer.series)]


def _shrinks(run: Run, layer: _Layer, limits: Thresholds) -> list[Finding]:
    """A network that learns what it has to from the last moments is none the worse for it."""
    steps, table = layer.series.table()
    steady = table["rising"] >= _STEADY
    if ev.learns(run) or steady.mean() < 0.5 or not steady[-1]:
        return []
    with np.errstate(all="ignore"):
        cut = (np.maximum(table["first"], ev.SMALLEST) / table["largest"])[steady]
    cut, last = np.nan_to_num(cut, nan=1.0), float(np.nanmedian(cut[-5:]))
    if max(float(np.median(cut)), last) >= limits.summand:
        return []
    calls = int(table["calls"][-1])
    rate = last ** (1 / max(calls - 1, 1))
    return [
        Finding(
            kind="vanishing-gradient",
            severity="problem",
            layer=layer.name,
            cause="depth",
            since_step=int(steps[steady][np.argmax(cut < limits.summand)]),
            summary=f"The gradient shrinks by {1 / max(rate, 1e-30):.2g} at each of the {calls} "
            f"moments of {titled(layer.name)} ({layer.activation}): the first gets {last:.1e} of "
            "what the last one gets, and the loss stands still.",
            evidence={
                "attenuation": last,
                "per_moment": rate,
                "moments": calls,
                "activation": layer.activation,
                "gated": layer.is_gated,
            },
            layers=(layer.name,),
            threshold=limits.threshold("summand"),
        )
    ]


def _grows(layer: _Layer, limits: Thresholds) -> list[Finding]:
    steps, table = layer.series.table()
    with np.errstate(all="ignore"):
        growth = table["first"] / table["last"]
    falling = (table["rising"] <= 1 - _STEADY) & np.isfinite(growth)
    over = falling & (growth >= limits.growth)
    # Where it begins so, steps that large have soon moved the weights elsewhere.
    if not over[0] and over.mean() < 0.5:
        return []
    calls, size = int(table["calls"][-1]), float(np.median(growth[over]))
    rate = size ** (1 / max(calls - 1, 1))
    return [
        Finding(
            kind="exploding-gradient",
            severity="problem",
            layer=layer.name,
            cause="init-scale" if over[0] else "learning-rate-too-high",
            since_step=int(steps[np.argmax(over)]),
            summary=f"The gradient grows by {rate:.2g} at each of the {calls} moments of "
            f"{titled(layer.name)} ({layer.activation}) that it is taken back: the first gets "
            f"{size:.1e} times what the last one gets.",
            evidence={
                "growth": size,
                "per_moment": rate,
                "moments": calls,
                "activation": layer.activation,
            },
            layers=(layer.name,),
            threshold=limits.threshold("growth"),
        )
    ]
