"""Argmax, or hard softmax: one-hot of the maximum; its derivative is 0."""

from nonlin.activation import VectorActivation
from nonlin.facts import Contract, Range, VectorFacts
from nonlin.functions import _softmax
from nonlin.parameter import Parameter


def value(x, xp, *, axis, surrogate):
    moved = xp.moveaxis(x, axis, -1)
    first = xp.argmax(moved, axis=-1, keepdims=True)
    hot = xp.arange(moved.shape[-1], device=x.device) == first
    return xp.moveaxis(xp.astype(hot, x.dtype), -1, axis)


def jacobian(x, xp, *, axis, surrogate):
    soft = _softmax.jacobian(x, xp, axis=axis)
    return soft if surrogate == "softmax" else xp.zeros_like(soft)


def product(x, gradient, xp, *, axis, surrogate):
    if surrogate == "softmax":
        return _softmax.product(x, gradient, xp, axis=axis)
    return xp.zeros_like(x)


def definition(mp, x, *, axis, surrogate):
    return [mp.mpf(int(i == x.index(max(x)))) for i in range(len(x))]


argmax = VectorActivation(
    name="argmax",
    class_name="Argmax",
    aliases=("hard_softmax",),
    text="1 at the first maximum, else 0",
    value=value,
    slope=jacobian,
    product=product,
    identity="0 where it exists; softmax is its differentiable stand-in",
    definition=definition,
    facts_of=lambda *, axis, surrogate: VectorFacts(
        range=Range(0.0, 1.0, low_reached=True, high_reached=True), sums_to_one=True
    ),
    contract=Contract(value_ulp=0.5, derivative_ulp=1),
    parameters=(
        _softmax.AXIS,
        Parameter(
            "surrogate",
            "none",
            "stand-in derivative: none or softmax's",
            choices=("none", "softmax"),
        ),
    ),
    references=("S1: argmax, with softmax as its differentiable stand-in",),
)
