"""Argmax, or hard softmax: one-hot of the maximum; its derivative is 0."""

from nonlin.facts import Contract, Range, VectorFacts
from nonlin.functions import _softmax
from nonlin.parameter import Parameter
from nonlin.vector import VectorActivation, axis_parameter


def one_hot(x, xp):
    """1 at the first maximum, else 0; NaN beside a NaN."""
    first = xp.positions(x) == xp.argmax(x, axis=-1, keepdims=True)
    top = xp.max(x, axis=-1, keepdims=True)
    return xp.where(xp.isnan(top), top, xp.astype(first, x.dtype))


def value(x, xp, *, surrogate):
    return one_hot(x, xp)


def product(x, vector, xp, *, surrogate):
    if surrogate == "softmax":
        return _softmax.product(x, vector, xp)
    return xp.zeros_like(vector) + 0.0 * one_hot(x, xp)


def definition(mp, x, *, surrogate):
    return [mp.mpf(int(i == x.index(max(x)))) for i in range(len(x))]


argmax = VectorActivation(
    name="argmax",
    class_name="Argmax",
    aliases=("hard_softmax",),
    text="1 at the first maximum, else 0",
    value=value,
    pullback=product,
    pushforward=product,
    identity="0 where it exists; softmax is its differentiable stand-in",
    definition=definition,
    facts_of=lambda *, axis, surrogate: VectorFacts(
        range=Range(0.0, 1.0, low_reached=True, high_reached=True),
        sums_to_one=True,
        smoothness=-1,
        homogeneous=0,
        shift_invariant=True,
        surrogate=surrogate != "none",
    ),
    contract=Contract(value_ulp=0, derivative_ulp=8, tail_ulp=1),
    parameters=(
        axis_parameter("the axis of which the maximum is taken"),
        Parameter(
            "surrogate",
            "none",
            "stand-in derivative: none or softmax's",
            choices=("none", "softmax"),
        ),
    ),
    references=("S1: argmax, with softmax as its differentiable stand-in",),
)
