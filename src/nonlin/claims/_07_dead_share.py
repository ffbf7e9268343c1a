"""Claim 7: do about 40 % of ReLU units die?"""

from __future__ import annotations

from typing import Any

from nonlin.claims.claim import Claim, Panel, Sampled, Scores, Series
from nonlin.claims.training import FULL, ONE_UNIT, QUICK, study

_PLACES = {
    "chosen rate, 4 layers": {"depth": 4},
    "chosen rate, 8 layers": {"depth": 8},
    "rate 0.03, 4 layers": {"depth": 4, "rates": (0.03,)},
}
_SHARE, _MARGIN = 0.4, 0.1


def steps(**given: Any) -> Any:
    # leaky_relu is there for the eye: compare takes two or more.
    return [study(p, "relu,leaky_relu", **{**given, **settings}) for p, settings in _PLACES.items()]


def _dead(data: Any, place: str, name: str = "relu") -> list[float]:
    return data[place]["activations"][name]["blocked"]


def measure(data: Any) -> dict[str, Scores]:
    return {p: Scores(_dead(data, p), [_SHARE] * len(_dead(data, p))) for p in _PLACES}


def picture(data: Any) -> list[Panel]:
    return [
        Panel(
            name,
            "seed",
            "units that pass no gradient, %",
            [
                Series(place, range(len(found)), [100 * share for share in found])
                for place in _PLACES
                for found in [_dead(data, place, name)]
            ],
        )
        for name in ("relu", "leaky_relu")
    ]


CLAIM = Claim(
    number=7,
    statement="About 40 % of ReLU units die.",
    sources=("S1",),
    confirms="after training 30 to 50 % of the units pass no gradient on any of 256 rows.",
    refutes="a share proven to be another.",
    parts=tuple(
        Sampled(place, ("level",), _MARGIN, ONE_UNIT, unit=" points from 40 %", scale=100)
        for place in _PLACES
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={"quick": QUICK, "full": FULL},
    notes="S1 says up to about 40 %, of which any smaller share would be an example; what is "
    "tested is what students repeat.",
)
