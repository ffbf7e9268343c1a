"""Argmax, or hard softmax: one-hot of the maximum; its derivative is 0."""

from nonlin.facts import Contract, Range, VectorFacts
from nonlin.functions import _softmax
from nonlin.parameter import Parameter
from nonlin.vector import VectorActivation


def value(x, xp, *, surrogate):
    first = xp.argmax(x, axis=-1, keepdims=True)
    hot = xp.positions(x) == first
    return xp.astype(hot, x.dtype)


def jacobian(x, xp, *, surrogate):
    soft = _softmax.jacobian(x, xp)
    return soft if surrogate == "softmax" else xp.zeros_like(soft)


def product(x, vector, xp, *, surrogate):
    return _softmax.product(x, vector, xp) if surrogate == "softmax" else xp.zeros_like(x)


def definition(mp, x, *, surrogate):
    return [mp.mpf(int(i == x.index(max(x)))) for i in range(len(x))]


argmax = VectorActivation(
    name="argmax",
    class_name="Argmax",
    aliases=("hard_softmax",),
    text="1 at the first maximum, else 0",
    value=value,
    slope=jacobian,
    pullback=product,
    pushforward=product,
    identity="0 where it exists; softmax is its differentiable stand-in",
    definition=definition,
    facts_of=lambda *, axis, surrogate: VectorFacts(
        range=Range(0.0, 1.0, low_reached=True, high_reached=True), sums_to_one=True
    ),
    contract=Contract(value_ulp=0.5, derivative_ulp=1),
    parameters=(
        Parameter("axis", -1, "the axis of which the maximum is taken"),
        Parameter(
            "surrogate",
            "none",
            "stand-in derivative: none or softmax's",
            choices=("none", "softmax"),
        ),
    ),
    references=("S1: argmax, with softmax as its differentiable stand-in",),
)
