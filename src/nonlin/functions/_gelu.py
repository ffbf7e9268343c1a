"""Gaussian error linear unit, exact and in its two published approximations."""

import math

from nonlin import normal
from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range
from nonlin.functions._swish import gate, gate_slope
from nonlin.parameter import Parameter

INF = float("inf")
CUBIC = 0.044715
SIGMOID = 1.702
ROOT = math.sqrt(2 / math.pi)
# Beyond this e^(−x²/2) is 0 even in float64, and x³ cannot overflow below it.
FAR = 40.0


def _gate_argument(x, form):
    """z and x·z′ for the approximations x·σ(z): ½(1 + tanh u) is σ(2u)."""
    if form == "sigmoid":
        return SIGMOID * x, SIGMOID * x
    squared = CUBIC * x * x
    return 2.0 * ROOT * x * (1.0 + squared), 2.0 * ROOT * x * (1.0 + 3.0 * squared)


def _near(x, xp, form):
    return xp.finite(x) if form == "sigmoid" else xp.clip(x, -FAR, FAR)


def value(x, xp, *, form):
    if form == "exact":
        return normal.distribution(x, xp, factor=xp.where(x > 0, x, xp.finite(x)))
    z, _ = _gate_argument(_near(x, xp, form), form)
    return gate(x, z, xp)


def slope(x, xp, *, form):
    if form == "exact":
        # Beyond FAR the product is 0, and x² does not overflow below it.
        near = _near(x, xp, form)
        return normal.distribution(x, xp) + normal.density(near, xp, factor=near)
    x = _near(x, xp, form)
    z, growth = _gate_argument(x, form)
    return gate_slope(xp.finite(z), xp.finite(growth), xp)


def definition(mp, x, *, form):
    if form == "exact":
        return x * normal.definition(mp, x)
    if form == "sigmoid":
        return x / (1 + mp.exp(-mp.mpf(SIGMOID) * x))
    u = mp.sqrt(2 / mp.pi) * (x + mp.mpf(CUBIC) * x**3)
    return x / (1 + mp.exp(-2 * u))


MINIMUM = {
    "exact": (-0.7517915246935645, -0.16997120747990366),
    "tanh": (-0.7524614220710163, -0.17004075057125405),
    "sigmoid": (-0.751154255441289, -0.16361018963635359),
}
_LIPSCHITZ = {
    "exact": 1.1289041451851548,
    "tanh": 1.1289930686587718,
    "sigmoid": 1.0998393201288669,
}


def facts_of(*, form):
    at, low = MINIMUM[form]
    return Facts(
        range=Range(low, INF, low_reached=True),
        monotone=False,
        smoothness=INF,
        lipschitz=_LIPSCHITZ[form],
        limits=(-0.0, INF),
        slope_limits=(0.0, 1.0),
        minimum=(at, low),
        self_gated=True,
    )


EXACT = Contract(value_ulp=8, derivative_ulp=12)

WRONG = (
    "1 + erf cancels on the left: the value is 0 from x ≈ −5.54 down, where the true one "
    "is normal to −13."
)

gelu = Activation(
    name="gelu",
    class_name="GELU",
    aliases=("gelu_python",),
    text="x·Φ(x)",
    value=value,
    slope=slope,
    identity="f′ = Φ(x) + xφ(x)",
    definition=definition,
    facts_of=facts_of,
    contract=EXACT,
    # Rounding the argument of the gate moves its exponential.
    contract_of=lambda *, form: EXACT if form == "exact" else Contract(3, 6, tail_ulp=3),
    parameters=(
        Parameter(
            "form",
            "exact",
            "Φ itself, or an approximation of it: see gelu_tanh and quick_gelu",
            choices=("exact", "tanh", "sigmoid"),
            torch="approximate",
            torch_words={"exact": "none", "tanh": "tanh"},
        ),
    ),
    torch="GELU",
    references=(
        "S1: GELU (its constant 0.04475 corrected to 0.044715)",
        "Hendrycks, Gimpel, arXiv:1606.08415, section 2",
    ),
    conventions={
        "torch": Convention(call="torch.nn.functional.gelu", wrong=WRONG),
        "jax": Convention(
            call="jax.nn.gelu",
            parameters={"form": "tanh"},
            note="The tanh form is the default: up to 4.73e-4 from the exact one.",
            wrong=(
                "1 + tanh cancels on the left: 0 from x ≈ −5.1 down; the gradient is "
                "NaN from |x| ≈ 1.4e19 up."
            ),
        ),
        "keras": Convention(call="keras.activations.gelu", wrong=WRONG),
        "timm": Convention(call="timm.layers.activations.gelu", wrong=WRONG),
        "hf": Convention(call="transformers.activations.ACT2FN[gelu]", wrong=WRONG),
    },
)
