"""Softmax: a distribution over an axis."""

from nonlin.conventions import Convention
from nonlin.facts import Contract, Range, VectorFacts
from nonlin.vector import VectorActivation, axis_parameter


def shift(x, xp):
    """x − max x, and where the first maximum stands.

    The first maximum becomes 0 even where it is infinite; another infinite one has no limit
    beside it and becomes NaN.
    """
    first = xp.positions(x) == xp.argmax(x, axis=-1, keepdims=True)
    top = xp.max(x, axis=-1, keepdims=True)
    return xp.where(first, xp.where(xp.isnan(top), top, 0.0), x - top), first


def rest(x, first, xp):
    """Sum of all but the first maximum."""
    return xp.sum(xp.where(first, 0.0, x), axis=-1, keepdims=True)


def value(x, xp):
    e = xp.exp(shift(x, xp)[0])
    return e / xp.sum(e, axis=-1, keepdims=True)


def centred(v, s, first, xp):
    """v − Σⱼ sⱼvⱼ, right at the maximum even where its s rounds to 1."""
    top = xp.sum(xp.where(first, v, 0.0), axis=-1, keepdims=True)
    # 0·s rather than 0, so that NaN stays.
    at_top = xp.sum(xp.where(first, 0.0 * s, s * (top - v)), axis=-1, keepdims=True)
    return xp.where(first, at_top, v - xp.sum(s * v, axis=-1, keepdims=True))


def product(x, vector, xp):
    """The Jacobian is symmetric, so that one product serves both modes."""
    z, first = shift(x, xp)
    e = xp.exp(z)
    s = e / xp.sum(e, axis=-1, keepdims=True)
    return s * centred(vector, s, first, xp)


def definition(mp, x):
    e = [mp.exp(v) for v in x]
    return [v / mp.fsum(e) for v in e]


WRONG = (
    "The gradient comes from the rounded value: 0 for a maximum more than 17 above the rest. "
    "One entry of +inf gives NaN."
)

softmax = VectorActivation(
    name="softmax",
    class_name="Softmax",
    text="e^{xᵢ} / Σⱼ e^{xⱼ}",
    value=value,
    pullback=product,
    pushforward=product,
    identity="∂sᵢ/∂xⱼ = sᵢ(δᵢⱼ − sⱼ), the whole Jacobian diag(s) − s sᵀ",
    definition=definition,
    facts_of=lambda *, axis: VectorFacts(
        range=Range(0.0, 1.0), sums_to_one=True, shift_invariant=True
    ),
    contract=Contract(value_ulp=6, derivative_ulp=8, tail_ulp=1),
    parameters=(axis_parameter("the axis that sums to 1"),),
    torch="Softmax",
    references=("S1 to S5: softmax (S2 and S5 show only the diagonal of the derivative)",),
    conventions={
        "torch": Convention(call="torch.nn.functional.softmax", arguments={"dim": -1}, wrong=WRONG),
        "jax": Convention(call="jax.nn.softmax", wrong=WRONG),
        "keras": Convention(call="keras.activations.softmax", wrong=WRONG),
    },
)
