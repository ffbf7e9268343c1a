"""Softsign, a sigmoid with algebraic tails."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range


def value(x, xp):
    x = xp.finite(x)
    return x / (1.0 + xp.abs(x))


def slope(x, xp):
    # (1 + |x|)² overflows where its reciprocal is still subnormal.
    reciprocal = 1.0 / (1.0 + xp.abs(x))
    return reciprocal * reciprocal


def facts_of():
    return Facts(
        range=Range(-1.0, 1.0),
        monotone=True,
        smoothness=1,
        lipschitz=1.0,
        limits=(-1.0, 1.0),
        slope_limits=(0.0, 0.0),
        zero_centred=True,
    )


WRONG = "The gradient is a difference that cancels: wrong from |x| ≈ 5 up."

softsign = Activation(
    name="softsign",
    class_name="Softsign",
    aliases=("soft_sign",),
    text="x/(1 + |x|)",
    value=value,
    slope=slope,
    slope_of_value=lambda y, xp: (1.0 - xp.abs(y)) ** 2,
    identity="f′ = 1/(1 + |x|)²",
    definition=lambda mp, x: x / (1 + abs(x)),
    facts_of=facts_of,
    contract=Contract(value_ulp=1.5, derivative_ulp=4),
    torch="Softsign",
    references=("Bergstra et al., Quadratic Polynomials Learn Better Image Features (2009)",),
    conventions={
        "torch": Convention(call="torch.nn.functional.softsign", note="NaN at ±inf.", wrong=WRONG),
        "jax": Convention(call="jax.nn.soft_sign", note="NaN at ±inf.", wrong=WRONG),
        "keras": Convention(call="keras.activations.softsign", wrong=WRONG),
    },
)
