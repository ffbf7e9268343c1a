"""Claim 6: do a high learning rate and a large negative bias kill ReLU units?"""

from __future__ import annotations

from typing import Any

from nonlin.claims.claim import Claim, Panel, Sampled, Scores, Series
from nonlin.claims.training import FULL, ONE_UNIT, QUICK, study

_USUAL, _FAST, _BIASED = "usual", "high learning rate", "large negative bias"
_PARTS = {_FAST: "a learning rate of 0.3 (SGD)", _BIASED: "a bias of −2"}


def steps(**given: Any) -> Any:
    settings = {**given, "optimizer": "sgd", "init": "default", "depth": 4, "width": 64}
    # leaky_relu is the control: the same treatment, and a slope that never vanishes.
    names = "relu,leaky_relu"
    slow, fast = {**settings, "rates": (0.01,)}, {**settings, "rates": (0.3,)}
    return [
        study(_USUAL, names, **slow),
        study(_FAST, names, **fast),
        study(_BIASED, names, model="nonlin.claims.networks:low_bias", **slow),
    ]


def measure(data: Any) -> dict[str, Scores]:
    dead = {name: step["activations"]["relu"]["blocked"] for name, step in data.items()}
    return {part: Scores(dead[name], dead[_USUAL]) for name, part in _PARTS.items()}


def picture(data: Any) -> list[Panel]:
    return [
        Panel(
            activation,
            "seed",
            "units that pass no gradient, %",
            [
                Series(name, range(len(found)), [100 * share for share in found])
                for name, step in data.items()
                for found in [step["activations"][activation]["blocked"]]
            ],
        )
        for activation in ("relu", "leaky_relu")
    ]


CLAIM = Claim(
    number=6,
    statement="A high learning rate and a large negative bias kill ReLU units.",
    sources=("S5",),
    confirms="after training, the share of units that pass no gradient on any of 256 rows is "
    "larger than usual by more than 2 points.",
    refutes="the share is level with the usual one, or smaller.",
    parts=tuple(
        Sampled(part, ("above",), 0.02, ONE_UNIT, unit=" points", scale=100)
        for part in _PARTS.values()
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={"quick": QUICK, "full": {**FULL, "seeds": 6, "epochs": 2}},
    notes="Usual is SGD with momentum 0.9 at a rate of 0.01 and PyTorch's initialisation.",
)
