"""Identity, or linear: what a layer without an activation has."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range
from nonlin.parameter import Parameter

INF = float("inf")


def value(x, xp, *, a):
    return xp.scaled(a, x)


def slope(x, xp, *, a):
    return xp.where(xp.isnan(x), x, a)


def facts_of(*, a):
    sign = (a > 0) - (a < 0)
    ends = (-INF, INF) if a else (0.0, 0.0)
    return Facts(
        range=Range(*ends, low_reached=not a, high_reached=not a),
        monotone=a >= 0,
        smoothness=INF,
        lipschitz=abs(a),
        limits=(-sign * INF, sign * INF) if a else (0.0, 0.0),
        slope_limits=(a, a),
        zero_centred=True,
        homogeneous=1,
        polynomial=True,
    )


identity = Activation(
    name="identity",
    class_name="Identity",
    aliases=("linear",),
    text="a·x",
    value=value,
    slope=slope,
    identity="f′ = a",
    definition=lambda mp, x, *, a: a * x,
    facts_of=facts_of,
    contract=Contract(value_ulp=0.5, derivative_ulp=0.5),
    parameters=(Parameter("a", 1.0, "slope"),),
    torch="Identity",
    references=("S1, S2, S4, S5: linear activation",),
    conventions={
        "torch": Convention(call="torch.nn.Identity"),
        "jax": Convention(call="jax.nn.identity"),
        "keras": Convention(call="keras.activations.linear"),
        "timm": Convention(call="torch.nn.Identity"),
        "hf": Convention(call="transformers.activations.ACT2FN[linear]"),
    },
)
