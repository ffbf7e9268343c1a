"""Judgement: each rule is a pure function of what was measured."""

from __future__ import annotations

from nonlin.diagnosis.finding import SEVERITIES, Finding
from nonlin.diagnosis.rules import (
    blocked,
    closed,
    exploding,
    initial,
    linear,
    nonfinite,
    output,
    selu,
    underflow,
    vanishing,
)
from nonlin.diagnosis.statistics import Run
from nonlin.diagnosis.thresholds import Thresholds

# Causes before consequences: a later rule sees what the earlier ones found.
_RULES = (
    output.judge,
    blocked.judge,
    linear.judge,
    initial.judge,
    selu.judge,
    closed.judge,
    underflow.judge,
    vanishing.judge,
    exploding.judge,
    nonfinite.judge,
)


def judge(run: Run, limits: Thresholds) -> list[Finding]:
    """All that is wrong with a run, the worst first.

    Args:
        run: what was measured.
        limits: where the rules draw their lines.
    """
    found: list[Finding] = []
    for rule in _RULES:
        try:
            found += rule(run, limits, tuple(found))
        except Exception as error:
            # The training is over, and what it made must not be lost over a rule.
            name = rule.__module__.rpartition(".")[2]
            run.notes.append(f"the rule {name!r} failed ({type(error).__name__}: {error})")
    return sorted(found, key=lambda f: (SEVERITIES.index(f.severity), f.since_step or 0))
