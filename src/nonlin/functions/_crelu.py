"""Concatenated ReLU: both sides of the input, each rectified."""

from nonlin.facts import Contract, Range, VectorFacts
from nonlin.functions._relu import relu
from nonlin.vector import VectorActivation, axis_parameter


def value(x, xp, *, part):
    sides = [part.evaluate_value(side, xp, {}) for side in (x, -x)]
    return xp.concat(sides, axis=-1)


def pullback(x, gradient, xp, *, part):
    width = x.shape[-1]
    right = gradient[..., :width] * part.evaluate_slope(x, xp, {})
    return right - gradient[..., width:] * part.evaluate_slope(-x, xp, {})


def pushforward(x, tangent, xp, *, part):
    sides = [part.evaluate_slope(x, xp, {}), -part.evaluate_slope(-x, xp, {})]
    return xp.concat([tangent * side for side in sides], axis=-1)


def definition(mp, x):
    return [relu.definition(mp, v) for v in (*x, *(-v for v in x))]


crelu = VectorActivation(
    name="crelu",
    class_name="CReLU",
    text="(relu(x), relu(−x))",
    value=value,
    pullback=pullback,
    pushforward=pushforward,
    identity="relu′(x) and −relu′(−x) on two diagonals",
    definition=definition,
    facts_of=lambda *, axis: VectorFacts(
        range=Range(0.0, float("inf"), low_reached=True),
        outputs=2,
        smoothness=0,
        homogeneous=1,
    ),
    contract=Contract(value_ulp=0, derivative_ulp=0),
    parameters=(axis_parameter("the axis that is doubled"),),
    part=relu,
    references=("Shang, Sohn, Almeida, Lee, ICML 2016, arXiv:1603.05201, definition 2.1",),
)
