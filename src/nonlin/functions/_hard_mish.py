"""Hard mish: ½x·clip(x + 2, 0, 2)."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Kink, Range

INF = float("inf")


def value(x, xp):
    return 0.5 * xp.where(x > 0, x, xp.finite(x)) * xp.clip(x + 2.0, 0.0, 2.0)


def slope(x, xp):
    return xp.where(x >= 0, 1.0, xp.where(x < -2, 0.0, x + 1.0))


def definition(mp, x):
    return x * min(max(x + 2, mp.mpf(0)), mp.mpf(2)) / 2


def facts_of():
    return Facts(
        range=Range(-0.5, INF, low_reached=True),
        monotone=False,
        smoothness=0,
        lipschitz=1.0,
        limits=(-0.0, INF),
        slope_limits=(0.0, 1.0),
        kinks=(Kink(at=-2.0, left=0.0, right=-1.0, torch=-1.0),),
        minimum=(-1.0, -0.5),
    )


hard_mish = Activation(
    name="hard_mish",
    class_name="HardMish",
    text="½x·min(max(x + 2, 0), 2)",
    value=value,
    slope=slope,
    identity="f′ = 0, x + 1 or 1",
    definition=definition,
    facts_of=facts_of,
    contract=Contract(value_ulp=1.5, derivative_ulp=0.5),
    references=("Misra, H-Mish (github.com/digantamisra98/H-Mish)",),
    conventions={"timm": Convention(call="timm.layers.activations.hard_mish")},
)
