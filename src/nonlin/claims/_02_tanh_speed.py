"""Claim 2: does tanh learn faster than sigmoid?"""

from __future__ import annotations

from nonlin.claims.claim import Claim
from nonlin.claims.duel import Duel
from nonlin.claims.training import FULL, QUICK, speed

_DUEL = Duel(
    "tanh",
    "sigmoid",
    speed,
    {
        f"{depth} layers, {init} initialisation": {"depth": depth, "init": init}
        for depth in (2, 6)
        for init in ("default", "matched")
    },
)

CLAIM = Claim(
    number=2,
    statement="tanh learns faster than sigmoid.",
    sources=("S1", "S4"),
    confirms="a higher mean validation accuracy over the epochs, by more than half a point, in "
    "shallow and deeper networks, under the default and the matched initialisation.",
    refutes="a place where it is level with sigmoid, or behind.",
    parts=_DUEL.parts,
    steps=_DUEL.steps,
    measure=_DUEL.measure,
    picture=_DUEL.picture,
    settings={"quick": QUICK, "full": FULL},
    notes="Speed is the mean validation accuracy over all epochs: the area under the learning "
    "curve. Each activation has the learning rate that is best for it on validation rows.",
)
