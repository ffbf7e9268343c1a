"""Squareplus, an algebraic softplus."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range
from nonlin.parameter import Parameter

INF = float("inf")
# Beyond it x² + b is x² in float64, and below it x² does not overflow in float32.
FAR = 2.0**60


def _root(x, xp, b):
    """√(x² + b)."""
    near = xp.clip(x, -FAR, FAR)
    return xp.where(xp.abs(x) > FAR, xp.abs(x), xp.sqrt(near * near + b))


def value(x, xp, *, b):
    # x + √(x² + b) cancels on the left; its conjugate does not.
    root = _root(x, xp, b)
    return xp.where(x >= 0, 0.5 * x + 0.5 * root, 0.25 * b / (0.5 * root + 0.5 * xp.abs(x)))


def slope(x, xp, *, b):
    root = _root(x, xp, b)
    left = 0.25 * b / (0.5 * root + 0.5 * xp.abs(x)) / root
    return xp.where(x >= 0, 0.5 + 0.5 * xp.finite(x) / xp.finite(root), left)


def definition(mp, x, *, b):
    return (x + mp.sqrt(x * x + mp.mpf(b))) / 2


def facts_of(*, b):
    return Facts(
        range=Range(0.0, INF),
        monotone=True,
        smoothness=INF,
        lipschitz=1.0,
        limits=(0.0, INF),
        slope_limits=(0.0, 1.0),
    )


WRONG = "x + √(x² + b) cancels on the left; x² overflows from |x| ≈ 1.8e19 up."

squareplus = Activation(
    name="squareplus",
    class_name="Squareplus",
    text="(x + √(x² + b))/2",
    value=value,
    slope=slope,
    slope_of_value=lambda y, xp, *, b: 1.0 / (1.0 + 0.25 * b / y / y),
    identity="f′ = (1 + x/√(x² + b))/2 = f(x)/√(x² + b)",
    definition=definition,
    facts_of=facts_of,
    contract=Contract(value_ulp=3, derivative_ulp=5),
    parameters=(Parameter("b", 4.0, "width of the bend", minimum=0.0, exclusive=True),),
    references=("Barron, arXiv:2112.11687, equation 1",),
    conventions={
        "jax": Convention(call="jax.nn.squareplus", wrong=WRONG),
        "keras": Convention(call="keras.activations.squareplus", wrong=WRONG),
    },
)
