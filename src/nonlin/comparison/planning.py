"""Which runs a comparison needs, which of them are kept already, and which come next."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nonlin.comparison.settings import Settings
from nonlin.comparison.training import TUNING_SEED, RunKey

KEPT = ("done", "diverged")


@dataclass(frozen=True)
class Candidate:
    """A learning rate that was tried, and how the network did on validation rows."""

    lr: float
    status: str
    metric: float
    loss: float


def tuning_keys(settings: Settings) -> list[RunKey]:
    """The runs that choose learning rates: one per activation and rate, none for one rate."""
    if len(settings.learning_rates) == 1:
        return []
    return [
        RunKey(name, "tune", TUNING_SEED, lr)
        for lr in settings.learning_rates
        for name in settings.names
    ]


def final_keys(settings: Settings, rates: Mapping[str, float]) -> list[RunKey]:
    """The runs that are judged, of the activations whose rate is known; seed by seed."""
    return [
        RunKey(name, "final", seed, rates[name])
        for seed in range(settings.seeds)
        for name in settings.names
        if name in rates
    ]


def run_count(settings: Settings) -> int:
    """Number of runs in all."""
    return len(tuning_keys(settings)) + settings.seeds * len(settings.activations)


def choose_rate(candidates: Iterable[Candidate], higher_is_better: bool) -> float | None:
    """The learning rate with the best validation metric; the smaller loss breaks a tie.

    Args:
        candidates: every rate that was tried.
        higher_is_better: the metric's direction.

    Returns:
        The best rate; the smallest where all diverged; None where all failed.
    """
    kept = [candidate for candidate in candidates if candidate.status in KEPT]
    done = [candidate for candidate in kept if candidate.status == "done"]
    if not done:
        return min((candidate.lr for candidate in kept), default=None)
    sign = -1 if higher_is_better else 1
    return min(done, key=lambda c: (sign * c.metric, _or_infinity(c.loss), c.lr)).lr


def _or_infinity(loss: float) -> float:
    return loss if math.isfinite(loss) else math.inf
