"""Claim 1: does a stack of sigmoids shrink its gradient geometrically?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nonlin.claims.claim import Claim, Exact, Panel, Sampled, Scores, Series, Step
from nonlin.claims.depth import course, first, stack
from nonlin.functions import get

_SLOPE, _USUAL = "largest slope of sigmoid", "gradient factor per layer at usual initialisations"
_STRAIGHT = "straightness of the log gradient over depth (R²)"
_ANY, _DRAWN = "gradient factor per layer at any scale of weights", "drawn networks (Xavier, log₁₀)"


def largest_slope(context: Any) -> float:
    x = np.concatenate([np.linspace(-40, 40, 80_001), [0.0]])
    return float(get("sigmoid").derivative(x).max())


def by_weights(context: Any, *, deviations: list[float]) -> list[float]:
    """√χ where the variance has settled, for weights of deviation σ_w/√fan_in."""
    from nonlin.signal import MeanField

    factors = []
    for deviation in deviations:
        field = MeanField(get("sigmoid"), deviation**2, 0.0)
        factors.append(math.sqrt(field.chi(field.settles_at(1.0))))
    return factors


def steps(inits: list[str], depth: int, width: int, networks: int, deviations: list[float]) -> Any:
    return [
        Step("slope", largest_slope),
        Step("weights", by_weights, {"deviations": deviations}),
        *(stack(name, "sigmoid", init=name, depth=depth, networks=0) for name in inits),
        stack("drawn", "sigmoid", init="xavier", depth=depth, width=width, networks=networks),
    ]


def _usual(data: Any) -> dict[str, Any]:
    return {k: v for k, v in data.items() if k not in ("slope", "weights", "drawn")}


def measure(data: Any) -> dict[str, float | Scores]:
    courses = [np.array(step["gradient"]) for step in _usual(data).values()]
    found = first(data["drawn"])
    return {
        _SLOPE: data["slope"],
        _USUAL: float(max(10 ** -np.diff(log).min() for log in courses)),
        _STRAIGHT: float(min(np.corrcoef(log, np.arange(len(log)))[0, 1] ** 2 for log in courses)),
        _ANY: max(data["weights"]),
        _DRAWN: Scores(found, [0.0] * len(found)),
    }


def picture(data: Any) -> list[Panel]:
    weights = Series("√χ of sigmoid", CLAIM.settings["full"]["deviations"], data["weights"])
    lines = [course(f"sigmoid, {name}", step) for name, step in _usual(data).items()]
    return [
        Panel("50 layers, theory", "layer", "log₁₀ gradient, last layer 0", lines),
        Panel("One layer, by scale of weights", "σ_w", "gradient factor", [weights], "x"),
    ]


CLAIM = Claim(
    number=1,
    statement="A stack of sigmoids shrinks its gradient geometrically with depth; the derivative "
    "of sigmoid is at most 0.25.",
    sources=("S1", "S3", "S5"),
    confirms="a largest slope of 0.25, a factor below 1 in every layer, and a log gradient that "
    "is a straight line over depth.",
    refutes="a larger slope, or weights at which a layer does not shrink the gradient.",
    parts=(
        Exact(_SLOPE, 0.25, 0.25),
        Exact(_USUAL, high=1.0),
        Exact(_STRAIGHT, low=0.99),
        Exact(_ANY, high=1.0),
        Sampled(_DRAWN, ("below",), 1.0, unit=" decades"),
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={
        "quick": {
            "inits": ["xavier", "he", "pytorch", "matched"],
            "depth": 50,
            "width": 100,
            "networks": 3,
            "deviations": [1, 2, 4, 8, 16, 32, 64],
        },
        "full": {
            "inits": ["xavier", "he", "pytorch", "matched"],
            "depth": 50,
            "width": 500,
            "networks": 10,
            "deviations": [0.5, 1, 2, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64],
        },
    },
    notes="The factor is that of the root mean square, in infinitely wide layers (mean field). The "
    "bound of 0.25 says nothing by itself: the weights multiply it, and large ones win.",
)
