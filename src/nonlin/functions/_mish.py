"""Mish: x·tanh(softplus x)."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range

INF = float("inf")
# From here tanh(softplus x) rounds to 1, in float64 too; e^{4x} does not overflow below it.
ONE = 20.0


def _exponentials(x, xp):
    """e^{x/2}, e^x and n + 2 = e^{2x} + 2e^x + 2; tanh(softplus x) is n/(n + 2)."""
    half = xp.exp(0.5 * x)
    e = half * half
    return half, e, e * (e + 2.0) + 2.0


def value(x, xp):
    left = xp.clip(x, -float(xp.finfo(x.dtype).max), ONE)
    half, e, d = _exponentials(left, xp)
    # The product comes before the second half of the exponential: x·e^x is still normal
    # where e^x is subnormal.
    return xp.where(x > ONE, x, left * half * ((e + 2.0) / d) * half)


def slope(x, xp):
    left = xp.clip(x, -float(xp.finfo(x.dtype).max), ONE)
    half, e, d = _exponentials(left, xp)
    # tanh(softplus) + x·σ·sech²(softplus) over one denominator; nothing cancels but the
    # two terms whose sum has the function's minimum as its zero.
    numerator = half * (e + 2.0) * d + 4.0 * (left * half) * (1.0 + e)
    return xp.where(x > ONE, 1.0, numerator / d / d * half)


def facts_of():
    return Facts(
        range=Range(-0.30884341301725041, INF, low_reached=True),
        monotone=False,
        smoothness=INF,
        lipschitz=1.0884981612517278,
        limits=(-0.0, INF),
        slope_limits=(0.0, 1.0),
        minimum=(-1.1924312145154952, -0.30884341301725041),
        self_gated=True,
    )


WRONG = "The gradient is 0 below −88.7, the value up to 154 ULP off below −91."

mish = Activation(
    name="mish",
    class_name="Mish",
    text="x·tanh(ln(1 + eˣ))",
    value=value,
    slope=slope,
    identity="f′ = tanh(sp) + xσ(x)(1 − tanh²(sp)), sp = ln(1 + eˣ); f′(0) = 0.6",
    definition=lambda mp, x: x * mp.tanh(mp.log1p(mp.exp(x))),
    facts_of=facts_of,
    contract=Contract(value_ulp=7.5, derivative_ulp=11),
    torch="Mish",
    references=(
        "S1, S3: mish (S3's derivative is undefined at 0 as written)",
        "Misra, BMVC 2020, equation 1",
    ),
    conventions={
        "torch": Convention(call="torch.nn.functional.mish", wrong=WRONG),
        "jax": Convention(
            call="jax.nn.mish", wrong="0 below −87.3, where the true value is normal to −91."
        ),
        "keras": Convention(call="keras.activations.mish"),
        "timm": Convention(call="timm.layers.activations.mish"),
        "hf": Convention(call="transformers.activations.ACT2FN[mish]", wrong=WRONG),
    },
)
