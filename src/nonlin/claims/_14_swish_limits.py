"""Claim 14: is swish linear at β = 0, and ReLU as β grows?"""

from __future__ import annotations

from typing import Any

import numpy as np

from nonlin.claims.claim import Claim, Exact, Panel, Series, Step
from nonlin.functions import get

_BENT, _SLOPE = "largest bend at β = 0 (second difference)", "slope at β = 0"
_LAST, _FALL = "largest distance from ReLU at β = 1024", "distance times β, largest over smallest"
_X = np.linspace(-20, 20, 40_001)


def at_zero(context: Any) -> list[float]:
    values = get("swish", beta=0.0)(_X)
    slopes = get("swish", beta=0.0).derivative(_X)
    return [float(np.abs(np.diff(values, 2)).max()), float(slopes.min()), float(slopes.max())]


def distances(context: Any, *, betas: list[float]) -> list[float]:
    """sup |swish_β − relu|, sought at the scale of each β."""
    found = []
    for beta in betas:
        x = np.concatenate([_X, _X / beta])
        found.append(float(np.abs(get("swish", beta=beta)(x) - get("relu")(x)).max()))
    return found


def steps(betas: list[float]) -> Any:
    return [Step("zero", at_zero), Step("distances", distances, {"betas": betas})]


def measure(data: Any) -> dict[str, float]:
    betas, found = np.array(CLAIM.settings["full"]["betas"]), np.array(data["distances"])
    scaled = found * betas[: len(found)]
    return {
        _BENT: data["zero"][0],
        _SLOPE: data["zero"][1] if data["zero"][1] == data["zero"][2] else float("nan"),
        _LAST: data["distances"][-1],
        _FALL: float(scaled.max() / scaled.min()),
    }


def picture(data: Any) -> list[Panel]:
    near = Series("sup |swish − relu|", CLAIM.settings["full"]["betas"], data["distances"])
    x = np.linspace(-4, 4, 161)
    lines = [
        Series(f"swish, β = {beta:g}", x.tolist(), get("swish", beta=beta)(x).tolist())
        for beta in (0.0, 1.0, 10.0)
    ]
    return [
        Panel("Swish", "x", "f(x)", lines),
        Panel("Distance from ReLU", "β", "largest distance", [near], "xy"),
    ]


CLAIM = Claim(
    number=14,
    statement="Swish with β = 0 is linear, with β → ∞ it is ReLU.",
    sources=("S3",),
    confirms="no bend at β = 0, and a distance from ReLU that falls as 1/β to below 0.001.",
    refutes="a bend, or a distance that stays.",
    parts=(
        Exact(_BENT, high=1e-13),
        Exact(_SLOPE, 0.5, 0.5),
        Exact(_LAST, high=1e-3),
        Exact(_FALL, high=1.01),
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={
        mode: {"betas": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0]}
        for mode in ("quick", "full")
    },
    notes="The line is z/2, not z as S3 prints it (errata). The distance is 0.2785/β, at x = "
    "±1.278/β.",
)
