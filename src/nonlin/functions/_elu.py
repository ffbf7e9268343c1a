"""Exponential linear unit."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Kink, Range
from nonlin.parameter import Parameter

INF = float("inf")


def value(x, xp, *, alpha):
    return xp.where(x > 0, x, alpha * xp.expm1(xp.where(x > 0, 0.0, x)))


def slope(x, xp, *, alpha):
    return xp.where(x > 0, 1.0, alpha * xp.exp(xp.where(x > 0, 0.0, x)))


def alpha_derivative(x, xp, *, alpha):
    return xp.expm1(xp.where(x > 0, 0.0, x))


def definition(mp, x, *, alpha):
    return x if x >= 0 else mp.mpf(alpha) * mp.expm1(x)


def facts_of(*, alpha):
    return Facts(
        range=Range(-alpha, INF),
        monotone=True,
        smoothness=1 if alpha == 1 else 0,
        lipschitz=max(1.0, alpha),
        limits=(-alpha, INF),
        slope_limits=(0.0, 1.0),
        kinks=() if alpha == 1 else (Kink(at=0.0, left=alpha, right=1.0, torch=alpha),),
    )


elu = Activation(
    name="elu",
    class_name="ELU",
    text="x if x ≥ 0 else α(eˣ − 1)",
    value=value,
    slope=slope,
    slope_of_value=lambda y, xp, *, alpha: xp.where(y > 0, 1.0, y + alpha),
    identity="f′ = 1, or f(x) + α = αeˣ",
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
            derivative=alpha_derivative,
            torch="alpha",
        ),
    ),
    torch="ELU",
    references=(
        "S1, S2, S4, S5: ELU (S4's derivative and S5's formula corrected)",
        "Clevert, Unterthiner, Hochreiter, ICLR 2016",
    ),
    conventions={
        "torch": Convention(call="torch.nn.functional.elu"),
        "jax": Convention(
            call="jax.nn.elu", wrong="The gradient is f(x) + α, which cancels: 0 from x ≈ −17 down."
        ),
        "keras": Convention(call="keras.activations.elu"),
        "timm": Convention(call="torch.nn.ELU"),
    },
)
