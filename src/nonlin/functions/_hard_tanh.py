"""Hard tanh: x between two bounds."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Kink, Range
from nonlin.parameter import Parameter


def value(x, xp, *, low, high):
    return xp.clip(x, low, high)


def slope(x, xp, *, low, high):
    return xp.indicator((x > low) & (x < high), x)


def facts_of(*, low, high):
    return Facts(
        range=Range(low, high, low_reached=True, high_reached=True),
        monotone=True,
        smoothness=0,
        lipschitz=1.0,
        limits=(low, high),
        slope_limits=(0.0, 0.0),
        kinks=(
            Kink(at=low, left=0.0, right=1.0, torch=0.0, jax=1.0),
            Kink(at=high, left=1.0, right=0.0, torch=0.0, jax=1.0),
        ),
        zero_centred=low == -high,
    )


hard_tanh = Activation(
    name="hard_tanh",
    class_name="HardTanh",
    aliases=("hardtanh",),
    text="min(max(x, low), high)",
    value=value,
    slope=slope,
    identity="f′ = 1 for low < x < high, else 0",
    definition=lambda mp, x, *, low, high: min(max(x, mp.mpf(low)), mp.mpf(high)),
    facts_of=facts_of,
    contract=Contract(value_ulp=0.5, derivative_ulp=0.5),
    parameters=(
        Parameter("low", -1.0, "smallest value", torch="min_val"),
        Parameter("high", 1.0, "largest value", torch="max_val"),
    ),
    ordered=(("low", "high"),),
    torch="Hardtanh",
    references=("Collobert, Large Scale Machine Learning, thesis (2004)",),
    conventions={
        "torch": Convention(call="torch.nn.functional.hardtanh", called=True),
        "jax": Convention(call="jax.nn.hard_tanh", note="The slope at ±1 is 1."),
        "keras": Convention(call="keras.activations.hard_tanh"),
    },
)
