"""Sparse sigmoid: the gate whose integral is sparse_plus."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Kink, Range


def value(x, xp):
    return xp.clip(0.5 * (x + 1.0), 0.0, 1.0)


def facts_of():
    return Facts(
        range=Range(0.0, 1.0, low_reached=True, high_reached=True),
        monotone=True,
        smoothness=0,
        lipschitz=0.5,
        limits=(0.0, 1.0),
        slope_limits=(0.0, 0.0),
        kinks=(
            Kink(at=-1.0, left=0.0, right=0.5, torch=0.0, jax=0.25),
            Kink(at=1.0, left=0.5, right=0.0, torch=0.0, jax=0.25),
        ),
    )


sparse_sigmoid = Activation(
    name="sparse_sigmoid",
    class_name="SparseSigmoid",
    text="min(max((x + 1)/2, 0), 1)",
    value=value,
    slope=lambda x, xp: 0.5 * xp.indicator(xp.abs(x) < 1, x),
    identity="f′ = ½ for |x| < 1, else 0",
    definition=lambda mp, x: min(max((x + 1) / 2, mp.mpf(0)), mp.mpf(1)),
    facts_of=facts_of,
    contract=Contract(value_ulp=0.5, derivative_ulp=0.5),
    references=("Martins, Astudillo, ICML 2016, equation 8: sparsemax of (x, 0) at scale ½",),
    conventions={
        "jax": Convention(call="jax.nn.sparse_sigmoid", note="The slope at ±1 is ¼."),
        "keras": Convention(call="keras.activations.sparse_sigmoid"),
    },
)
