"""GELU clipped to [−10, 10], for quantisation."""

import dataclasses

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Kink, Range
from nonlin.functions import _gelu

LIMIT = 10.0


def value(x, xp):
    return xp.clip(_gelu.value(x, xp, form="exact"), -LIMIT, LIMIT)


def slope(x, xp):
    # f(10) rounds to 10 in float64: 1 − Φ(10) is 7.6e-24.
    return xp.where(x > LIMIT, 0.0, _gelu.slope(x, xp, form="exact"))


def facts_of():
    return dataclasses.replace(
        _gelu.facts_of(form="exact"),
        range=Range(_gelu.MINIMUM["exact"][1], LIMIT, low_reached=True, high_reached=True),
        smoothness=0,
        limits=(-0.0, LIMIT),
        slope_limits=(0.0, 0.0),
        kinks=(Kink(at=LIMIT, left=1.0, right=0.0, torch=1.0),),
        self_gated=False,
    )


gelu_10 = Activation(
    name="gelu_10",
    class_name="GELU10",
    text="min(max(x·Φ(x), −10), 10)",
    value=value,
    slope=slope,
    identity="f′ = Φ(x) + xφ(x) up to x = 10, then 0",
    definition=lambda mp, x: min(_gelu.definition(mp, x, form="exact"), mp.mpf(LIMIT)),
    facts_of=facts_of,
    contract=_gelu.gelu.contract,
    references=("Wu et al., arXiv:2004.09602, section 4",),
    conventions={
        "hf": Convention(
            call="transformers.activations.ACT2FN[gelu_10]",
            wrong="PyTorch's gelu inside: 0 from x ≈ −5.54 down.",
        ),
    },
)
