"""Sparsemax: the nearest point of the probability simplex, most of whose entries are 0."""

from nonlin.conventions import Convention
from nonlin.facts import Contract, Range, VectorFacts
from nonlin.functions._softmax import shift
from nonlin.vector import VectorActivation, axis_parameter


def value(x, xp):
    # The threshold is at least max x − 1, so that no entry further below is ever in the
    # support, and clipping leaves nothing large to sum.
    z = xp.clip(shift(x, xp)[0], -1.0, 0.0)
    falling = xp.sort(z, axis=-1, descending=True)
    before = xp.astype(xp.positions(z), x.dtype)
    inside = 1.0 + (before + 1.0) * falling > xp.cumulative_sum(falling, axis=-1)
    size = xp.sum(xp.astype(inside, x.dtype), axis=-1, keepdims=True)
    # 0·z rather than 0, so that NaN stays.
    total = xp.sum(xp.where(before < size, falling, 0.0 * falling), axis=-1, keepdims=True)
    return xp.clip(z - (total - 1.0) / size, 0.0, None)


def product(x, vector, xp):
    """v less its mean over the support; symmetric, so that it serves both modes."""
    p = value(x, xp)
    support = p > 0
    size = xp.sum(xp.astype(support, x.dtype), axis=-1, keepdims=True)
    mean = xp.sum(xp.where(support, vector, 0.0), axis=-1, keepdims=True) / size
    return xp.where(support, vector - mean, 0.0 * p)


def definition(mp, x):
    falling = sorted(x, reverse=True)
    sums = [mp.fsum(falling[: k + 1]) for k in range(len(x))]
    size = max(k + 1 for k, z in enumerate(falling) if 1 + (k + 1) * z > sums[k])
    threshold = (sums[size - 1] - 1) / size
    return [max(z - threshold, mp.mpf(0)) for z in x]


sparsemax = VectorActivation(
    name="sparsemax",
    class_name="Sparsemax",
    text="argmin over p ≥ 0, Σpᵢ = 1 of ‖p − x‖²: max(xᵢ − τ(x), 0)",
    value=value,
    pullback=product,
    pushforward=product,
    identity="∂pᵢ/∂xⱼ = δᵢⱼ − 1/|S| for i and j in the support S, else 0",
    definition=definition,
    facts_of=lambda *, axis: VectorFacts(
        range=Range(0.0, 1.0, low_reached=True, high_reached=True),
        sums_to_one=True,
        smoothness=0,
        shift_invariant=True,
    ),
    contract=Contract(value_ulp=1, derivative_ulp=1, absolute_ulp=1),
    parameters=(axis_parameter("the axis that sums to 1"),),
    references=("Martins, Astudillo, ICML 2016, arXiv:1602.02068, algorithm 1",),
    conventions={
        "keras": Convention(
            call="keras.activations.sparsemax",
            wrong=(
                "Its threshold sums all partial sums, not the last, so that with two entries or "
                "more in the support the values do not sum to 1."
            ),
        )
    },
)
