"""Binary step: fires or not; gradient descent needs a surrogate for its derivative."""

from nonlin.activation import Activation
from nonlin.facts import Contract, Facts, Kink, Range
from nonlin.functions import _sigmoid
from nonlin.parameter import Parameter

INF = float("inf")


def value(x, xp, *, surrogate):
    return xp.where(x >= 0, 1.0, xp.where(x < 0, 0.0, x))


def slope(x, xp, *, surrogate):
    if surrogate == "sigmoid":
        return _sigmoid.slope(x, xp)
    passing = 1.0 if surrogate == "straight_through" else 0.0
    return xp.where(xp.isnan(x), x, xp.where(xp.abs(x) <= 1, passing, 0.0 * xp.finite(x)))


def facts_of(*, surrogate):
    return Facts(
        range=Range(0.0, 1.0, low_reached=True, high_reached=True),
        monotone=True,
        smoothness=-1,
        lipschitz=INF,
        limits=(0.0, 1.0),
        slope_limits=(0.0, 0.0),
        kinks=(Kink(at=0.0, left=0.0, right=0.0, torch=0.0),) if surrogate == "none" else (),
        surrogate=surrogate != "none",
        homogeneous=0,
    )


binary_step = Activation(
    name="binary_step",
    class_name="BinaryStep",
    aliases=("heaviside",),
    text="1 if x ≥ 0 else 0",
    value=value,
    slope=slope,
    identity="f′ = 0 where it exists; a surrogate replaces it in back-propagation",
    definition=lambda mp, x, *, surrogate: mp.mpf(1 if x >= 0 else 0),
    facts_of=facts_of,
    contract=Contract(value_ulp=0.5, derivative_ulp=5),
    parameters=(
        Parameter(
            "surrogate",
            "none",
            "stand-in derivative: none, σ′(x), or 1 for |x| ≤ 1",
            choices=("none", "sigmoid", "straight_through"),
        ),
    ),
    references=(
        "S1, S4: binary step",
        "Bengio, Léonard, Courville, arXiv:1308.3432 (straight-through estimator)",
    ),
)
