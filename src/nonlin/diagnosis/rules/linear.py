"""Networks that are linear, wholly or between two layers."""

from __future__ import annotations

import torch

from nonlin.diagnosis import evidence as ev
from nonlin.diagnosis.finding import Finding
from nonlin.diagnosis.measuring import steepest
from nonlin.diagnosis.statistics import Run, Site, UnitSample, Weight
from nonlin.diagnosis.thresholds import Thresholds
from nonlin.facts import Facts

# A smooth function bends over distances of about 1.
BEND = 0.1


def judge(run: Run, limits: Thresholds, found: tuple[Finding, ...]) -> list[Finding]:
    """Layers with nothing non-linear between them, and activations whose bend is not used."""
    return (_dropped(run) or _missing(run)) + _unused(run, limits)


def _missing(run: Run) -> list[Finding]:
    pairs = []
    for weight in sorted(run.weights.values(), key=lambda w: w.order):
        for name in weight.linear_from:
            source = run.weights.get(name)
            if source is not None and source is not weight and _is_redundant(run, source, weight):
                pairs.append((source, weight))
    if not pairs:
        return []
    bends = [s for s in run.sites.values() if not s.is_output and not s.is_dropped]
    layers = tuple(dict.fromkeys(w.layer for pair in pairs for w in pair))
    source, weight = pairs[0]
    whole = not bends
    text = (
        f"The network is a linear model: nothing non-linear lies between its {len(layers)} layers."
        if whole
        else f"Nothing non-linear lies between {source.title} and {weight.title}: the two are one "
        "layer."
    )
    return [
        Finding(
            kind="linear-network",
            severity="problem" if whole else "warning",
            layer=source.layer,
            cause="missing-activation",
            since_step=0,
            summary=text,
            evidence={
                "pairs": [[a.layer, b.layer] for a, b in pairs],
                "width_between": source.outputs,
                "widths": [source.fan_in, source.outputs, weight.outputs],
                "activations_elsewhere": len(bends),
            },
            layers=layers,
        )
    ]


def _dropped(run: Run) -> list[Finding]:
    """Activations whose result nobody takes, as of ``F.relu(x)`` on a line of its own."""
    sites = [s for s in run.sites.values() if isinstance(s.record.facts, Facts)]
    # What code that cannot be seen reads is gone too, but gets a gradient.
    dropped = [s for s in sites if s.is_dropped and not len(s.gradient)]
    if not dropped:
        return []
    site = dropped[0]
    whole = not ev.hidden(run)
    return [
        Finding(
            kind="linear-network",
            severity="problem" if whole else "warning",
            layer=site.layer,
            cause="missing-activation",
            since_step=0,
            summary=f"{site.title} ({site.record!r}) is computed and its result thrown away: what "
            "goes on is its input" + (", so that the network is a linear model." if whole else "."),
            evidence={
                "calls": site.calls,
                "results_thrown_away": site.dropped,
                "layers": [s.layer for s in dropped],
                "activations_elsewhere": len(ev.hidden(run)),
                "activation": repr(site.record),
            },
            layers=tuple(s.layer for s in dropped),
        )
    ]


def _is_redundant(run: Run, source: Weight, weight: Weight) -> bool:
    """Whether one layer could do what both do, with no more parameters.

    A narrow middle is a factorisation, which somebody meant; so is a depthwise convolution.
    """
    if not source.has_bias and not weight.reads_normalised and not _is_a_wide_sum(source, weight):
        return False  # So does whoever multiplies two matrices.
    if source.groups > 1 or weight.groups > 1 or source.layer in run.branched or weight.tied:
        return False
    if sum(source.layer in w.linear_from for w in run.weights.values()) > 1:
        return False
    return source.outputs >= min(source.fan_in, weight.outputs)


def _is_a_wide_sum(source: Weight, weight: Weight) -> bool:
    """Whether layers side by side are added in a middle wider than both ends, for nothing."""
    return len(weight.linear_from) > 1 and source.outputs > max(source.fan_in, weight.outputs)


def _unused(run: Run, limits: Thresholds) -> list[Finding]:
    sites = ev.hidden(run)
    straight = [
        s for s in sites if s.linear_input and not ev.collapsed(run, s) and _is_straight(s, limits)
    ]
    if not straight:
        return []
    whole = len(straight) == len(sites)
    site = straight[0]
    last = site.recent[-1]
    return [
        Finding(
            kind="linear-network",
            severity="problem" if whole else "warning",
            layer=site.layer,
            cause="unused-bend",
            since_step=_since(site, limits),
            summary=f"{site.title} ({site.record!r}) acts as a straight line: on every row its "
            f"units have the same slope, {float(last.slope_mean.mean()):.3g}"
            + (", so that the network is a linear model." if whole else "."),
            evidence={
                "slope": float(last.slope_mean.mean()),
                "layers": [s.layer for s in straight],
                "activations": len(sites),
                "z_rms": float(site.series.table()[1]["z_rms"][-1]),
                "activation": repr(site.record),
            },
            layers=tuple(s.layer for s in straight),
            threshold=limits.threshold("slope_range"),
        )
    ]


def _since(site: Site, limits: Thresholds) -> int:
    """The first step when it was straight then, or the first of those that are kept."""
    looks = [*([site.first] if site.first is not None else []), *site.recent]
    same = len({u.slope_high.shape for u in looks}) == 1
    return looks[0 if same and _keeps_straight(site, looks, limits) else -len(site.recent)].step


def _is_straight(site: Site, limits: Thresholds) -> bool:
    if not isinstance(site.record.facts, Facts) or len(site.recent) < 1 or site.is_gate:
        return False
    if sum(u.rows for u in site.recent) < 30:
        return False
    return _keeps_straight(site, list(site.recent), limits)


def _keeps_straight(site: Site, looks: list[UnitSample], limits: Thresholds) -> bool:
    high = torch.stack([u.slope_high.float() for u in looks]).amax(dim=0)
    low = torch.stack([u.slope_low.float() for u in looks]).amin(dim=0)
    # Learned slopes move from step to step and are straight all the same.
    within = max(
        float((u.slope_high - u.slope_low).float().amax() if site.record.learned else 0.0)
        for u in looks
    )
    size = steepest(site.record)
    spread = torch.stack([(u.z_high - u.z_low).float() for u in looks]).amax(dim=0)
    if not site.record.kinks and float(spread.median()) < BEND * size:
        return False  # A signal that small makes any smooth function straight.
    if site.record.learned:
        constant = torch.full_like(high, within <= limits.slope_range * size, dtype=torch.bool)
    else:
        constant = (high - low) <= limits.slope_range * size
        # Units that bend elsewhere, some to the left and some to the right of the data, choose.
        if float(high.amax() - low.amin()) > limits.slope_range * size:
            return False
    opened = low > limits.slope_range * size
    return float((constant & opened).float().mean()) >= limits.linear_share
