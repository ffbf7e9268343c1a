"""Threshold: x above θ, a constant below."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Kink, Range
from nonlin.parameter import Parameter

INF = float("inf")


def evaluate(x, xp, *, theta, value):
    return xp.where(x <= theta, value, x)


def slope(x, xp, *, theta, value):
    return xp.indicator(x > theta, x)


def facts_of(*, theta, value):
    return Facts(
        range=Range(min(theta, value), INF, low_reached=value <= theta),
        monotone=value <= theta,
        smoothness=0 if value == theta else -1,
        lipschitz=1.0 if value == theta else INF,
        limits=(value, INF),
        slope_limits=(0.0, 1.0),
        kinks=(Kink(at=theta, left=0.0, right=1.0, torch=0.0),),
        homogeneous=1 if theta == value == 0 else None,
    )


threshold = Activation(
    name="threshold",
    class_name="Threshold",
    aliases=("thresholded_relu",),
    text="x if x > θ else v",
    value=evaluate,
    slope=slope,
    identity="f′ = 1 for x > θ, else 0",
    definition=lambda mp, x, *, theta, value: x if x > theta else mp.mpf(value),
    facts_of=facts_of,
    contract=Contract(value_ulp=0.5, derivative_ulp=0.5),
    parameters=(
        Parameter("theta", 1.0, "where x begins to pass", torch="threshold"),
        Parameter("value", 0.0, "what replaces smaller inputs", torch="value"),
    ),
    torch="Threshold",
    references=("Konda, Memisevic, Krueger, arXiv:1402.3337 (θ = 1, v = 0)",),
    conventions={
        "torch": Convention(
            call="torch.nn.functional.threshold",
            arguments={"threshold": 1.0, "value": 0.0},
            note="Has no defaults.",
            called=True,
        ),
        "keras": Convention(
            call="keras.activations.threshold",
            arguments={"threshold": 1.0, "default_value": 0.0},
            note="Has no defaults.",
        ),
    },
)
