"""Claim 16: does LiSHT beat swish?"""

from __future__ import annotations

from nonlin.claims.claim import Claim
from nonlin.claims.duel import Duel
from nonlin.claims.training import CNN, FULL, QUICK, accuracy

_DUEL = Duel(
    "lisht",
    "swish",
    accuracy,
    {
        "MLP of 4 layers": {"model": "mlp", "depth": 4},
        "MLP of 15 layers": {"model": "mlp", "depth": 15},
        "CNN on digits": CNN,
    },
)

CLAIM = Claim(
    number=16,
    statement="LiSHT beats swish.",
    sources=("S1",),
    confirms="a higher test accuracy, by more than half a point, in every model.",
    refutes="a model in which they are level within half a point, or swish is better.",
    parts=_DUEL.parts,
    steps=_DUEL.steps,
    measure=_DUEL.measure,
    picture=_DUEL.picture,
    settings={"quick": {**QUICK, "epochs": 2}, "full": FULL},
    notes="Matched initialisation, at each one's best learning rate.",
)
