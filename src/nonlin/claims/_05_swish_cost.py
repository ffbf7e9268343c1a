"""Claim 5: does swish cost as little as ReLU?"""

from __future__ import annotations

from typing import Any

from nonlin.claims import timing
from nonlin.claims.claim import Claim, Panel, Scores

_SMALL, _LARGE, _NETWORK = "256 thousand numbers", "4 million numbers", "a network's pass"
_PLACES = (_SMALL, _LARGE, _NETWORK)


def steps(small: int, large: int, blocks: int, rounds: int, passes: int) -> Any:
    # silu is swish with β = 1, which is what PyTorch has a kernel for.
    names, often = ("silu", "relu"), {"blocks": blocks}
    return [
        timing.functions(_SMALL, names, size=small, rounds=rounds, **often),
        timing.functions(_LARGE, names, size=large, rounds=rounds, **often),
        timing.networks(_NETWORK, names, depth=4, width=256, batch=64, rounds=passes, **often),
    ]


def measure(data: Any) -> dict[str, float | Scores]:
    return {
        f"swish over relu, {place}": timing.ratio(data[place], "silu", "relu") for place in _PLACES
    }


def picture(data: Any) -> list[Panel]:
    return [timing.panel(place, data[place]) for place in _PLACES]


CLAIM = Claim(
    number=5,
    statement="Swish costs as little as ReLU.",
    sources=("S4",),
    confirms="PyTorch's silu takes as long as its relu, within 10 %, or less.",
    refutes="it takes longer by more than that.",
    parts=tuple(
        timing.cheaper(f"swish over relu, {place}", ("level", "below"), 0.1) for place in _PLACES
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={
        "quick": {"small": 1 << 16, "large": 1 << 20, "blocks": 6, "rounds": 5, "passes": 20},
        "full": {"small": 1 << 18, "large": 1 << 22, "blocks": 30, "rounds": 11, "passes": 400},
    },
    notes="Ratios of PyTorch's kernels on one thread of one machine, forward and backward, in "
    "turns; each run is the fastest of a block of rounds. What does not depend on the "
    "machine: swish needs an exponential and a division and relu a comparison; the two can only be "
    "level where memory or matrix products take the time. Two earlier runs, with fewer "
    "rounds and their median for the fastest, were too noisy to tell about the network's pass: the "
    "statistic was changed after they had been seen.",
)
