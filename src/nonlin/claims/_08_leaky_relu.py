"""Claim 8: does leaky ReLU leave no dead neurons, yet improve little?"""

from __future__ import annotations

from typing import Any

from nonlin.claims.claim import Claim, Panel, Sampled, Scores
from nonlin.claims.training import FULL, ONE_UNIT, QUICK, accuracy, curves, points, study

_PLACES = {"4 layers": 4, "12 layers": 12}
_DEAD, _GAIN = "dead units of leaky ReLU, {}", "accuracy against ReLU, {}"


def steps(**given: Any) -> Any:
    return [study(p, "leaky_relu,relu", depth=depth, **given) for p, depth in _PLACES.items()]


def measure(data: Any) -> dict[str, Scores]:
    found = {}
    for place, step in data.items():
        dead = step["activations"]["leaky_relu"]["blocked"]
        found[_DEAD.format(place)] = Scores(dead, [0.0] * len(dead))
        found[_GAIN.format(place)] = accuracy(step, "leaky_relu", "relu")
    return found


def picture(data: Any) -> list[Panel]:
    return [curves(place, step) for place, step in data.items()]


CLAIM = Claim(
    number=8,
    statement="Leaky ReLU leaves no dead neurons, yet improves little.",
    sources=("S1", "S4"),
    confirms="fewer than 1 % of its units pass no gradient after training, and its accuracy is "
    "level with ReLU's within half a point.",
    refutes="dead units, or a difference that matters.",
    parts=tuple(
        part
        for place in _PLACES
        for part in (
            Sampled(_DEAD.format(place), ("level",), 0.01, ONE_UNIT, unit=" points", scale=100),
            points(_GAIN.format(place), ["level"]),
        )
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={"quick": {**QUICK, "epochs": 2}, "full": FULL},
    notes="S4 says the first, S1 the second. A unit counts as dead when its slope stays below a "
    "thousandth of the steepest on 256 rows.",
)
