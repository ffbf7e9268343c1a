"""Hard swish: x times the hard sigmoid."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Kink, Range

INF = float("inf")


def value(x, xp):
    # The gate first: x·6 overflows where f does not.
    return xp.where(x > 0, x, xp.finite(x)) * (xp.clip(x + 3.0, 0.0, 6.0) / 6.0)


def slope(x, xp):
    return xp.where(x >= 3, 1.0, xp.where(x <= -3, 0.0, (2.0 * x + 3.0) / 6.0))


def facts_of():
    return Facts(
        range=Range(-0.375, INF, low_reached=True),
        monotone=False,
        smoothness=0,
        lipschitz=1.5,
        limits=(-0.0, INF),
        slope_limits=(0.0, 1.0),
        kinks=(
            Kink(at=-3.0, left=0.0, right=-0.5, torch=0.0),
            Kink(at=3.0, left=1.5, right=1.0, torch=1.0),
        ),
        minimum=(-1.5, -0.375),
    )


hard_swish = Activation(
    name="hard_swish",
    class_name="HardSwish",
    aliases=("hard_silu", "hardswish"),
    text="x·min(max(x + 3, 0), 6)/6",
    value=value,
    slope=slope,
    identity="f′ = 0, (2x + 3)/6 or 1",
    definition=lambda mp, x: x * min(max(x + 3, mp.mpf(0)), mp.mpf(6)) / 6,
    facts_of=facts_of,
    contract=Contract(value_ulp=1.5, derivative_ulp=1),
    torch="Hardswish",
    references=("Howard et al., MobileNetV3, ICCV 2019, section 5.2",),
    conventions={
        "torch": Convention(call="torch.nn.functional.hardswish"),
        "jax": Convention(call="jax.nn.hard_swish"),
        "keras": Convention(call="keras.activations.hard_swish"),
        "timm": Convention(call="timm.layers.activations.hard_swish"),
        "hf": Convention(call="transformers.activations.ACT2FN[hardswish]"),
    },
)
