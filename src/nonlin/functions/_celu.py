"""Continuously differentiable exponential linear unit."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range
from nonlin.parameter import Parameter

INF = float("inf")


def value(x, xp, *, alpha):
    return xp.where(x > 0, x, alpha * xp.expm1(xp.where(x > 0, 0.0, x) / alpha))


def slope(x, xp, *, alpha):
    return xp.where(x > 0, 1.0, xp.exp(xp.where(x > 0, 0.0, x) / alpha))


def definition(mp, x, *, alpha):
    return x if x >= 0 else mp.mpf(alpha) * mp.expm1(x / mp.mpf(alpha))


def facts_of(*, alpha):
    return Facts(
        range=Range(-alpha, INF),
        monotone=True,
        smoothness=1,
        lipschitz=1.0,
        limits=(-alpha, INF),
        slope_limits=(0.0, 1.0),
    )


celu = Activation(
    name="celu",
    class_name="CELU",
    text="max(0, x) + min(0, α(e^{x/α} − 1))",
    value=value,
    slope=slope,
    slope_of_value=lambda y, xp, *, alpha: xp.where(y > 0, 1.0, y / alpha + 1.0),
    identity="f′ = 1, or e^{x/α}",
    definition=definition,
    facts_of=facts_of,
    contract=Contract(value_ulp=2.5, derivative_ulp=2.5),
    parameters=(
        Parameter(
            "alpha",
            1.0,
            "depth of the left side",
            minimum=0.0,
            exclusive=True,
            torch="alpha",
        ),
    ),
    torch="CELU",
    references=("Barron, arXiv:1704.07483, equation 2",),
    conventions={
        "torch": Convention(call="torch.nn.functional.celu"),
        "jax": Convention(
            call="jax.nn.celu",
            wrong="The gradient is f(x) + α, which cancels: 0 from x ≈ −17 down.",
        ),
        "keras": Convention(call="keras.activations.celu"),
        "timm": Convention(call="torch.nn.CELU"),
    },
)
