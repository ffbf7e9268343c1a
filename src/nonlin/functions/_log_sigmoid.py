"""Logarithm of the sigmoid."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range
from nonlin.functions import _sigmoid, _softplus

INF = float("inf")


def facts_of():
    return Facts(
        range=Range(-INF, 0.0),
        monotone=True,
        smoothness=INF,
        lipschitz=1.0,
        limits=(-INF, -0.0),
        slope_limits=(1.0, 0.0),
    )


log_sigmoid = Activation(
    name="log_sigmoid",
    class_name="LogSigmoid",
    aliases=("logsigmoid",),
    text="ln σ(x) = −ln(1 + e⁻ˣ)",
    value=lambda x, xp: -_softplus.value(-x, xp, beta=1.0),
    slope=lambda x, xp: _sigmoid.value(-x, xp),
    slope_of_value=lambda y, xp: -xp.expm1(y),
    identity="f′ = σ(−x)",
    definition=lambda mp, x: -mp.log1p(mp.exp(-x)),
    facts_of=facts_of,
    contract=Contract(value_ulp=5, derivative_ulp=3.5),
    torch="LogSigmoid",
    references=("Mikolov et al., NeurIPS 2013, equation 4 (as a loss)",),
    conventions={
        # ONNX: Log(Sigmoid(x)), which is −inf from x ≈ −88 down.
        "torch": Convention(call="torch.nn.functional.logsigmoid", exported=False),
        "jax": Convention(call="jax.nn.log_sigmoid"),
        "keras": Convention(call="keras.activations.log_sigmoid"),
    },
)
