"""Claim 13: does swish beat ReLU at every batch size?"""

from __future__ import annotations

from typing import Any

from nonlin.claims.claim import Claim, Panel, Scores
from nonlin.claims.training import FULL, QUICK, accuracy, points, study, sweep

_SIZES = (32, 128, 512, 2048)


def _place(size: int) -> str:
    return f"batches of {size}"


def steps(**given: Any) -> Any:
    settings = {"depth": 4, "width": 64}
    return [
        study(_place(n), "swish,relu", **{**given, **settings, "batch_size": n}) for n in _SIZES
    ]


def measure(data: Any) -> dict[str, Scores]:
    return {place: accuracy(step, "swish", "relu") for place, step in data.items()}


def picture(data: Any) -> list[Panel]:
    steps = [data[_place(n)] for n in _SIZES]
    return [sweep("Four hidden layers", "rows in a batch", _SIZES, steps, "x")]


CLAIM = Claim(
    number=13,
    statement="Swish beats ReLU at every batch size.",
    sources=("S1",),
    confirms="a higher test accuracy, by more than half a point, at every batch size.",
    refutes="a batch size at which they are level within half a point, or ReLU is better.",
    parts=tuple(points(_place(n), ["above"]) for n in _SIZES),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={
        "quick": {**QUICK, "epochs": 2},
        "full": {**FULL, "rates": (3e-4, 1e-3, 3e-3, 1e-2)},
    },
    notes="The number of epochs is the same for all sizes, so that large batches take fewer steps.",
)
