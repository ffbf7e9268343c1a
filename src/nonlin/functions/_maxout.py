"""Maxout: the maximum over groups of adjacent units."""

from nonlin.facts import Contract, Range, VectorFacts
from nonlin.parameter import Parameter
from nonlin.vector import VectorActivation, axis_parameter


def grouped(x, xp, pieces):
    return xp.reshape(x, (*x.shape[:-1], x.shape[-1] // pieces, pieces))


def value(x, xp, *, pieces):
    return xp.max(grouped(x, xp, pieces), axis=-1)


def weights(x, xp, pieces):
    """1 at each group's first maximum, else 0: a tie's slope goes to the first."""
    groups = grouped(x, xp, pieces)
    first = xp.positions(groups) == xp.argmax(groups, axis=-1, keepdims=True)
    top = xp.max(groups, axis=-1, keepdims=True)
    return xp.where(xp.isnan(top), top, xp.astype(first, x.dtype))


def pullback(x, gradient, xp, *, pieces):
    return xp.reshape(gradient[..., None] * weights(x, xp, pieces), x.shape)


def pushforward(x, tangent, xp, *, pieces):
    return xp.sum(grouped(tangent, xp, pieces) * weights(x, xp, pieces), axis=-1)


def definition(mp, x, *, pieces):
    return [max(x[at : at + pieces]) for at in range(0, len(x), pieces)]


maxout = VectorActivation(
    name="maxout",
    class_name="Maxout",
    text="max of each group of k adjacent units",
    value=value,
    pullback=pullback,
    pushforward=pushforward,
    identity="∂yᵢ/∂xⱼ = 1 at the first maximum of group i, else 0",
    definition=definition,
    facts_of=lambda *, pieces, axis: VectorFacts(
        range=Range(-float("inf"), float("inf")),
        inputs=pieces,
        smoothness=0 if pieces > 1 else float("inf"),
        homogeneous=1,
    ),
    contract=Contract(value_ulp=0, derivative_ulp=0),
    parameters=(
        Parameter("pieces", 2, "units in a group, k", minimum=1),
        axis_parameter("the axis that holds the units"),
    ),
    references=("Goodfellow, Warde-Farley, Mirza, Courville, Bengio, ICML 2013, section 3",),
)
