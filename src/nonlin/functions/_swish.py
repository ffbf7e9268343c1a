"""Swish: the input times its own sigmoid, with a gate of any sharpness; β = 1 is SiLU."""

from nonlin.activation import Activation
from nonlin.facts import Contract, Facts, Range
from nonlin.parameter import Parameter

INF = float("inf")


def gate(x, z, xp):
    """x·σ(z), right to underflow.

    In the left tail x·e^z is still normal where e^z alone is subnormal, so the
    exponential is applied in two halves, the product first.
    """
    half = xp.exp(-0.5 * xp.magnitude(z))
    r = 1.0 / (1.0 + half * half)
    return xp.where(z >= 0, x * r, xp.finite(x) * half * r * half)


def gate_slope(z, growth, xp):
    """d/dx of x·σ(z(x)) = σ(z)(1 + x z′(1 − σ(z))), given ``growth`` = x·z′(x)."""
    half = xp.exp(-0.5 * xp.magnitude(z))
    e = half * half
    r = 1.0 / (1.0 + e)
    pushed = growth * half * r
    return xp.where(z >= 0, r + r * pushed * half, half * r * half + pushed * r * half)


def value(x, xp, *, beta):
    return gate(x, beta * xp.finite(x), xp)


def slope(x, xp, *, beta):
    z = xp.finite(beta * xp.finite(x))
    return gate_slope(z, z, xp)


def beta_derivative(x, xp, *, beta):
    x = xp.finite(x)
    half = xp.exp(-0.5 * xp.magnitude(beta * x))
    return (x * half / (1.0 + half * half)) ** 2


def facts_of(*, beta):
    if beta == 0:
        return Facts(
            range=Range(-INF, INF),
            monotone=True,
            smoothness=INF,
            lipschitz=0.5,
            limits=(-INF, INF),
            slope_limits=(0.5, 0.5),
            zero_centred=True,
            homogeneous=1,
            polynomial=True,
        )
    # The zero and the maximum of the slope for β = 1; other β scale the axis.
    at, low = -1.2784645427610738, -0.2784645427610738
    return Facts(
        range=Range(low / beta, INF, low_reached=True),
        monotone=False,
        smoothness=INF,
        lipschitz=1.0998393201288669,
        limits=(-0.0, INF),
        slope_limits=(0.0, 1.0),
        minimum=(at / beta, low / beta),
        self_gated=True,
    )


swish = Activation(
    name="swish",
    class_name="Swish",
    text="x·σ(βx)",
    value=value,
    slope=slope,
    identity="f′ = σ(βx)(1 + βx(1 − σ(βx)))",
    definition=lambda mp, x, *, beta: x / (1 + mp.exp(-mp.mpf(beta) * x)),
    facts_of=facts_of,
    contract=Contract(value_ulp=7.5, derivative_ulp=9.5),
    parameters=(
        Parameter("beta", 1.0, "sharpness of the gate", minimum=0.0, derivative=beta_derivative),
    ),
    references=(
        "S1, S3, S4, S5: swish (S3's β = 0 and S4's sign corrected)",
        "Ramachandran, Zoph, Le, arXiv:1710.05941; Elfwing, Uchibe, Doya, 2018 (SiLU)",
    ),
)
