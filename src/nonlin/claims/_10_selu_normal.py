"""Claim 10: does SELU with LeCun initialisation keep mean 0 and deviation 1?"""

from __future__ import annotations

import math
from typing import Any

from nonlin.claims.claim import Claim, Exact, Panel, Sampled, Scores, Series, Step
from nonlin.claims.depth import stack
from nonlin.functions import get

_MEAN, _DEVIATION = "mean of f(z), z standard normal", "deviation of f(z), z standard normal"
_RETURNS = "largest distance from variance 1 after 50 layers"
_WIDE, _NARROW = "drawn networks, variance at layer 50", "drawn narrow networks (64 units)"


def moments(context: Any) -> list[float]:
    facts = get("selu").facts
    return [facts.mean, math.sqrt(facts.variance)]


def steps(starts: list[float], depth: int, width: int, networks: int) -> Any:
    given = {"init": "lecun", "depth": depth}
    # Other networks than those that told how many it takes.
    drawn = {"correlation": 0.0, "seed": 1}
    return [
        Step("moments", moments),
        *(stack(f"from {q}", "selu", **given, variance=q, networks=0) for q in starts),
        stack("wide", "selu", **given, **drawn, width=width, networks=networks),
        stack("narrow", "selu", **given, **drawn, width=64, networks=5 * networks),
    ]


def measure(data: Any) -> dict[str, float | Scores]:
    last = [step["variance"][-1] for name, step in data.items() if name.startswith("from")]
    drawn = {name: data[name]["last_variance"] for name in ("wide", "narrow")}
    return {
        _MEAN: data["moments"][0],
        _DEVIATION: data["moments"][1],
        _RETURNS: max(abs(q - 1) for q in last),
        _WIDE: Scores(drawn["wide"], [1.0] * len(drawn["wide"])),
        _NARROW: Scores(drawn["narrow"], [1.0] * len(drawn["narrow"])),
    }


def picture(data: Any) -> list[Panel]:
    lines = [
        Series(f"variance {name}", range(len(step["variance"])), step["variance"])
        for name, step in data.items()
        if name.startswith("from")
    ]
    drawn = [
        Series(name, range(1, len(data[name]["last_variance"]) + 1), data[name]["last_variance"])
        for name in ("wide", "narrow")
    ]
    return [
        Panel("Theory", "layer", "variance of z", lines),
        Panel("Networks that were drawn", "network", "variance at the last layer", drawn),
    ]


CLAIM = Claim(
    number=10,
    statement="SELU with LeCun initialisation keeps each layer near mean 0 and deviation 1.",
    sources=("S1",),
    confirms="mean 0 and deviation 1 within 0.001 for standard normal input, a return to "
    "variance 1 within 0.05 from where it starts, and a mean variance within 0.1 of 1 in "
    "drawn networks.",
    refutes="any of them farther off.",
    parts=(
        Exact(_MEAN, -1e-3, 1e-3),
        Exact(_DEVIATION, 0.999, 1.001),
        Exact(_RETURNS, high=0.05),
        Sampled(_WIDE, ("level",), 0.1),
        Sampled(_NARROW, ("level",), 0.1),
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={
        "quick": {"starts": [0.5, 1.0, 2.0], "depth": 50, "width": 100, "networks": 4},
        "full": {
            "starts": [0.25, 0.5, 1.0, 2.0, 4.0],
            "depth": 50,
            "width": 500,
            "networks": 20,
        },
    },
    notes="At initialisation: training moves the weights, and nothing here says that they stay "
    "where SELU needs them. An earlier run with 20 narrow networks was undecided about "
    "them; these are 100 others.",
)
