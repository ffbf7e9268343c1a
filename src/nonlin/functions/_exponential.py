"""Exponential."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range

INF = float("inf")


def value(x, xp):
    return xp.exp(x)


def facts_of():
    return Facts(
        range=Range(0.0, INF),
        monotone=True,
        smoothness=INF,
        lipschitz=INF,
        limits=(0.0, INF),
        slope_limits=(0.0, INF),
    )


exponential = Activation(
    name="exponential",
    class_name="Exponential",
    aliases=("exp",),
    text="eˣ",
    value=value,
    slope=value,
    slope_of_value=lambda y, xp: y,
    identity="f′ = f",
    definition=lambda mp, x: mp.exp(x),
    facts_of=facts_of,
    contract=Contract(value_ulp=2.5, derivative_ulp=2.5),
    references=("Keras, keras.activations.exponential",),
    conventions={"keras": Convention(call="keras.activations.exponential")},
)
