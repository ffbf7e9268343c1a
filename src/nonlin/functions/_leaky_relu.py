"""Leaky ReLU: a small fixed slope on the left."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
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
        kinks=() if alpha == 1 else (Kink(at=0.0, left=alpha, right=1.0, torch=alpha, jax=1.0),),
        minimum=(0.0, 0.0) if alpha < 0 else None,
        zero_centred=alpha == 1,
        homogeneous=1,
        polynomial=alpha == 1,
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
    parameters=(Parameter("alpha", 0.01, "slope on the left (0.1 in S5)", torch="negative_slope"),),
    torch="LeakyReLU",
    references=("S1 to S5: leaky ReLU", "Maas, Hannun, Ng, ICML 2013"),
    conventions={
        "torch": Convention(call="torch.nn.functional.leaky_relu", called=True),
        "jax": Convention(call="jax.nn.leaky_relu", note="The slope at 0 is 1, not α."),
        "keras": Convention(
            call="keras.activations.leaky_relu",
            parameters={"alpha": 0.2},
            note="Keras' layer LeakyReLU has α = 0.3, its function 0.2.",
        ),
        "timm": Convention(call="torch.nn.LeakyReLU"),
        "hf": Convention(call="transformers.activations.ACT2FN[leaky_relu]"),
    },
)
