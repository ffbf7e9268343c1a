"""Hyperbolic tangent."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range

INF = float("inf")


def value(x, xp):
    return xp.tanh(x)


def sech(x, xp):
    """1/cosh x, without the overflow of cosh."""
    e = xp.exp(-xp.magnitude(x))
    return 2.0 * e / (1.0 + e * e)


def slope(x, xp):
    # 1 − tanh² formed from a rounded tanh is 0 from |x| ≈ 9 up.
    s = sech(x, xp)
    return s * s


def facts_of():
    return Facts(
        range=Range(-1.0, 1.0),
        monotone=True,
        smoothness=INF,
        lipschitz=1.0,
        limits=(-1.0, 1.0),
        slope_limits=(0.0, 0.0),
        zero_centred=True,
    )


WRONG = "The gradient comes from the rounded value: wrong from |x| ≈ 2.1 up, 0 from 9 up."

tanh = Activation(
    name="tanh",
    class_name="Tanh",
    text="tanh x = 2σ(2x) − 1",
    value=value,
    slope=slope,
    slope_of_value=lambda y, xp: (1.0 - y) * (1.0 + y),
    identity="tanh′ = 1 − tanh² = sech² x = (2e/(1 + e²))² with e = e^−|x|",
    definition=lambda mp, x: mp.tanh(x),
    facts_of=facts_of,
    contract=Contract(value_ulp=1.5, derivative_ulp=8),
    torch="Tanh",
    references=("S1 to S5: tanh",),
    conventions={
        "torch": Convention(call="torch.tanh", wrong=WRONG),
        "jax": Convention(call="jax.nn.tanh", wrong=WRONG),
        "keras": Convention(call="keras.activations.tanh", wrong=WRONG),
        "timm": Convention(call="timm.layers.activations.tanh", wrong=WRONG),
        "hf": Convention(call="transformers.activations.ACT2FN[tanh]", wrong=WRONG),
    },
)
