"""Softplus, the smooth ReLU."""

from nonlin.activation import Activation, Contract, Facts, Parameter, Range
from nonlin.functions import _sigmoid

INF = float("inf")


def value(x, xp, *, beta):
    # log(1 + e^z) overflows on the right and rounds to 0 on the left.
    return xp.where(x <= 0, 0.0, x) + xp.log1p(xp.exp(-xp.abs(beta * x))) / beta


def slope(x, xp, *, beta):
    return _sigmoid.value(beta * x, xp)


def facts_of(*, beta):
    return Facts(
        range=Range(0.0, INF),
        monotone=True,
        smoothness=INF,
        lipschitz=1.0,
        limits=(0.0, INF),
        slope_limits=(0.0, 1.0),
    )


softplus = Activation(
    name="softplus",
    class_name="Softplus",
    text="ln(1 + e^{βx}) / β",
    value=value,
    slope=slope,
    identity="f′ = σ(βx)",
    definition=lambda mp, x, *, beta: mp.log1p(mp.exp(mp.mpf(beta) * x)) / mp.mpf(beta),
    facts_of=facts_of,
    contract=Contract(value_ulp=4, derivative_ulp=4),
    parameters=(Parameter("beta", 1.0, "sharpness", minimum=0.0, exclusive=True),),
    torch="Softplus",
    references=("S1, S3: softplus", "Dugas et al., NeurIPS 2000"),
    frameworks="PyTorch switches to x above βx = 20, a jump of 5.8e5 ULP in float64.",
)
