"""Squared ReLU."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range

INF = float("inf")


def value(x, xp):
    positive = xp.clip(x, 0.0, None)
    return positive * positive


def facts_of():
    return Facts(
        range=Range(0.0, INF, low_reached=True),
        monotone=True,
        smoothness=1,
        lipschitz=INF,
        limits=(0.0, INF),
        slope_limits=(0.0, INF),
        homogeneous=2,
    )


relu2 = Activation(
    name="relu2",
    class_name="ReLU2",
    aliases=("squared_relu", "relu_squared"),
    text="max(x, 0)²",
    value=value,
    slope=lambda x, xp: 2.0 * xp.clip(x, 0.0, None),
    identity="f′ = 2·max(x, 0)",
    definition=lambda mp, x: max(x, mp.mpf(0)) ** 2,
    facts_of=facts_of,
    contract=Contract(value_ulp=0.5, derivative_ulp=0.5),
    references=("So et al., Primer, NeurIPS 2021, section 3",),
    conventions={"hf": Convention(call="transformers.activations.ACT2FN[relu2]")},
)
