"""Laplace: the normal distribution function with MEGA's mean and deviation."""

import math

from nonlin import normal
from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Range
from nonlin.parameter import Parameter


def value(x, xp, *, mu, sigma):
    t, low = normal.standardise(x, xp, mu, sigma)
    return normal.distribution(t, xp, low=low)


def slope(x, xp, *, mu, sigma):
    t, low = normal.standardise(x, xp, mu, sigma)
    return normal.density(t, xp, low=low) / sigma


def definition(mp, x, *, mu, sigma):
    return normal.definition(mp, (x - mp.mpf(mu)) / mp.mpf(sigma))


def facts_of(*, mu, sigma):
    return Facts(
        range=Range(0.0, 1.0),
        monotone=True,
        smoothness=math.inf,
        lipschitz=1 / (sigma * math.sqrt(2 * math.pi)),
        limits=(0.0, 1.0),
        slope_limits=(0.0, 0.0),
    )


laplace = Activation(
    name="laplace",
    class_name="Laplace",
    text="½(1 + erf((x − μ)/(σ√2)))",
    value=value,
    slope=slope,
    identity="f′ = φ((x − μ)/σ)/σ",
    definition=definition,
    facts_of=facts_of,
    contract=Contract(value_ulp=8, derivative_ulp=8),
    parameters=(
        Parameter("mu", 0.707107, "where it is ½"),
        Parameter("sigma", 0.282095, "width", minimum=0.0, exclusive=True),
    ),
    references=("Ma et al., Mega, ICLR 2023, equation 16",),
    conventions={
        "hf": Convention(
            call="transformers.activations.ACT2FN[laplace]",
            wrong="1 + erf cancels on the left: 0 from x ≈ −0.8 down.",
        ),
    },
)
