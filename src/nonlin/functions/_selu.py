"""Scaled exponential linear unit, whose constants make mean 0 and variance 1 a fixed point."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Kink, Range
from nonlin.functions import _elu

INF = float("inf")
SCALE = 1.0507009873554805
ALPHA = 1.6732632423543772


def value(x, xp):
    return xp.where(x > 0, SCALE * x, (SCALE * ALPHA) * xp.expm1(xp.where(x > 0, 0.0, x)))


def slope(x, xp):
    return xp.where(x > 0, SCALE, (SCALE * ALPHA) * xp.exp(xp.where(x > 0, 0.0, x)))


def definition(mp, x):
    return mp.mpf(SCALE) * _elu.definition(mp, x, alpha=ALPHA)


def facts_of():
    left = SCALE * ALPHA
    return Facts(
        range=Range(-left, INF),
        monotone=True,
        smoothness=0,
        lipschitz=left,
        limits=(-left, INF),
        slope_limits=(0.0, SCALE),
        kinks=(Kink(at=0.0, left=left, right=SCALE, torch=left),),
        zero_centred=True,
    )


selu = Activation(
    name="selu",
    class_name="SELU",
    text="λx if x ≥ 0 else λα(eˣ − 1), λ = 1.0507, α = 1.6733",
    value=value,
    slope=slope,
    slope_of_value=lambda y, xp: xp.where(y > 0, SCALE, y + SCALE * ALPHA),
    identity="f′ = λ, or λαeˣ",
    definition=definition,
    facts_of=facts_of,
    contract=Contract(value_ulp=3, derivative_ulp=3),
    torch="SELU",
    references=("S1, S2: SELU", "Klambauer et al., NeurIPS 2017, equation 2"),
    conventions={
        "torch": Convention(call="torch.nn.functional.selu"),
        "jax": Convention(
            call="jax.nn.selu",
            wrong="The gradient comes from f(x), which cancels: 0 from x ≈ −17 down.",
        ),
        "keras": Convention(call="keras.activations.selu"),
        "timm": Convention(call="torch.nn.SELU"),
    },
)
