"""Claim 3: does ReLU train better than sigmoid and tanh in almost all models?"""

from __future__ import annotations

from typing import Any

from nonlin.claims.claim import Claim, Panel, Scores
from nonlin.claims.training import CNN, FULL, QUICK, accuracy, curves, points, study

_MODELS = {
    "MLP of 2 layers": {"model": "mlp", "depth": 2},
    "MLP of 8 layers": {"model": "mlp", "depth": 8},
    "CNN on digits": CNN,
}
_OTHERS = ("sigmoid", "tanh")


def steps(**given: Any) -> Any:
    names = ",".join(("relu", *_OTHERS))
    return [
        study(m, names, baseline="relu", **{**given, **settings}) for m, settings in _MODELS.items()
    ]


def measure(data: Any) -> dict[str, Scores]:
    return {
        f"against {other}, {model}": accuracy(data[model], "relu", other)
        for model in _MODELS
        for other in _OTHERS
    }


def picture(data: Any) -> list[Panel]:
    return [curves(model, data[model]) for model in _MODELS]


CLAIM = Claim(
    number=3,
    statement="ReLU trains better than sigmoid and tanh in almost all models.",
    sources=("S1",),
    confirms="a higher test accuracy, by more than half a point, than both in shallow and deep "
    "fully connected and in convolutional networks.",
    refutes="a model in which it is level with one of them, or behind.",
    parts=tuple(
        points(f"against {other}, {model}", ["above"]) for model in _MODELS for other in _OTHERS
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={"quick": {**QUICK, "epochs": 2}, "full": FULL},
    notes="Matched initialisation for all, so that none is favoured by the scale of its weights.",
)
