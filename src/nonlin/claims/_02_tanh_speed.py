"""Claim 2: does tanh learn faster than sigmoid?"""

from __future__ import annotations

from typing import Any

from nonlin.claims.claim import Claim, Panel, Scores
from nonlin.claims.training import FULL, QUICK, curves, points, speed, study

_PLACES = {
    f"{depth} layers, {init} initialisation": {"depth": depth, "init": init}
    for depth in (2, 6)
    for init in ("default", "matched")
}


def steps(**given: Any) -> Any:
    return [
        study(place, "tanh,sigmoid", baseline="sigmoid", **given, **settings)
        for place, settings in _PLACES.items()
    ]


def measure(data: Any) -> dict[str, Scores]:
    return {place: speed(data[place], "tanh", "sigmoid") for place in _PLACES}


def picture(data: Any) -> list[Panel]:
    return [curves(place, data[place]) for place in _PLACES]


CLAIM = Claim(
    number=2,
    statement="tanh learns faster than sigmoid.",
    sources=("S1", "S4"),
    confirms="a higher mean validation accuracy over the epochs, by more than half a point, in "
    "shallow and deeper networks, under the default and the matched initialisation.",
    refutes="a place where it is level with sigmoid, or behind.",
    parts=tuple(points(place, ["above"]) for place in _PLACES),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={"quick": QUICK, "full": FULL},
    notes="Speed is the mean validation accuracy over all epochs: the area under the learning "
    "curve. Each activation has the learning rate that is best for it on validation rows.",
)
