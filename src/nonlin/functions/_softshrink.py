"""Soft shrinkage: x moved towards 0 by λ."""

import dataclasses

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract
from nonlin.functions import _hardshrink


def value(x, xp, *, lambd):
    inside = 0.0 * xp.finite(x)
    return xp.where(x > lambd, x - lambd, xp.where(x < -lambd, x + lambd, inside))


def definition(mp, x, *, lambd):
    return mp.sign(x) * max(abs(x) - mp.mpf(lambd), mp.mpf(0))


def facts_of(*, lambd):
    hard = _hardshrink.facts_of(lambd=lambd)
    # Continuous where the hard one jumps.
    return dataclasses.replace(hard, smoothness=0, lipschitz=1.0) if lambd else hard


softshrink = Activation(
    name="softshrink",
    class_name="Softshrink",
    aliases=("soft_shrink",),
    text="x − λ for x > λ, x + λ for x < −λ, else 0",
    value=value,
    slope=_hardshrink.slope,
    identity="f′ = 1 for |x| > λ, else 0",
    definition=definition,
    facts_of=facts_of,
    contract=Contract(value_ulp=0.5, derivative_ulp=0.5),
    parameters=(_hardshrink.LAMBDA,),
    torch="Softshrink",
    references=("Donoho, Johnstone, Biometrika 81 (1994), equation 6 (soft thresholding)",),
    conventions={
        "torch": Convention(call="torch.nn.functional.softshrink"),
        "keras": Convention(call="keras.activations.soft_shrink"),
    },
)
