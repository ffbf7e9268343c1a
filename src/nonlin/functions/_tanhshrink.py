"""Tanhshrink: x − tanh x."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range

INF = float("inf")


def value(x, xp):
    # Near 0 the difference cancels. Lambert's continued fraction tanh x = x/(1 + q) with
    # q = x²/(3 + x²/(5 + …)) gives x − tanh x = xq/(1 + q), where nothing does.
    near = xp.clip(x, -1.0, 1.0)
    squared = near * near
    q = squared / 19.0
    for odd in range(17, 1, -2):
        q = squared / (odd + q)
    return xp.where(xp.abs(x) < 1, x * (q / (1.0 + q)), x - xp.tanh(x))


def slope(x, xp):
    t = xp.tanh(x)
    return t * t


def facts_of():
    return Facts(
        range=Range(-INF, INF),
        monotone=True,
        smoothness=INF,
        lipschitz=1.0,
        limits=(-INF, INF),
        slope_limits=(1.0, 1.0),
        zero_centred=True,
    )


tanhshrink = Activation(
    name="tanhshrink",
    class_name="Tanhshrink",
    aliases=("tanh_shrink",),
    text="x − tanh x",
    value=value,
    slope=slope,
    identity="f′ = tanh² x",
    definition=lambda mp, x: x - mp.tanh(x),
    facts_of=facts_of,
    contract=Contract(value_ulp=4, derivative_ulp=3),
    torch="Tanhshrink",
    references=("PyTorch, torch.nn.Tanhshrink",),
    conventions={
        "torch": Convention(
            call="torch.nn.functional.tanhshrink", wrong="Cancels near 0: 0 for |x| ≤ 3.5e-4."
        ),
        "keras": Convention(
            call="keras.activations.tanh_shrink", wrong="Cancels near 0: 0 for |x| ≤ 3.5e-4."
        ),
    },
)
