"""Steps and gradients that rounding swallows."""

from __future__ import annotations

import math

import numpy as np

from nonlin.diagnosis import evidence as ev
from nonlin.diagnosis.finding import Finding, titled
from nonlin.diagnosis.statistics import Parameter, Run
from nonlin.diagnosis.thresholds import Thresholds


def judge(run: Run, limits: Thresholds, found: tuple[Finding, ...]) -> list[Finding]:
    """Weights that steps leave as they are, and gradients too small for 16 bits."""
    return _lost_steps(run, limits) or _lost_gradients(run, limits)


def _lost_steps(run: Run, limits: Thresholds) -> list[Finding]:
    lost = {}
    first = None
    # In float32 only a training that is over, or one that barely began, moves so little.
    narrow = [p for p in _largest_of_layers(run) if p.dtype.itemsize < 4]
    for parameter in narrow:
        steps, table = parameter.series.table()
        share = table["lost"]
        rates = np.array([_rate_at(parameter.rates, s) for s in steps])
        moving = (rates > 0) & np.isfinite(share)
        if not moving.any():
            continue
        share, steps = share[moving], steps[moving]
        # From the first steps on: later, a small step is what convergence looks like.
        early = share[: max(1, share.size // 2)]
        if np.median(early) > limits.lost and np.median(share) > limits.lost:
            lost[parameter.name] = float(np.median(share))
            first = int(steps[0]) if first is None else min(first, int(steps[0]))
    if not lost or not _are_most([run.parameters[name] for name in lost], narrow):
        return []
    name = max(lost, key=lambda n: lost[n])
    parameter = run.parameters[name]
    spacing = _spacing(parameter.dtype)
    return [
        Finding(
            kind="underflow",
            severity="problem",
            layer=parameter.layer,
            cause="dtype",
            since_step=first,
            summary=f"Rounding swallows {lost[name]:.0%} of each step of {parameter.title}: less "
            f"than half the spacing of {_name(parameter.dtype)}, {spacing:.1e} of a weight, leaves "
            "it as it was.",
            evidence={
                "lost_share": lost,
                "dtype": _name(parameter.dtype),
                "relative_spacing": spacing,
                "median_update": float(np.nanmedian(ev.relative_update(parameter).values)),
            },
            layers=tuple(run.parameters[n].layer for n in lost),
            threshold=limits.threshold("lost"),
        )
    ]


def _are_most(some: list[Parameter], narrow: list[Parameter]) -> bool:
    """Whether they are more than half of the layers, or hold more than half of the weights."""
    entries = [sum(math.prod(p.shape) for p in these) for these in (some, narrow)]
    return len(some) * 2 > len(narrow) or entries[0] * 2 > entries[1]


def _largest_of_layers(run: Run) -> list[Parameter]:
    """The largest weight of each layer, of lookup tables and recurrent layers too."""
    largest: dict[str, Parameter] = {}
    for parameter in run.parameters.values():
        known = largest.get(parameter.layer)
        if parameter.is_weight and (
            known is None or math.prod(parameter.shape) > math.prod(known.shape)
        ):
            largest[parameter.layer] = parameter
    return list(largest.values())


def _lost_gradients(run: Run, limits: Thresholds) -> list[Finding]:
    lost = {}
    first = None
    for site in ev.hidden(run):
        steps, table = site.rounded.table()
        tiny = table["share_tiny"]
        good = np.isfinite(tiny)
        if not good.any() or site.dtype is None or "bfloat16" in str(site.dtype):
            continue  # bfloat16 has float32's range.
        if np.median(tiny[good]) > limits.lost and np.median(table["zeros"][good]) > 0.25:
            lost[site.layer] = float(np.median(table["zeros"][good]))
            first = int(steps[good][0])
    if not lost:
        return []
    layer = max(lost, key=lambda n: lost[n])
    return [
        Finding(
            kind="underflow",
            severity="problem",
            layer=layer,
            cause="dtype",
            since_step=first,
            summary=f"{lost[layer]:.0%} of the gradient at {titled(layer)} is rounded to 0 in "
            "float16.",
            evidence={"zero_share": lost},
            layers=tuple(lost),
            threshold=limits.threshold("lost"),
        )
    ]


def _rate_at(rates: list[tuple[int, float]], step: int) -> float:
    """The learning rate at a step; infinite where a program moves its parameters itself."""
    first = rates[0][1] if rates else math.inf
    return next((rate for s, rate in reversed(rates) if s <= step), first)


def _spacing(dtype) -> float:
    import torch

    return float(torch.finfo(dtype).eps)


def _name(dtype) -> str:
    return str(dtype).removeprefix("torch.")
