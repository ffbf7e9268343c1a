"""Scaled hyperbolic tangent, with LeCun's constants."""

from nonlin.activation import Activation
from nonlin.facts import Contract, Facts, Range
from nonlin.functions import _tanh
from nonlin.parameter import Parameter

INF = float("inf")


def value(x, xp, *, a, b):
    return a * xp.tanh(b * x)


def slope(x, xp, *, a, b):
    s = _tanh.sech(b * x, xp)
    return a * b * s * s


def facts_of(*, a, b):
    return Facts(
        range=Range(-a, a),
        monotone=True,
        smoothness=INF,
        lipschitz=a * b,
        limits=(-a, a),
        slope_limits=(0.0, 0.0),
        zero_centred=True,
    )


scaled_tanh = Activation(
    name="scaled_tanh",
    class_name="ScaledTanh",
    aliases=("lecun_tanh",),
    text="a·tanh(bx)",
    value=value,
    slope=slope,
    slope_of_value=lambda y, xp, *, a, b: b * (a - y) * (a + y) / a,
    identity="f′ = ab(1 − tanh²(bx))",
    definition=lambda mp, x, *, a, b: mp.mpf(a) * mp.tanh(mp.mpf(b) * x),
    facts_of=facts_of,
    contract=Contract(value_ulp=2, derivative_ulp=6.5),
    parameters=(
        Parameter("a", 1.7159, "amplitude", minimum=0.0, exclusive=True),
        Parameter("b", 2 / 3, "slope of the argument", minimum=0.0, exclusive=True),
    ),
    references=(
        "S1: linearly scaled hyperbolic tangent",
        "LeCun, Bottou, Orr, Müller, Efficient BackProp (1998), section 4.4",
    ),
)
