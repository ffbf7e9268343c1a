"""Log-softmax: the logarithm of softmax, which cross-entropy is made of."""

from nonlin.conventions import Convention
from nonlin.facts import Contract, Range, VectorFacts
from nonlin.functions import _softmax
from nonlin.functions._softmax import centred, rest, shift
from nonlin.vector import VectorActivation, axis_parameter


def value(x, xp):
    # log Σe with the maximum's 1 taken out of the sum: log(1 + tiny) would be 0.
    z, first = shift(x, xp)
    return z - xp.log1p(rest(xp.exp(z), first, xp))


def pullback(x, gradient, xp):
    s = _softmax.value(x, xp)
    _, first = shift(x, xp)
    others = rest(gradient, first, xp)
    at = xp.sum(xp.where(first, gradient, 0.0), axis=-1, keepdims=True)
    # g − s·Σg at the maximum, where s may round to 1, in terms of the others.
    return xp.where(first, at * rest(s, first, xp) - s * others, gradient - s * (at + others))


def pushforward(x, tangent, xp):
    s = _softmax.value(x, xp)
    _, first = shift(x, xp)
    return centred(tangent, s, first, xp)


def definition(mp, x):
    return [mp.log(s) for s in _softmax.definition(mp, x)]


WRONG = (
    "0, with a gradient of 0, for a maximum more than 17 above the rest. "
    "One entry of +inf gives NaN."
)

log_softmax = VectorActivation(
    name="log_softmax",
    class_name="LogSoftmax",
    text="xᵢ − ln Σⱼ e^{xⱼ}",
    value=value,
    pullback=pullback,
    pushforward=pushforward,
    identity="∂yᵢ/∂xⱼ = δᵢⱼ − sⱼ with s = softmax(x)",
    definition=definition,
    facts_of=lambda *, axis: VectorFacts(range=Range(-float("inf"), 0.0), shift_invariant=True),
    contract=Contract(value_ulp=4, derivative_ulp=8, tail_ulp=1),
    parameters=(axis_parameter("the axis over which probabilities sum to 1"),),
    torch="LogSoftmax",
    references=("Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.2.2.3",),
    conventions={
        "torch": Convention(
            call="torch.nn.functional.log_softmax", arguments={"dim": -1}, wrong=WRONG
        ),
        "jax": Convention(call="jax.nn.log_softmax", wrong=WRONG),
        "keras": Convention(call="keras.activations.log_softmax", wrong=WRONG),
    },
)
