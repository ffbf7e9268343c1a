"""Units that pass no gradient: dead ones, and saturated ones."""

from __future__ import annotations

import math

import numpy as np
import torch

from nonlin.diagnosis import evidence as ev
from nonlin.diagnosis.finding import Finding
from nonlin.diagnosis.statistics import Run, Site
from nonlin.diagnosis.thresholds import Thresholds

# Fewer rows tell nothing of a unit that opens on one row in ten.
_FEWEST_ROWS = 30
_MOST_UNITS_SHOWN = 64
# Steps from the death of units to the end of finite numbers that are one event.
_DYING = 10


def judge(run: Run, limits: Thresholds, found: tuple[Finding, ...]) -> list[Finding]:
    """Layers most of whose units are closed."""
    if any(f.kind == "init-mismatch" and f.cause == "symmetric-units" for f in found):
        return []  # Copies of one unit open and close together.
    dead, saturated = [], []
    cut = _cut(run, found)
    for site in (*ev.hidden(run), *run.gates.values()):
        if site.rows == [] or (site.is_gate and not _begins_shut(site, limits)):
            continue
        if ev.collapsed(run, site):
            continue  # What died is the signal.
        if ev.dies(site.record) and (finding := _dead(run, site, limits)):
            # Before a cut nothing is trained for the loss's sake, and what dies is a consequence.
            if site.order > cut or not finding.since_step:
                dead.append(finding)
        elif site.name == "selu" and any(f.kind == "selu-misuse" for f in found):
            continue  # A consequence: without its conditions its signal grows.
        elif ev.saturates(site.record) and not site.is_gated:
            saturated += filter(None, [_saturated(run, site, limits)])
    return dead + saturated


def _cut(run: Run, found: tuple[Finding, ...]) -> int:
    """Where in the order of execution the gradient is stopped, or -1."""
    layers = {name for f in found if f.kind == "blocked-gradient" for name in f.layers}
    return max((w.order for name, w in run.weights.items() if name in layers), default=-1)


def _begins_shut(site: Site, limits: Thresholds) -> bool:
    """Whether most units of a gate were stuck before they could learn where to stand."""
    if site.first is None:
        return False
    expected = ev.expected_slope(site.record)
    return float(site.first.slope_mean.float().median()) < limits.stuck_gate * expected


def _dead(run: Run, site: Site, limits: Thresholds) -> Finding | None:
    if site.last_open is None:
        return None
    end = ev.first_non_finite(site)
    rows = [(step, n) for step, n in site.rows if end is None or step < end]
    last = site.last_open.cpu().numpy()
    # Just before numbers ceased to be finite, what is shut for a moment is a consequence.
    enough = limits.late_rows if end is None else limits.dead_rows
    total, window = 0, 0
    for step, n in reversed(rows):
        if step < run.steps / 2 and total >= enough:
            break
        total, window = total + n, step
        # Of a living layer, however sparse, some unit opens on some row.
        all_shut = end is None and total >= _FEWEST_ROWS and (last < step).all()
        if all_shut or total >= limits.dead_rows:
            break
    if total < _FEWEST_ROWS:
        return None
    closed = last < window
    share = float(closed.mean())
    usual = limits.dead_share
    # A layer all of whose units are dead is one too many, however narrow.
    limit = min(usual + 3 * math.sqrt(usual * max(1 - usual, 0) / last.size), 1 - 0.5 / last.size)
    if share <= limit:
        return None
    # The step by which the limit was passed: the units sorted by their death.
    deaths = np.sort(last[closed] + 1)
    begin = int(deaths[min(deaths.size - 1, int(limit * last.size))])
    at_the_end = end is not None and end - begin <= _DYING
    if at_the_end and ev.largest_update(run, end)[0] >= limits.update:
        return None  # A consequence, for the few steps that an explosion takes to its end.
    seen = [step for step, _ in rows]
    # Between two looks, the death belongs to the earlier one's step.
    cause, facts = _why_dead(run, site, closed, begin, limits)
    figures = {
        "dead_share": share,
        "dead": int(closed.sum()),
        "units": int(last.size),
        "rows_without_open_gate": total,
        "closed_from_the_start": float((last[closed] < 0).mean()),
        "first_look_at_them_closed": next((s for s in seen if s >= begin), begin),
        "weights": site.producer,
        "activation": repr(site.record),
        **facts,
    }
    return Finding(
        kind="dead-units",
        severity="problem",
        layer=site.layer,
        cause=cause,
        since_step=begin,
        summary=f"{closed.sum()} of {last.size} units of {site.title} ({site.record!r}) pass no "
        f"gradient: their gate stayed shut on all of the last {total:,} rows.",
        evidence=figures,
        units=tuple(int(u) for u in np.flatnonzero(closed)[:_MOST_UNITS_SHOWN]),
        layers=tuple(filter(None, (site.producer, site.layer))),
        threshold=limits.threshold("dead_share"),
    )


def _why_dead(
    run: Run, site: Site, closed: np.ndarray, begin: int, limits: Thresholds
) -> tuple[str, dict[str, object]]:
    rms, spread = ev.input_scale(run)
    update, layer = ev.largest_update(run, begin)
    facts: dict[str, object] = {
        "input_rms": rms,
        "largest_update_before": update,
        "largest_update_in": layer,
    }
    first = site.first
    if begin == 0 and first is not None:
        without = _opens_without_bias(first.z_high, first.bias, closed)
        facts["open_without_bias"] = without
        facts["mean_bias_at_start"] = _mean_bias(first.bias, closed)
        if without > 0.5:
            return "negative-bias", facts
        _, table = site.series.table()
        if table["z_rms"].size and table["z_rms"][0] == 0:
            return "init-scale", facts
        if spread < 0.3 and rms > 1:
            facts["input_spread"] = spread
            return "input-scale", facts
        if rms > ev.LARGE_INPUT:
            return "input-scale", facts
        return ("depth" if site.order > 3 else "init-scale"), facts
    last = site.recent[-1] if site.recent else None
    if last is not None:
        without = _opens_without_bias(last.z_high, last.bias, closed)
        facts["open_without_bias"] = without
        facts["mean_bias_at_end"] = _mean_bias(last.bias, closed)
        if without > 0.5 and update < ev.LARGE_UPDATE:
            return "negative-bias", facts
    if rms > ev.LARGE_INPUT and begin <= 5:
        return "input-scale", facts
    if target := _large_targets(run):
        facts["target_scale"] = target
        return "target-scale", facts
    return "learning-rate-too-high", facts


def _large_targets(run: Run) -> float:
    """Scale of a regression's targets where it is large, or 0."""
    for call in run.losses.values():
        _, table = call.values.table()
        if np.isfinite(table["high"]).any():
            scale = float(np.nanmax(np.abs([table["high"], table["low"]])))
            if scale > 10 * ev.LARGE_INPUT:
                return scale
    return 0.0


def _opens_without_bias(
    z_high: torch.Tensor, bias: torch.Tensor | None, closed: np.ndarray
) -> float:
    if bias is None or bias.shape != z_high.shape:
        return 0.0
    return float(((z_high - bias.to(z_high.dtype)).cpu().numpy()[closed] > 0).mean())


def _mean_bias(bias: torch.Tensor | None, closed: np.ndarray) -> float:
    if bias is None or bias.numel() != closed.size:
        return math.nan
    return float(bias.float().cpu().numpy()[closed].mean())


def _saturated(run: Run, site: Site, limits: Thresholds) -> Finding | None:
    end = ev.first_non_finite(site)
    recent = [u for u in site.recent if end is None or u.step < end]
    if not recent or sum(n for _, n in site.rows) < _FEWEST_ROWS:
        return None
    expected = ev.expected_slope(site.record)
    if not 0 < expected < math.inf:
        return None
    slopes = torch.stack([u.slope_mean.float() for u in recent]).mean(dim=0).cpu().numpy()
    passed = slopes / expected
    closed = passed < limits.transmission
    share = float(closed.mean())
    if share <= limits.saturated_share:
        return None
    steps, table = site.series.table()
    finite = np.isfinite(table["z_rms"])
    steps, means, z = steps[finite], table["slope_mean"][finite], table["z_rms"][finite]
    begin = ev.since(steps, means / expected < limits.transmission)
    begin = int(steps[-1]) if begin is None else begin
    # What was lost before the first step, of all that is lost, as factors.
    at_start = math.log(max(means[0], 1e-30) / expected) / math.log(
        max(means[-1], 1e-30) / expected
    )
    cause, facts = _why_saturated(run, site, 0 if at_start > 0.5 else begin)
    figures = {
        "saturated_share": share,
        "units": int(closed.size),
        "passes_of_expected": float(np.median(passed)),
        "mean_slope": float(np.median(slopes)),
        "expected_slope": expected,
        "lost_before_the_first_step": at_start,
        "z_rms_at_start": float(z[0]),
        "z_rms_at_end": float(z[-1]),
        "weights": site.producer,
        "activation": repr(site.record),
        **facts,
    }
    return Finding(
        kind="saturated-units",
        severity="problem",
        layer=site.layer,
        cause=cause,
        since_step=begin,
        summary=f"{closed.sum()} of {closed.size} units of {site.title} ({site.record!r}) are "
        f"saturated: their slope is {np.median(passed):.2g} of what it is for z ~ N(0, 1), "
        f"because z has an RMS of {z[-1]:.3g}.",
        evidence=figures,
        units=tuple(int(u) for u in np.flatnonzero(closed)[:_MOST_UNITS_SHOWN]),
        layers=tuple(filter(None, (site.producer, site.layer))),
        threshold=limits.threshold("transmission"),
    )


def _why_saturated(run: Run, site: Site, begin: int) -> tuple[str, dict[str, object]]:
    update, layer = ev.largest_update(run, begin)
    facts: dict[str, object] = {
        "largest_update_before": update,
        "largest_update_in": layer,
    }
    weight = run.weights.get(site.producer or "")
    factor = reads = math.nan
    if weight is not None:
        pairs = {w.layer: p for w, p in ev.weights_in_order(run)}
        if weight.layer in pairs:
            factor = ev.initial_scale(weight, pairs[weight.layer])
        _, table = weight.input.table()
        good = table["rms"][np.isfinite(table["rms"])]
        reads = float(good[0]) if good.size else math.nan
        facts |= {"initial_weights_over_gain": factor, "rms_read": reads}
    if site.layer in run.gates:
        # Their layer has several weights; what goes into the network is what they can read.
        factor, reads = 1.0, ev.input_scale(run)[0]
        facts["rms_read"] = reads
    if begin == 0:
        first = site.first
        bias = 0.0
        if first is not None and first.bias is not None:
            bias = float(first.bias.float().square().mean().sqrt())
            facts["bias_rms"] = bias
        if bias > max(1.0, reads * factor if math.isfinite(reads * factor) else 0):
            return "bias", facts
        return ("input-scale" if reads > max(factor, 1.0) else "init-scale"), facts
    rms, _ = ev.input_scale(run)
    if rms > ev.LARGE_INPUT and reads > ev.LARGE_INPUT:
        return "input-scale", facts
    return "learning-rate-too-high", facts
