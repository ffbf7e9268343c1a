"""NaN and infinities."""

from __future__ import annotations

import numpy as np

from nonlin.diagnosis import evidence as ev
from nonlin.diagnosis.finding import Finding
from nonlin.diagnosis.statistics import Run
from nonlin.diagnosis.thresholds import Thresholds

# An input of log or a divisor that is smaller than this is on its way to 0.
_EDGE = 1e-2


def judge(run: Run, limits: Thresholds, found: tuple[Finding, ...]) -> list[Finding]:
    """Where and when numbers ceased to be finite."""
    events: list[tuple[int, int, str, str]] = []  # step, order, what, where
    last_seen = run.sampled[-1] if run.sampled else 0
    _note(events, *_trace(run.input_rms, "rms"), 0, "input", "input")
    for weight in run.weights.values():
        steps, table = weight.input.table()
        _note(events, steps, table["out_rms"], 2 * weight.order, "output", weight.layer)
    for site in run.sites.values():
        steps, table = site.series.table()
        out = table["out_rms"]
        entered = np.isfinite(table["z_rms"])
        _note(events, steps, np.where(entered, out, 0.0), 2 * site.order + 1, "output", site.layer)
        _note(events, *_trace(site.series, "z_rms"), 2 * site.order, "input of", site.layer)
    _note(events, *_trace(run.loss, "loss"), 10**6, "loss", "loss")
    at, losses = _trace(run.loss, "loss")
    sound = max(at[np.isfinite(losses)], default=-1)
    for parameter in run.parameters.values():
        steps, table = parameter.series.table()
        for name, order, what in (("gradient", 2, "gradient"), ("weight", 3, "weights")):
            # A norm overflows before its numbers do; those would have ruined the next loss.
            overflown = np.isposinf(table[name]) & (steps <= sound)
            values = np.where(overflown, 0.0, table[name])
            _note(events, steps, values, order * 10**6, what, parameter.layer)
    if not events:
        return []
    step, _, what, where = min(events)
    ends_bad = any(e[0] == last_seen for e in events)
    cause, facts = _why(run, what, where, step, found)
    before = [s for s in run.sampled if s < step]
    return [
        Finding(
            kind="non-finite",
            severity="problem" if ends_bad else "warning",
            layer=where,
            cause=cause,
            since_step=step,
            summary=f"NaN or infinity from step {step} on, first seen in the {what}"
            + (f" of {where}." if what not in ("input", "loss") else "."),
            evidence={
                "first_seen_in": what,
                "last_look_that_was_finite": before[-1] if before else None,
                "still_at_the_end": ends_bad,
                "places": sorted({e[3] for e in events if e[0] == step})[:12],
                **facts,
            },
            layers=(where,),
        )
    ]


def _trace(series, name):
    steps, table = series.table()
    return steps, table[name]


def _note(events, steps, values, order, what, where) -> None:
    bad = ~np.isfinite(values)
    events += [(int(s), order, what, where) for s in steps[bad]]


def _why(run: Run, what: str, where: str, step: int, found: tuple[Finding, ...]):
    exploding = next((f for f in found if f.kind == "exploding-gradient"), None)
    if what == "input":
        return "input", {}
    if exploding is not None:
        return exploding.cause, {"explosion_since": exploding.since_step}
    narrow = sorted({str(p.dtype) for p in run.parameters.values() if p.dtype.itemsize < 4})
    narrow += sorted({str(s.dtype) for s in run.sites.values() if s.dtype and s.dtype.itemsize < 4})
    update, layer = ev.largest_update(run, step)
    facts = {"largest_update_before": update, "largest_update_in": layer}
    if any("float16" in d and "bfloat16" not in d for d in narrow):
        return "dtype", {**facts, "dtypes": sorted(set(narrow))}
    before = [s for s in run.sampled if s < step]
    inside = what not in ("loss", "gradient")
    if inside and step > 0 and (not before or before[-1] < step - 1):
        # It spread before the next look, so that the first place seen is not the first place.
        facts["looked_at_the_step_before"] = False
        if update >= 1:
            return "learning-rate-too-high", facts
        edge = _nearest_edge(run, step)
        return ("operation", {**facts, **edge}) if edge else ("not-seen", facts)
    if what == "loss":
        return "loss", facts
    if update >= 1 and step > 0:
        return "learning-rate-too-high", facts
    return "operation", facts


def _nearest_edge(run: Run, step: int) -> dict[str, object]:
    """The operation whose input came nearest to where it is infinite, before a step."""
    nearest = []
    for name, series in run.edges.items():
        steps, table = series.table()
        before = table["smallest"][steps < step]
        if before.size and before.min() < _EDGE:
            nearest.append((float(before.min()), name))
    if not nearest:
        return {}
    smallest, name = min(nearest)
    return {"operation": name, "smallest_input_before": smallest}
