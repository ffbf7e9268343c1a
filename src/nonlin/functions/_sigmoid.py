"""Sigmoid, the logistic function."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range

INF = float("inf")


def value(x, xp):
    # One exponential that cannot overflow serves both sides, and the left tail keeps its
    # relative accuracy: 1/(1 + exp(-x)) is 0 where exp(-x) overflows.
    e = xp.exp(-xp.magnitude(x))
    return xp.where(x >= 0, 1.0, e) / (1.0 + e)


def slope(x, xp):
    # σ(1 − σ) formed from a rounded σ is 0 from x ≈ 16.6 up.
    e = xp.exp(-xp.magnitude(x))
    return e / (1.0 + e) ** 2


def facts_of():
    return Facts(
        range=Range(0.0, 1.0),
        monotone=True,
        smoothness=INF,
        lipschitz=0.25,
        limits=(0.0, 1.0),
        slope_limits=(0.0, 0.0),
    )


WRONG = "The gradient comes from the rounded value: wrong from x ≈ 3 up, 0 from 16.6 up."

sigmoid = Activation(
    name="sigmoid",
    class_name="Sigmoid",
    aliases=("logistic", "expit"),
    text="1 / (1 + e⁻ˣ)",
    value=value,
    slope=slope,
    slope_of_value=lambda y, xp: y * (1.0 - y),
    identity="σ′ = σ(1 − σ) = e/(1 + e)² with e = e^−|x|",
    definition=lambda mp, x: 1 / (1 + mp.exp(-x)),
    facts_of=facts_of,
    contract=Contract(value_ulp=3.5, derivative_ulp=5),
    torch="Sigmoid",
    references=("S1 to S5: sigmoid",),
    conventions={
        "torch": Convention(call="torch.sigmoid", wrong=WRONG),
        "jax": Convention(call="jax.nn.sigmoid", wrong=WRONG),
        "keras": Convention(call="keras.activations.sigmoid", wrong=WRONG),
        "timm": Convention(call="timm.layers.activations.sigmoid", wrong=WRONG),
        "hf": Convention(call="transformers.activations.ACT2FN[sigmoid]", wrong=WRONG),
    },
)
