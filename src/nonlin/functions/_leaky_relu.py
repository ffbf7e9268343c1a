"""Leaky ReLU: a small fixed slope on the left."""

from nonlin.activation import Activation
from nonlin.facts import Contract, Facts, Kink, Range
from nonlin.parameter import Parameter

INF = float("inf")


def value(x, xp, *, alpha):
    return xp.where(x > 0, x, xp.scaled(alpha, x))


def slope(x, xp, *, alpha):
    return xp.where(x > 0, 1.0, xp.where(x <= 0, alpha, x))


def definition(mp, x, *, alpha):
    return x if x >= 0 else mp.mpf(alpha) * x


def facts_of(*, alpha):
    left = -INF if alpha > 0 else INF if alpha < 0 else 0.0
    return Facts(
        range=Range(min(left, 0.0), INF, low_reached=alpha <= 0),
        monotone=alpha >= 0,
        smoothness=INF if alpha == 1 else 0,
        lipschitz=max(1.0, abs(alpha)),
        limits=(left, INF),
        slope_limits=(alpha, 1.0),
        kinks=() if alpha == 1 else (Kink(at=0.0, left=alpha, right=1.0, torch=alpha),),
        minimum=(0.0, 0.0) if alpha < 0 else None,
        zero_centred=alpha == 1,
    )


leaky_relu = Activation(
    name="leaky_relu",
    class_name="LeakyReLU",
    text="x if x ≥ 0 else αx",
    value=value,
    slope=slope,
    identity="f′ = 1 or α",
    definition=definition,
    facts_of=facts_of,
    contract=Contract(value_ulp=0.5, derivative_ulp=0.5),
    parameters=(
        Parameter(
            "alpha", 0.01, "slope on the left", of_torch=lambda module: module.negative_slope
        ),
    ),
    torch="LeakyReLU",
    references=("S1 to S5: leaky ReLU", "Maas, Hannun, Ng, ICML 2013"),
    frameworks=(
        "α is 0.01 in PyTorch, JAX and Hugging Face, 0.2 in Keras' function, 0.3 in Keras' "
        "layer, 0.1 in S5. At 0 PyTorch takes the slope α, JAX takes 1."
    ),
)
