"""What an activation does to the spread of signals and gradients, by quadrature."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from nonlin.activation import Activation
from nonlin.errors import NonlinError
from nonlin.facts import Facts
from nonlin.functions import get
from nonlin.moments import expect

Mode = Literal["forward", "backward", "compromise"]
MODES: tuple[Mode, ...] = ("forward", "backward", "compromise")

# The quadrature ends at |z| = 16 and at |z| = 2^-23 beside 0 and kinks. What an integrand adds
# near those ends tells what it would add beyond them.
_FAR, _NEAR, _NEGLIGIBLE = 15.0, 2.0**-20, 1e-3


def second_moment(activation: str | Activation, variance: float = 1.0) -> float:
    """E[f(√q·z)²] for z ~ N(0, 1): how large the values are, of inputs of variance q.

    Args:
        activation: name or record of an elementwise activation.
        variance: q > 0, the variance of the input.

    Returns:
        The second moment; 0 for a function that is 0.

    Raises:
        NonlinError: the activation is not elementwise, or the moment is not finite.

    Example:
        >>> import nonlin
        >>> round(nonlin.init.second_moment("relu"), 12)
        0.5
    """
    record = elementwise(activation, "gain")
    return _moment(record, lambda x: record(x) ** 2, variance, "f(z)²")


def slope_moment(activation: str | Activation, variance: float = 1.0) -> float:
    """E[f′(√q·z)²] for z ~ N(0, 1): what a gradient keeps of its variance.

    Args:
        activation: name or record of an elementwise activation.
        variance: q > 0, the variance of the input.

    Returns:
        The second moment of the derivative; a surrogate's, where the record has one.

    Raises:
        NonlinError: as :func:`second_moment`.

    Example:
        >>> import nonlin
        >>> round(nonlin.init.slope_moment("relu"), 12)
        0.5
    """
    record = elementwise(activation, "gain")
    return _moment(record, lambda x: record.derivative(x) ** 2, variance, "f′(z)²")


def gain(activation: str | Activation, mode: Mode = "forward") -> float:
    """Factor on the weights' standard deviation that keeps the spread through a layer.

    Weights of variance gain²/fan_in after the activation keep the signal's variance at 1 when

    ``gain = 1/√E[f(z)²]`` (forward), and the gradient's when ``gain = 1/√E[f′(z)²]`` (backward,
    for fan_in = fan_out). The compromise is their geometric mean: the signal loses what the
    gradient wins. The three are equal where f(cx) = c·f(x), as for relu.

    Args:
        activation: name or record of an elementwise activation, your own too.
        mode: ``"forward"``, ``"backward"`` or ``"compromise"``.

    Returns:
        The gain; √2 for relu, as in He et al. (2015), equations 10 and 14.

    Raises:
        NonlinError: as :func:`second_moment`; or the moment is 0, or an unknown mode.

    Example:
        >>> import nonlin
        >>> round(nonlin.init.gain("relu"), 6), round(nonlin.init.gain("selu"), 6)
        (1.414214, 1.0)
        >>> [round(nonlin.init.gain("gelu", mode), 4) for mode in nonlin.init.MODES]
        [1.5335, 1.4811, 1.5071]
    """
    record = elementwise(activation, "gain")
    if mode not in MODES:
        raise NonlinError(f"gain: mode={mode!r}; allowed: {', '.join(MODES)}")
    moments = []
    if mode != "backward":
        moments.append(("f(z)²", second_moment(record)))
    if mode != "forward":
        moments.append(("f′(z)²", slope_moment(record)))
    for of, moment in moments:
        if moment == 0:
            raise NonlinError(f"{record}: E[{of}] = {moment} for z ~ N(0, 1); no gain exists")
    return math.prod(moment for _, moment in moments) ** (-0.5 / len(moments))


def critical_variances(activation: str | Activation, variance: float = 1.0) -> tuple[float, float]:
    """Variances of weights and biases that keep both the signal's variance and the gradient's.

    ``σ_w² = 1/E[f′(√q·z)²]`` makes χ = 1, and ``σ_b² = q − σ_w²·E[f(√q·z)²]`` makes q a fixed
    point: a point of the critical line (edge of chaos).

    Args:
        activation: name or record of an elementwise activation.
        variance: q > 0, the variance of the pre-activations that is to stay.

    Returns:
        σ_w², to be divided by fan_in, and σ_b².

    Raises:
        NonlinError: as :func:`second_moment`; or the line does not pass through this q, because
            σ_b² would be negative or no gradient passes.

    Example:
        >>> import nonlin
        >>> nonlin.init.critical_variances("relu")
        (2.0, 0.0)

    Source:
        Poole et al. (2016), arXiv:1606.05340; Schoenholz et al. (2017), arXiv:1611.01232
    """
    record = elementwise(activation, "the critical line")
    slope = slope_moment(record, variance)
    if slope == 0:
        raise NonlinError(f"{record}: E[f′(z)²] = 0 at variance {variance:g}; no gradient passes")
    weight = 1 / slope
    bias = variance - weight * second_moment(record, variance)
    if bias < -1e-9 * variance:
        raise NonlinError(
            f"{record}: no critical point at variance {variance:g}: with χ = 1 the bias would "
            f"need variance {bias:.3g}; allowed: a variance where E[f²] <= q·E[f′²]"
        )
    rounding = 1e-12 * variance
    return weight, bias if bias > rounding else 0.0


def elementwise(activation: str | Activation, purpose: str) -> Activation:
    """The record of an elementwise activation, or an error that begins with its name."""
    record = get(activation) if isinstance(activation, str) else activation
    if not isinstance(record, Activation):
        raise NonlinError(
            f"{purpose}: got a {type(record).__name__}; allowed: a name such as 'gelu' or a record"
        )
    # Asked of the class, so that no moment is computed for it.
    if not isinstance(record.facts_of(**record.bound), Facts):
        raise NonlinError(f"{record.name}: {purpose} needs an elementwise activation")
    return record


def _moment(
    record: Activation, squared: Callable[[Any], Any], variance: float, shown: str
) -> float:
    """E of(√q·z), or an error where it is infinite."""
    if not (math.isfinite(variance) and variance > 0):
        raise NonlinError(f"{record.name}: variance={variance!r}; allowed: a number > 0")
    scale = math.sqrt(variance)
    kinks = tuple(kink.at / scale for kink in record.kinks)

    def of(z: np.ndarray) -> np.ndarray:
        return squared(scale * z)

    def at_the_ends(z: np.ndarray) -> np.ndarray:
        away = np.min([np.abs(z - cut) for cut in (0.0, *kinks)], axis=0)
        return np.where((np.abs(z) > _FAR) | (away < _NEAR), of(z), 0.0)

    total, ends = expect(of, kinks), expect(at_the_ends, kinks)
    if not math.isfinite(total) or ends > _NEGLIGIBLE * total:
        raise NonlinError(
            f"{record}: E[{shown}] is infinite for z ~ N(0, {variance:g}); no gain exists"
        )
    return total
