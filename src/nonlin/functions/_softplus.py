"""Softplus, the smooth ReLU."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range
from nonlin.functions import _sigmoid
from nonlin.parameter import Parameter

INF = float("inf")


def value(x, xp, *, beta):
    # log(1 + e^z) overflows on the right and rounds to 0 on the left. There it is e^z, taken
    # in two halves: e^z/β can be normal where e^z alone is subnormal.
    z = xp.magnitude(beta * x)
    e, half = xp.exp(-z), xp.exp(-0.5 * z)
    bent = xp.where(e < xp.finfo(x.dtype).eps, half / beta * half, xp.log1p(e) / beta)
    return xp.where(x >= 0, x, 0.0) + bent


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
    slope_of_value=lambda y, xp, *, beta: -xp.expm1(-beta * y),
    identity="f′ = σ(βx)",
    definition=lambda mp, x, *, beta: mp.log1p(mp.exp(mp.mpf(beta) * x)) / mp.mpf(beta),
    facts_of=facts_of,
    contract=Contract(value_ulp=5, derivative_ulp=3.5),
    parameters=(
        Parameter(
            "beta",
            1.0,
            "sharpness",
            minimum=0.0,
            exclusive=True,
            torch="beta",
        ),
    ),
    torch="Softplus",
    references=("S1, S3: softplus", "Dugas et al., NeurIPS 2000"),
    conventions={
        "torch": Convention(
            call="torch.nn.functional.softplus",
            note="Switches to x above βx = 20, a jump of 5.8e5 ULP in float64.",
        ),
        "jax": Convention(call="jax.nn.softplus"),
        "keras": Convention(call="keras.activations.softplus"),
    },
)
