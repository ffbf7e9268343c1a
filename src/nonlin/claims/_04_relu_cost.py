"""Claim 4: does ReLU cost less than sigmoid and tanh?"""

from __future__ import annotations

from typing import Any

from nonlin.claims import timing
from nonlin.claims.claim import Claim, Panel, Scores

_SMALL, _LARGE, _NETWORK = "256 thousand numbers", "4 million numbers", "a network's pass"
_PLACES = (_SMALL, _LARGE, _NETWORK)
_OTHERS = ("sigmoid", "tanh")


def steps(small: int, large: int, blocks: int, rounds: int, passes: int) -> Any:
    names, often = ("relu", *_OTHERS), {"blocks": blocks}
    return [
        timing.functions(_SMALL, names, size=small, rounds=rounds, **often),
        timing.functions(_LARGE, names, size=large, rounds=rounds, **often),
        timing.networks(_NETWORK, names, depth=4, width=256, batch=64, rounds=passes, **often),
    ]


def measure(data: Any) -> dict[str, float | Scores]:
    return {
        f"relu over {other}, {place}": timing.ratio(data[place], "relu", other)
        for place in _PLACES
        for other in _OTHERS
    }


def picture(data: Any) -> list[Panel]:
    return [timing.panel(place, data[place]) for place in _PLACES]


CLAIM = Claim(
    number=4,
    statement="ReLU costs less than sigmoid and tanh.",
    sources=("S1", "S2", "S4"),
    confirms="PyTorch's relu takes less time than its sigmoid and tanh, alone and within a "
    "network, by more than 5 %.",
    refutes="a place where it takes as long (within 5 %), or longer.",
    parts=tuple(
        timing.cheaper(f"relu over {other}, {place}", ("below",), 0.05)
        for place in _PLACES
        for other in _OTHERS
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={
        "quick": {"small": 1 << 16, "large": 1 << 20, "blocks": 6, "rounds": 5, "passes": 20},
        "full": {"small": 1 << 18, "large": 1 << 22, "blocks": 30, "rounds": 11, "passes": 400},
    },
    notes="Ratios of PyTorch's kernels on one thread of one machine, forward and backward, in "
    "turns; each run is the fastest of a block of rounds. What does not depend on the machine: "
    "relu is a comparison where sigmoid and tanh need an exponential and a division. How much "
    "cheaper that is depends on how much of the time is memory, and in a network on the share that "
    "matrix products leave to the activation. Two earlier runs, with fewer "
    "rounds and their median for the fastest, were too noisy to tell about the network's pass: the "
    "statistic was changed after they had been seen.",
)
