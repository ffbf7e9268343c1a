"""ReLU6: relu that stops at 6, for arithmetic of few bits."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Kink, Range


def value(x, xp):
    return xp.clip(x, 0.0, 6.0)


def facts_of():
    return Facts(
        range=Range(0.0, 6.0, low_reached=True, high_reached=True),
        monotone=True,
        smoothness=0,
        lipschitz=1.0,
        limits=(0.0, 6.0),
        slope_limits=(0.0, 0.0),
        kinks=(
            Kink(at=0.0, left=0.0, right=1.0, torch=0.0),
            Kink(at=6.0, left=1.0, right=0.0, torch=0.0),
        ),
    )


relu6 = Activation(
    name="relu6",
    class_name="ReLU6",
    text="min(max(x, 0), 6)",
    value=value,
    slope=lambda x, xp: xp.indicator((x > 0) & (x < 6), x),
    identity="f′ = 1 for 0 < x < 6, else 0",
    definition=lambda mp, x: min(max(x, mp.mpf(0)), mp.mpf(6)),
    facts_of=facts_of,
    contract=Contract(value_ulp=0.5, derivative_ulp=0.5),
    torch="ReLU6",
    references=("Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10 (2010)",),
    conventions={
        "torch": Convention(call="torch.nn.functional.relu6", called=True),
        "jax": Convention(call="jax.nn.relu6"),
        "keras": Convention(call="keras.activations.relu6"),
        "timm": Convention(call="torch.nn.ReLU6"),
        "hf": Convention(call="transformers.activations.ACT2FN[relu6]"),
    },
)
