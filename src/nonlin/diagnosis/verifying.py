"""Does a repair help? Trains from the start with and without it, over several seeds, in pairs."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nonlin.comparison.intervals import mean_interval
from nonlin.diagnosis.changing import can_apply
from nonlin.diagnosis.finding import Finding, Repair
from nonlin.diagnosis.trial import MARK
from nonlin.errors import NonlinError


@dataclass(frozen=True)
class Verified:
    """What a repair did.

    Attributes:
        finding: what it is for.
        repair: the change.
        gain: mean fall of the final loss, as ln(loss without) − ln(loss with), over the last
            tenth of the steps; of the share of wrong classes where the repair is another loss; the
            plain difference where a loss falls below 0.
        interval: its confidence interval over the seeds.
        before: median final loss without.
        after: median final loss with.
        seeds: pairs of runs.
        has_effect: whether it changed any loss; where the program has nothing that the change
            applies to, such as an optimizer of PyTorch, the trainings are the same.
        helps: whether the interval lies above 0.
    """

    finding: Finding
    repair: Repair
    gain: float
    interval: tuple[float, float]
    before: float
    after: float
    seeds: int
    has_effect: bool = True

    @property
    def helps(self) -> bool:
        return self.has_effect and self.interval[0] > 0

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "kind": self.finding.kind,
            "layer": self.finding.layer,
            "repair": self.repair.text,
            "change": dict(self.repair.change),
            "gain": self.gain,
            "interval": list(self.interval),
            "loss_before": self.before,
            "loss_after": self.after,
            "seeds": self.seeds,
            "has_effect": self.has_effect,
            "helps": self.helps,
        }


def verify(
    script: Path,
    arguments: Sequence[str],
    findings: Sequence[Finding],
    *,
    seeds: int = 5,
    jobs: int = 2,
    most: int = 3,
    confidence: float = 0.95,
    told: Callable[[str], None] = lambda text: None,
    trial: Callable[..., Mapping[str, Any]] | None = None,
) -> list[Verified]:
    """Try the repairs of findings in their order, until one of each finding helps.

    Where none helps by itself, they are tried together: a fault can have two causes.

    Args:
        script: the training.
        arguments: its own arguments.
        findings: what was found in it.
        seeds: pairs of runs; each moves the seeds that the script sets by another number.
        jobs: runs at a time.
        most: repairs tried for a finding.
        confidence: of the interval.
        told: is called with what is being done.
        trial: runs one trial, as :func:`in_a_process` does.

    Returns:
        What was tried, in order. A repair that no program can apply is not tried.

    Raises:
        NonlinError: the script back-propagates no loss.
    """
    trial = trial or in_a_process
    with ThreadPoolExecutor(jobs) as pool:

        def answers(change: Mapping[str, Any]) -> list[Mapping[str, Any]]:
            runs = [
                pool.submit(trial, script, arguments, change, 1000 * number)
                for number in range(seeds)
            ]
            return [run.result() for run in runs]

        told(f"{seeds} runs without a change")
        plain = answers({})
        if any(not run["losses"] and not run["code"] for run in plain):
            raise NonlinError(
                f"repair: {script.name} back-propagates no loss, so that none can be compared"
            )
        tried: list[Verified] = []
        known: dict[str, Verified] = {}

        def attempt(finding: Finding, repair: Repair) -> Verified:
            key = json.dumps(dict(repair.change), sort_keys=True)
            if key not in known:
                told(f"{seeds} runs: {repair.text}")
                known[key] = _compared(finding, repair, plain, answers(repair.change), confidence)
            tried.append(replace(known[key], finding=finding, repair=repair))
            return tried[-1]

        for finding in findings:
            without_gain: list[Repair] = []
            for repair in finding.repairs:
                if len(without_gain) == most or not can_apply(repair.change):
                    continue
                result = attempt(finding, repair)
                if result.helps:
                    break
                if result.has_effect:
                    without_gain.append(repair)
            else:
                for repair in _together(without_gain):
                    attempt(finding, repair)
    return tried


def _together(repairs: Sequence[Repair]) -> list[Repair]:
    """All of them in one."""
    if len(repairs) < 2:
        return []
    text = "All of these: " + " ".join(r.text for r in repairs)
    # Of two settings of one thing the first, which is expected to do more.
    change = {k: v for r in reversed(repairs) for k, v in r.change.items()}
    return [Repair("several", text, change)]


def _compared(
    finding: Finding,
    repair: Repair,
    plain: Sequence[Mapping[str, Any]],
    changed: Sequence[Mapping[str, Any]],
    confidence: float,
) -> Verified:
    """What the runs with a change gained over those without."""
    # Another loss function has another scale: classes are counted instead.
    by_class = "loss" in repair.change
    before, after = (
        [_wrong(run) if by_class else _final(run) for run in runs] for runs in (plain, changed)
    )
    finite = [v for v in (*before, *after) if math.isfinite(v)]
    scaled = np.asarray if min(finite, default=0.0) < 0 else _logarithms
    scores = scaled(finite) if finite else np.zeros(1)
    # A loss that is not finite is worse than any, by 1: e times as bad in logarithms.
    worst = float(np.max(scores)) + 1.0
    without, with_it = (
        np.array([float(scaled([v])[0]) if math.isfinite(v) else worst for v in values])
        for values in (before, after)
    )
    gain, interval = mean_interval(without - with_it, confidence)
    low, high = (interval.low, interval.high) if interval is not None else (-math.inf, math.inf)
    return Verified(
        finding,
        repair,
        gain,
        (low, high),
        float(np.median(before)),
        float(np.median(after)),
        len(plain),
        any(one["losses"] != other["losses"] for one, other in zip(plain, changed, strict=True)),
    )


def _logarithms(losses: Sequence[float]) -> np.ndarray:
    return np.log(np.maximum(losses, 1e-12))


def in_a_process(
    script: Path, arguments: Sequence[str], change: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """Run one trial in a fresh interpreter."""
    asked = json.dumps({"change": dict(change), "seed": seed})
    command = [sys.executable, "-m", "nonlin.diagnosis.trial", asked, str(script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    line = next((x for x in reversed(done.stderr.splitlines()) if x.startswith(MARK)), None)
    if line is None:
        last = done.stderr.strip().splitlines()[-1:] or ["no output"]
        raise NonlinError(f"repair: a run of {script.name} died ({last[0]})")
    return json.loads(line.removeprefix(MARK))


def _wrong(answer: Mapping[str, Any]) -> float:
    """Share of wrong classes in the last tenth of the steps."""
    right = answer["right"]
    tail = right[-max(1, len(right) // 10) :]
    return math.inf if answer["code"] or not tail else max(1e-3, 1 - float(np.mean(tail)))


def _final(answer: Mapping[str, Any]) -> float:
    """Mean loss of the last tenth of the steps; infinite where it was no number."""
    losses = answer["losses"]
    tail = losses[-max(1, len(losses) // 10) :]
    if answer["code"] or not tail or any(v is None for v in tail):
        return math.inf
    return float(np.mean(tail))
