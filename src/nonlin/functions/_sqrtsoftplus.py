"""Square root of softplus."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range
from nonlin.functions import _sigmoid, _softplus

INF = float("inf")
# From here down ln(1 + e) is e(1 − e/2) to the last bit of float64, and it underflows long
# before its root does.
LEFT = -20.0


def value(x, xp):
    half = xp.exp(0.5 * xp.clip(x, None, 0.0))
    root = xp.sqrt(_softplus.value(x, xp, beta=1.0))
    return xp.where(x < LEFT, half * (1.0 - 0.25 * half * half), root)


def slope(x, xp):
    half = xp.exp(0.5 * xp.clip(x, None, 0.0))
    near = xp.clip(x, LEFT, None)
    root = xp.sqrt(_softplus.value(near, xp, beta=1.0))
    inside = 0.5 * _sigmoid.value(near, xp) / root
    return xp.where(x < LEFT, half * (0.5 - 0.375 * half * half), inside)


def facts_of():
    return Facts(
        range=Range(0.0, INF),
        monotone=True,
        smoothness=INF,
        lipschitz=LIPSCHITZ,
        limits=(0.0, INF),
        slope_limits=(0.0, 0.0),
    )


LIPSCHITZ = 0.31908634316947574

sqrtsoftplus = Activation(
    name="sqrtsoftplus",
    class_name="SqrtSoftplus",
    text="√ln(1 + eˣ)",
    value=value,
    slope=slope,
    identity="f′ = σ(x)/(2f(x))",
    definition=lambda mp, x: mp.sqrt(mp.log1p(mp.exp(x))),
    facts_of=facts_of,
    contract=Contract(value_ulp=4, derivative_ulp=6),
    references=("Hugging Face, transformers.activations (DeepSeek-V4's router)",),
    conventions={"hf": Convention(call="transformers.activations.ACT2FN[sqrtsoftplus]")},
)
