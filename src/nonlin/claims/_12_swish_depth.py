"""Claim 12: is swish level with ReLU up to 40 layers, and clearly better from 40 to 50?"""

from __future__ import annotations

from typing import Any

from nonlin.claims.claim import Claim, Panel, Scores
from nonlin.claims.training import FULL, QUICK, accuracy, points, study, sweep

_INITS = ("default", "matched")
_DEPTHS = (15, 30, 40, 50)
_DEEP = 40


def _place(depth: int, init: str) -> str:
    return f"{depth} layers, {init} initialisation"


def steps(depths: list[int], **given: Any) -> Any:
    return [
        study(_place(d, init), "swish,relu", depth=d, init=init, **given)
        for init in _INITS
        for d in depths
    ]


def measure(data: Any) -> dict[str, Scores]:
    return {place: accuracy(step, "swish", "relu") for place, step in data.items()}


def picture(data: Any) -> list[Panel]:
    return [
        sweep(init, "hidden layers", _DEPTHS, [data[_place(d, init)] for d in _DEPTHS])
        for init in _INITS
    ]


CLAIM = Claim(
    number=12,
    statement="Swish equals or beats ReLU: on MNIST, in fully connected networks, it is level up "
    "to 40 layers and clearly better from 40 to 50.",
    sources=("S1",),
    confirms="accuracies level within half a point, or swish better, up to 40 layers, and swish "
    "better by more than half a point beyond, under either initialisation.",
    refutes="ReLU better anywhere, or swish no better beyond 40 layers.",
    parts=tuple(
        points(_place(d, init), ["above"] if d > _DEEP else ["level", "above"])
        for init in _INITS
        for d in _DEPTHS
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={
        "quick": {**QUICK, "depths": list(_DEPTHS), "epochs": 1},
        "full": {**FULL, "seeds": 8, "depths": list(_DEPTHS)},
    },
    notes="Depth is where initialisation confounds: under PyTorch's default neither trains when "
    "deep (docs/design.md, Initialisation), and a difference is then one of luck. Hence both.",
)
