"""Gumbel-softmax: a sample of one class that back-propagates; softmax of x plus noise."""

from nonlin.conventions import Convention
from nonlin.facts import Contract, Range, VectorFacts
from nonlin.functions import _argmax, _softmax
from nonlin.parameter import Parameter
from nonlin.vector import VectorActivation, axis_parameter


def heated(x, xp, tau, noise):
    """(x + g)/τ less its maximum, with g = −log(−log u); x/τ when nothing is drawn."""
    if noise is not None:
        # u = 0, which generators return, and u = 1 would make g infinite.
        kinds = xp.finfo(x.dtype)
        u = xp.clip(noise, float(kinds.smallest_normal), 1.0 - float(kinds.eps) / 2)
        x = x - xp.log(-xp.log(u))
    # Divided last: x/τ may overflow, and the maximum stays 0.
    return _softmax.shift(x, xp)[0] / tau


def value(x, xp, *, tau, hard, noise=None):
    z = heated(x, xp, tau, noise)
    return _argmax.one_hot(z, xp) if hard == "yes" else _softmax.value(z, xp)


def product(x, vector, xp, *, tau, hard, noise=None):
    return _softmax.product(heated(x, xp, tau, noise), vector, xp) / tau


def definition(mp, x, *, tau, hard):
    y = _softmax.definition(mp, [v / mp.mpf(tau) for v in x])
    return _argmax.definition(mp, y, surrogate="none") if hard == "yes" else y


def facts_of(*, tau, hard, axis):
    reached = hard == "yes"
    return VectorFacts(
        range=Range(0.0, 1.0, low_reached=reached, high_reached=reached),
        sums_to_one=True,
        smoothness=-1 if reached else float("inf"),
        homogeneous=0 if reached else None,
        shift_invariant=True,
        surrogate=reached,
    )


gumbel_softmax = VectorActivation(
    name="gumbel_softmax",
    class_name="GumbelSoftmax",
    text="softmax((x + g)/τ), g = −ln(−ln u), u uniform on (0, 1)",
    value=value,
    pullback=product,
    pushforward=product,
    identity="∂sᵢ/∂xⱼ = sᵢ(δᵢⱼ − sⱼ)/τ; a hard sample back-propagates it too (straight through)",
    definition=definition,
    facts_of=facts_of,
    contract=Contract(value_ulp=6, derivative_ulp=8, tail_ulp=2),
    parameters=(
        Parameter(
            "tau", 1.0, "temperature: samples near one-hot where it is low", 0.0, exclusive=True
        ),
        Parameter(
            "hard",
            "no",
            "whether the value is one-hot, its derivative still softmax's",
            choices=("no", "yes"),
        ),
        axis_parameter("the axis that sums to 1"),
    ),
    draws="always",
    references=(
        "Jang, Gu, Poole, arXiv:1611.01144, equation 2 and section 2.2",
        "Maddison, Mnih, Teh, arXiv:1611.00712",
    ),
    conventions={
        "torch": Convention(
            call="torch.nn.functional.gumbel_softmax",
            note=(
                "Always draws, in evaluation too, and calls hard=True what is hard='yes' here. "
                "A hard value is one-hot only up to rounding: it is hard − soft + soft."
            ),
        )
    },
)
