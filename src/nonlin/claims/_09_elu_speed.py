"""Claim 9: does ELU converge faster than ReLU?"""

from __future__ import annotations

from typing import Any

from nonlin.claims.claim import Claim, Panel, Scores
from nonlin.claims.training import FULL, QUICK, curves, points, speed, study

_PLACES = {
    f"{depth} layers, {init} initialisation": {"depth": depth, "init": init}
    for depth in (4, 12)
    for init in ("default", "matched")
}


def steps(**given: Any) -> Any:
    return [study(p, "elu,relu", **given, **settings) for p, settings in _PLACES.items()]


def measure(data: Any) -> dict[str, Scores]:
    return {place: speed(data[place], "elu", "relu") for place in _PLACES}


def picture(data: Any) -> list[Panel]:
    return [curves(place, data[place]) for place in _PLACES]


CLAIM = Claim(
    number=9,
    statement="ELU converges faster than ReLU.",
    sources=("S1",),
    confirms="a higher mean validation accuracy over the epochs, by more than half a point, at "
    "both depths and under both initialisations.",
    refutes="a place where it is level with ReLU, or behind.",
    parts=tuple(points(place, ["above"]) for place in _PLACES),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={"quick": {**QUICK, "epochs": 2}, "full": FULL},
    notes="Speed is the area under the learning curve, at each one's best learning rate.",
)
