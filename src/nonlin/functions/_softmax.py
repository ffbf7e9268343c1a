"""Softmax: a distribution over an axis."""

from nonlin.activation import VectorActivation
from nonlin.facts import Contract, Range, VectorFacts
from nonlin.parameter import Parameter


def value(x, xp, *, axis):
    e = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return e / xp.sum(e, axis=axis, keepdims=True)


def jacobian(x, xp, *, axis):
    s = xp.moveaxis(value(x, xp, axis=axis), axis, -1)
    pairs = s[..., :, None] * s[..., None, :]
    count = s.shape[-1]
    diagonal = xp.eye(count, dtype=xp.bool, device=x.device)
    off = xp.where(diagonal, 0.0, pairs)
    # s(1 − s) loses all digits when s rounds to 1; the other entries of the row do not.
    return xp.where(diagonal, xp.sum(off, axis=-1, keepdims=True), -off)


def product(x, gradient, xp, *, axis):
    s = value(x, xp, axis=axis)
    return s * (gradient - xp.sum(s * gradient, axis=axis, keepdims=True))


def definition(mp, x, *, axis):
    e = [mp.exp(v) for v in x]
    return [v / mp.fsum(e) for v in e]


AXIS = Parameter(
    "axis",
    -1,
    "the axis that sums to 1",
    of_torch=lambda module: -1 if module.dim is None else module.dim,
)

softmax = VectorActivation(
    name="softmax",
    class_name="Softmax",
    text="e^{xᵢ} / Σⱼ e^{xⱼ}",
    value=value,
    slope=jacobian,
    product=product,
    identity="∂sᵢ/∂xⱼ = sᵢ(δᵢⱼ − sⱼ), the whole Jacobian diag(s) − s sᵀ",
    definition=definition,
    facts_of=lambda *, axis: VectorFacts(range=Range(0.0, 1.0), sums_to_one=True),
    contract=Contract(value_ulp=6, derivative_ulp=1),
    parameters=(AXIS,),
    torch="Softmax",
    references=("S1 to S5: softmax (S2 and S5 show only the diagonal of the derivative)",),
)
