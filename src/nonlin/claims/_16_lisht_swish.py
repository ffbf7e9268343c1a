"""Claim 16: does LiSHT beat swish?"""

from __future__ import annotations

from typing import Any

from nonlin.claims.claim import Claim, Panel, Scores
from nonlin.claims.training import FULL, QUICK, accuracy, curves, points, study

_MODELS = {
    "MLP of 4 layers": {"model": "mlp", "depth": 4},
    "MLP of 15 layers": {"model": "mlp", "depth": 15},
    "CNN": {"model": "cnn", "depth": 2, "width": 16},
}


def steps(**given: Any) -> Any:
    return [
        study(model, "lisht,swish", baseline="swish", **given, **settings)
        for model, settings in _MODELS.items()
    ]


def measure(data: Any) -> dict[str, Scores]:
    return {model: accuracy(step, "lisht", "swish") for model, step in data.items()}


def picture(data: Any) -> list[Panel]:
    return [curves(model, step) for model, step in data.items()]


CLAIM = Claim(
    number=16,
    statement="LiSHT beats swish.",
    sources=("S1",),
    confirms="a higher test accuracy, by more than half a point, in every model.",
    refutes="a model in which they are level within half a point, or swish is better.",
    parts=tuple(points(model, ["above"]) for model in _MODELS),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={"quick": {**QUICK, "epochs": 2}, "full": FULL},
    notes="Matched initialisation, at each one's best learning rate.",
)
