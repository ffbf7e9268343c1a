"""Hard shrinkage: x outside [−λ, λ], 0 inside."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Kink, Range
from nonlin.parameter import Parameter

INF = float("inf")

LAMBDA = Parameter("lambd", 0.5, "half the width of the dead zone λ", minimum=0.0, torch="lambd")


def value(x, xp, *, lambd):
    return xp.where(xp.abs(x) <= lambd, 0.0 * x, x)


def slope(x, xp, *, lambd):
    return xp.indicator((xp.abs(x) > lambd) | (lambd == 0), x)


def facts_of(*, lambd):
    return Facts(
        range=Range(-INF, INF),
        monotone=True,
        smoothness=-1 if lambd else INF,
        lipschitz=INF if lambd else 1.0,
        limits=(-INF, INF),
        slope_limits=(1.0, 1.0),
        kinks=(
            Kink(at=-lambd, left=1.0, right=0.0, torch=0.0),
            Kink(at=lambd, left=0.0, right=1.0, torch=0.0),
        )
        if lambd
        else (),
        zero_centred=True,
        homogeneous=None if lambd else 1,
        polynomial=not lambd,
    )


hardshrink = Activation(
    name="hardshrink",
    class_name="Hardshrink",
    aliases=("hard_shrink",),
    text="x if |x| > λ else 0",
    value=value,
    slope=slope,
    identity="f′ = 1 for |x| > λ, else 0",
    definition=lambda mp, x, *, lambd: x if abs(x) > lambd else mp.mpf(0),
    facts_of=facts_of,
    contract=Contract(value_ulp=0.5, derivative_ulp=0.5),
    parameters=(LAMBDA,),
    torch="Hardshrink",
    references=("Donoho, Johnstone, Biometrika 81 (1994), equation 6 (hard thresholding)",),
    conventions={
        "torch": Convention(call="torch.nn.functional.hardshrink"),
        "keras": Convention(call="keras.activations.hard_shrink"),
    },
)
