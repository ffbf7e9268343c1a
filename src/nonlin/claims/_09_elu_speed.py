"""Claim 9: does ELU converge faster than ReLU?"""

from __future__ import annotations

from nonlin.claims.claim import Claim
from nonlin.claims.duel import Duel
from nonlin.claims.training import FULL, QUICK, speed

_DUEL = Duel(
    "elu",
    "relu",
    speed,
    {
        f"{depth} layers, {init} initialisation": {"depth": depth, "init": init}
        for depth in (4, 12)
        for init in ("default", "matched")
    },
)

CLAIM = Claim(
    number=9,
    statement="ELU converges faster than ReLU.",
    sources=("S1",),
    confirms="a higher mean validation accuracy over the epochs, by more than half a point, at "
    "both depths and under both initialisations.",
    refutes="a place where it is level with ReLU, or behind.",
    parts=_DUEL.parts,
    steps=_DUEL.steps,
    measure=_DUEL.measure,
    picture=_DUEL.picture,
    settings={"quick": {**QUICK, "epochs": 2}, "full": FULL},
    notes="Speed is the area under the learning curve, at each one's best learning rate.",
)
