"""LiSHT, the linearly scaled hyperbolic tangent: x·tanh x."""

from nonlin.activation import Activation
from nonlin.facts import Contract, Facts, Range
from nonlin.functions import _tanh

INF = float("inf")


def value(x, xp):
    return x * xp.tanh(x)


def slope(x, xp):
    return xp.tanh(x) + xp.finite(x) * _tanh.slope(x, xp)


def facts_of():
    return Facts(
        range=Range(0.0, INF, low_reached=True),
        monotone=False,
        smoothness=INF,
        lipschitz=1.1996786402577339,
        limits=(INF, INF),
        slope_limits=(-1.0, 1.0),
        minimum=(0.0, 0.0),
        self_gated=True,
    )


lisht = Activation(
    name="lisht",
    class_name="LiSHT",
    text="x·tanh x",
    value=value,
    slope=slope,
    identity="f′ = tanh x + x(1 − tanh² x)",
    definition=lambda mp, x: x * mp.tanh(x),
    facts_of=facts_of,
    contract=Contract(value_ulp=2.5, derivative_ulp=4),
    references=("S1: LiSHT", "Roy et al., arXiv:1901.05894, equation 5"),
)
