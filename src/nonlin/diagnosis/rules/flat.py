"""Trainings that have stopped: the loss does not depend on any weight."""

from __future__ import annotations

import numpy as np

from nonlin.diagnosis import evidence as ev
from nonlin.diagnosis.finding import Finding
from nonlin.diagnosis.statistics import Run
from nonlin.diagnosis.thresholds import Thresholds

# A single step without any gradient may be a batch with nothing to learn from.
_FEWEST_LOOKS = 3


def judge(run: Run, limits: Thresholds, found: tuple[Finding, ...]) -> list[Finding]:
    """Whether every gradient is exactly 0 while the loss is not."""
    if any(f.severity == "problem" for f in found):
        return []  # What they say is why.
    flat: dict[int, bool] = {}
    for parameter in run.parameters.values():
        steps, table = parameter.series.table()
        for step, gradient in zip(steps.tolist(), table["gradient"], strict=True):
            flat[step] = flat.get(step, True) and gradient == 0
    at, table = run.loss.table()
    # A hinge that is nowhere touched has a loss of 0, and is done.
    there = {s for s, loss in zip(at.tolist(), table["loss"], strict=True) if abs(loss) > 0}
    steps = np.array(sorted(set(flat) & there))
    begin = ev.since(steps, np.array([flat[s] for s in steps.tolist()], dtype=bool))
    layers = ev.weights_in_order(run)
    if begin is None or not layers or (steps >= begin).sum() < _FEWEST_LOOKS:
        return []
    last = layers[-1][0]
    cause, facts = _why(run, begin)
    _, given = last.input.table()
    return [
        Finding(
            kind="vanishing-gradient",
            severity="problem",
            layer=last.layer,
            cause=cause,
            since_step=begin,
            summary=f"Every gradient is exactly 0 from step {begin} on, and the loss is not: what "
            f"lies behind {last.title} is flat where its output is.",
            evidence={
                "looks": int((steps >= begin).sum()),
                "loss": float(table["loss"][-1]),
                "rms_of_its_output": float(given["out_rms"][-1]),
                **facts,
            },
            layers=(last.layer,),
        )
    ]


def _why(run: Run, begin: int) -> tuple[str, dict[str, object]]:
    rms, _ = ev.input_scale(run)
    update, layer = ev.largest_update(run, begin)
    facts = {"input_rms": rms, "largest_update_before": update, "largest_update_in": layer}
    if rms > ev.LARGE_INPUT:
        return "input-scale", facts
    return ("learning-rate-too-high" if begin > 0 else "init-scale"), facts
