"""Rectified linear unit."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Kink, Range

INF = float("inf")


def value(x, xp):
    return xp.clip(x, 0.0, None)


def slope(x, xp):
    return xp.where(x > 0, 1.0, xp.clip(x, 0.0, None))


def facts_of():
    return Facts(
        range=Range(0.0, INF, low_reached=True),
        monotone=True,
        smoothness=0,
        lipschitz=1.0,
        limits=(0.0, INF),
        slope_limits=(0.0, 1.0),
        kinks=(Kink(at=0.0, left=0.0, right=1.0, torch=0.0),),
        homogeneous=1,
    )


relu = Activation(
    name="relu",
    class_name="ReLU",
    text="max(x, 0)",
    value=value,
    slope=slope,
    identity="f′ = 1 for x > 0, 0 for x < 0",
    definition=lambda mp, x: max(x, mp.mpf(0)),
    facts_of=facts_of,
    contract=Contract(value_ulp=0.5, derivative_ulp=0.5),
    torch="ReLU",
    references=("S1 to S5: ReLU", "Nair, Hinton, ICML 2010"),
    conventions={
        "torch": Convention(call="torch.nn.functional.relu", called=True),
        "jax": Convention(call="jax.nn.relu"),
        "keras": Convention(
            call="keras.activations.relu",
            note=(
                "Its negative_slope is leaky_relu, its max_value=6 relu6; its threshold sets "
                "inputs below it to 0."
            ),
        ),
        "timm": Convention(call="torch.nn.ReLU"),
        "hf": Convention(call="transformers.activations.ACT2FN[relu]"),
    },
)
