"""Sparse plus: 0, a parabola, x."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range

INF = float("inf")


def value(x, xp):
    bend = 0.5 * (xp.clip(x, -1.0, 1.0) + 1.0)
    return xp.where(x > 1, x, bend * bend)


def facts_of():
    return Facts(
        range=Range(0.0, INF, low_reached=True),
        monotone=True,
        smoothness=1,
        lipschitz=1.0,
        limits=(0.0, INF),
        slope_limits=(0.0, 1.0),
    )


def definition(mp, x):
    return x if x >= 1 else (max(x, mp.mpf(-1)) + 1) ** 2 / 4


sparse_plus = Activation(
    name="sparse_plus",
    class_name="SparsePlus",
    text="0 for x ≤ −1, (x + 1)²/4, x for x ≥ 1",
    value=value,
    slope=lambda x, xp: xp.clip(0.5 * (x + 1.0), 0.0, 1.0),
    identity="f′ = min(max((x + 1)/2, 0), 1), the sparse sigmoid",
    definition=definition,
    facts_of=facts_of,
    contract=Contract(value_ulp=1.5, derivative_ulp=0.5),
    references=("Martins, Astudillo, ICML 2016 (integral of the sparse sigmoid)",),
    conventions={
        "jax": Convention(call="jax.nn.sparse_plus"),
        "keras": Convention(call="keras.activations.sparse_plus"),
    },
)
