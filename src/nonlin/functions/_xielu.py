"""Trainable xIELU: the integral of an expanded ELU."""

import math

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Kink, Range
from nonlin.parameter import Parameter

INF = float("inf")
# Beyond, the series is no longer better than expm1.
NEAR = 1.0
# Beyond, β − α cancels less than e^x − 1 with β.
STEEP = 0.5


def bend(x, xp):
    """(e^x − 1 − x)/x² for −NEAR ≤ x ≤ 0, by its series: the difference cancels."""
    series = 1.0 + x / 20.0
    for k in range(19, 2, -1):
        series = 1.0 + x / k * series
    return 0.5 * series


def value(x, xp, *, alpha_p, alpha_n, beta, eps):
    positive = xp.clip(x, 0.0, None)
    right = positive * (alpha_p * positive + beta)
    near = xp.clip(x, -NEAR, 0.0)
    close = near * (beta + alpha_n * near * bend(near, xp))
    if eps:
        stopped = xp.clip(near, None, eps)
        raised = stopped * stopped * bend(stopped, xp) + (stopped - near)
        close = xp.where(near > eps, alpha_n * raised + beta * near, close)
    negative = xp.clip(x, None, 0.0)
    far = alpha_n * xp.expm1(negative) + xp.scaled(beta - alpha_n, negative)
    return xp.where(x > 0, right, xp.where(x < -NEAR, far, close))


def slope(x, xp, *, alpha_p, alpha_n, beta, eps):
    right = 2.0 * alpha_p * xp.clip(x, 0.0, None) + beta
    negative = xp.clip(x, None, 0.0)
    # Of α(eˣ − 1) + β either the 1 or the β may cancel, each on its own side.
    close = alpha_n * xp.expm1(negative) + beta
    far = alpha_n * xp.exp(negative) + (beta - alpha_n)
    left = xp.where(x < -STEEP, far, close)
    if eps:
        left = xp.where(x >= eps, beta - alpha_n, left)
    return xp.where(x > 0, right, left)


def alpha_p_derivative(x, xp, *, alpha_p, alpha_n, beta, eps):
    positive = xp.clip(x, 0.0, None)
    return positive * positive


def alpha_n_derivative(x, xp, *, alpha_p, alpha_n, beta, eps):
    near = xp.clip(x, -NEAR, 0.0)
    stopped = xp.clip(near, None, eps)
    close = stopped * stopped * bend(stopped, xp) + (stopped - near)
    negative = xp.clip(x, None, 0.0)
    left = xp.where(x < -NEAR, xp.expm1(negative) - negative, close)
    return xp.where(x > 0, 0.0, left)


def definition(mp, x, *, alpha_p, alpha_n, beta, eps):
    if x > 0:
        return mp.mpf(alpha_p) * x * x + mp.mpf(beta) * x
    return mp.mpf(alpha_n) * (mp.expm1(min(x, mp.mpf(eps))) - x) + mp.mpf(beta) * x


def _root(ratio):
    """Where eˣ − 1 − (1 − ratio)x crosses 0 on the left."""
    x = -1 / (1 - ratio)
    for _ in range(60):
        x -= (math.expm1(x) - (1 - ratio) * x) / (math.exp(x) - (1 - ratio))
    return x


def facts_of(*, alpha_p, alpha_n, beta, eps):
    ratio = beta / alpha_n
    falling = ratio < 1
    at = math.log1p(-ratio) if falling else 0.0
    bottom = alpha_n * (math.expm1(at) - at) + beta * at
    if eps and alpha_n * math.expm1(eps) < bottom:
        at, bottom = 0.0, alpha_n * math.expm1(eps)
    end = -math.copysign(INF, ratio - 1) if ratio != 1 else -alpha_n
    beside = beta - alpha_n
    torn = (
        Kink(at=eps, left=alpha_n * math.expm1(eps) + beta, right=beside, torch=beside),
        Kink(at=0.0, left=beside, right=beta, torch=beside),
    )
    return Facts(
        range=Range(bottom if falling else end, INF, low_reached=falling),
        monotone=not falling,
        smoothness=-1 if eps else 2 if alpha_n == 2 * alpha_p else 1,
        lipschitz=INF,
        limits=(end, INF),
        slope_limits=(beta - alpha_n, INF),
        kinks=torn if eps else (),
        minimum=(at, bottom) if falling else None,
        roots=(_root(ratio),) if 0 < ratio < 1 else (),
    )


xielu = Activation(
    name="xielu",
    class_name="XIELU",
    text="αₚx² + βx for x > 0, αₙ(e^{min(x, ε)} − 1 − x) + βx for x ≤ 0",
    value=value,
    slope=slope,
    identity="f′ = 2αₚx + β, or αₙ(eˣ − 1) + β",
    definition=definition,
    facts_of=facts_of,
    contract=Contract(value_ulp=18, derivative_ulp=7),
    parameters=(
        Parameter(
            "alpha_p",
            0.8,
            "curvature on the right",
            minimum=0.0,
            exclusive=True,
            derivative=alpha_p_derivative,
        ),
        Parameter(
            "alpha_n",
            0.8,
            "curvature on the left",
            minimum=0.0,
            exclusive=True,
            derivative=alpha_n_derivative,
        ),
        Parameter("beta", 0.5, "slope at 0", minimum=0.0),
        Parameter("eps", 0.0, "where the exponential stops, at most 0", maximum=0.0),
    ),
    learned=("alpha_p", "alpha_n"),
    references=("Huang, Schlag, arXiv:2411.13010, equation 10",),
    conventions={
        "hf": Convention(
            call="transformers.activations.ACT2FN[xielu]",
            parameters={"eps": -1e-6},
            note=(
                "ε = −1e-6 stops the exponential, so that f jumps by 8e-7 at 0; the parameters "
                "are kept as the inverse softplus of αₚ and of αₙ − β, in bfloat16."
            ),
            wrong="αₚ and αₙ are kept in bfloat16, which moves them by up to 0.4 %.",
        ),
    },
)
