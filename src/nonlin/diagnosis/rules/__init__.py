"""Judgement: each rule is a pure function of what was measured."""

from __future__ import annotations

from collections.abc import Callable

from nonlin.diagnosis.finding import SEVERITIES, Finding
from nonlin.diagnosis.rules import (
    blocked,
    closed,
    exploding,
    flat,
    initial,
    linear,
    moments,
    nonfinite,
    output,
    selu,
    severed,
    underflow,
    vanishing,
)
from nonlin.diagnosis.statistics import Run
from nonlin.diagnosis.thresholds import Thresholds

Rule = Callable[[Run, Thresholds, tuple[Finding, ...]], list[Finding]]

# Causes before consequences: a later rule sees what the earlier ones found.
_OF_A_NETWORK = (
    blocked.judge,
    linear.judge,
    initial.judge,
    selu.judge,
    closed.judge,
    underflow.judge,
    vanishing.judge,
    exploding.judge,
    moments.judge,
)
_BEFORE = (output.judge, severed.judge)
_AFTER = (nonfinite.judge, flat.judge, blocked.judge_idle)


def judge(run: Run, limits: Thresholds) -> list[Finding]:
    """All that is wrong with a run, the worst first.

    Args:
        run: what was measured.
        limits: where the rules draw their lines.
    """
    found = _apply(_BEFORE, run, limits, ())
    for network in run.networks():
        found += _apply(_OF_A_NETWORK, network, limits, ())
    found += _apply(_AFTER, run, limits, tuple(found))
    return sorted(found, key=lambda f: (SEVERITIES.index(f.severity), f.since_step or 0))


def _apply(
    rules: tuple[Rule, ...], run: Run, limits: Thresholds, before: tuple[Finding, ...]
) -> list[Finding]:
    found: list[Finding] = []
    for rule in rules:
        try:
            found += rule(run, limits, (*before, *found))
        except Exception as error:
            # The training is over, and what it made must not be lost over a rule.
            name = rule.__module__.rpartition(".")[2]
            run.notes.append(f"the rule {name!r} failed ({type(error).__name__}: {error})")
    return found
