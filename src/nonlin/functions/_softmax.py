"""Softmax: a distribution over an axis."""

from nonlin.conventions import Convention
from nonlin.facts import Contract, Range, VectorFacts
from nonlin.parameter import Parameter
from nonlin.vector import VectorActivation


def value(x, xp):
    e = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    return e / xp.sum(e, axis=-1, keepdims=True)


def jacobian(x, xp):
    s = value(x, xp)
    pairs = s[..., :, None] * s[..., None, :]
    diagonal = xp.unit_vectors(x) > 0
    off = xp.where(diagonal, 0.0, pairs)
    # s(1 − s) loses all digits when s rounds to 1; the other entries of the row do not.
    return xp.where(diagonal, xp.sum(off, axis=-1, keepdims=True), -off)


def product(x, vector, xp):
    """The Jacobian is symmetric, so that one product serves both modes."""
    s = value(x, xp)
    return s * (vector - xp.sum(s * vector, axis=-1, keepdims=True))


def definition(mp, x):
    e = [mp.exp(v) for v in x]
    return [v / mp.fsum(e) for v in e]


AXIS = Parameter("axis", -1, "the axis that sums to 1", torch="dim")

softmax = VectorActivation(
    name="softmax",
    class_name="Softmax",
    text="e^{xᵢ} / Σⱼ e^{xⱼ}",
    value=value,
    slope=jacobian,
    pullback=product,
    pushforward=product,
    identity="∂sᵢ/∂xⱼ = sᵢ(δᵢⱼ − sⱼ), the whole Jacobian diag(s) − s sᵀ",
    definition=definition,
    facts_of=lambda *, axis: VectorFacts(range=Range(0.0, 1.0), sums_to_one=True),
    contract=Contract(value_ulp=6, derivative_ulp=1),
    parameters=(AXIS,),
    torch="Softmax",
    references=("S1 to S5: softmax (S2 and S5 show only the diagonal of the derivative)",),
    conventions={
        "torch": Convention(call="torch.nn.functional.softmax", arguments={"dim": -1}),
        "jax": Convention(call="jax.nn.softmax"),
        "keras": Convention(call="keras.activations.softmax"),
    },
)
