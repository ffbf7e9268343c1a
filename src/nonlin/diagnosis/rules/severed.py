"""Recurrences whose state is detached at each moment."""

from __future__ import annotations

from nonlin.diagnosis.finding import Finding, titled
from nonlin.diagnosis.statistics import Run
from nonlin.diagnosis.thresholds import Thresholds

_FEWEST_LOOKS = 2
# Share of the looks: one may fall on a step of another kind.
_STEADY = 0.8


def judge(run: Run, limits: Thresholds, found: tuple[Finding, ...]) -> list[Finding]:
    """Layers that read a state at each moment, of which no gradient goes back to any."""
    enough = max(_FEWEST_LOOKS, _STEADY * len(run.sampled))
    layers = [layer for layer, (looks, _) in run.severed.items() if looks >= enough]
    if not layers:
        return []
    looks, moments = run.severed[layers[0]]
    return [
        Finding(
            kind="blocked-gradient",
            severity="problem",
            layer=layers[0],
            cause="detach",
            since_step=0,
            summary=f"The state that {titled(layers[0])} reads is detached at each of {moments} "
            "moments, and nothing else reads it: only the last moment gets a gradient.",
            evidence={"operation": "detach", "moments": moments, "looks": looks},
            layers=tuple(layers),
        )
    ]
