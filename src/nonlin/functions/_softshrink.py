"""Soft shrinkage: x moved towards 0 by λ."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Kink, Range
from nonlin.functions._hardshrink import LAMBDA

INF = float("inf")


def value(x, xp, *, lambd):
    inside = 0.0 * xp.finite(x)
    return xp.where(x > lambd, x - lambd, xp.where(x < -lambd, x + lambd, inside))


def slope(x, xp, *, lambd):
    return xp.indicator((xp.abs(x) > lambd) | (lambd == 0), x)


def definition(mp, x, *, lambd):
    return mp.sign(x) * max(abs(x) - mp.mpf(lambd), mp.mpf(0))


def facts_of(*, lambd):
    return Facts(
        range=Range(-INF, INF),
        monotone=True,
        smoothness=0 if lambd else INF,
        lipschitz=1.0,
        limits=(-INF, INF),
        slope_limits=(1.0, 1.0),
        kinks=(
            Kink(at=-lambd, left=1.0, right=0.0, torch=0.0),
            Kink(at=lambd, left=0.0, right=1.0, torch=0.0),
        )
        if lambd
        else (),
        zero_centred=True,
        homogeneous=None if lambd else 1,
        polynomial=not lambd,
    )


softshrink = Activation(
    name="softshrink",
    class_name="Softshrink",
    aliases=("soft_shrink",),
    text="x − λ for x > λ, x + λ for x < −λ, else 0",
    value=value,
    slope=slope,
    identity="f′ = 1 for |x| > λ, else 0",
    definition=definition,
    facts_of=facts_of,
    contract=Contract(value_ulp=0.5, derivative_ulp=0.5),
    parameters=(LAMBDA,),
    torch="Softshrink",
    references=("Donoho, Johnstone, Biometrika 81 (1994), equation 6 (soft thresholding)",),
    conventions={
        "torch": Convention(call="torch.nn.functional.softshrink"),
        "keras": Convention(call="keras.activations.soft_shrink"),
    },
)
