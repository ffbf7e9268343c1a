"""What is propagated: the stack of layers, and how its weights are drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from nonlin.activation import Activation
from nonlin.errors import NonlinError, did_you_mean
from nonlin.init.gains import critical_variances, gain

STACKS = ("dense", "conv")
NORMS = ("none", "layer", "batch")
NOT_COVERED = (
    "Not covered: attention, dropout, recurrent or shared weights, functions over an axis such as "
    "softmax; conv is circular with 3×3 kernels; batch norm is for a large batch; and all is at "
    "initialisation: training moves the weights."
)


@dataclass(frozen=True)
class Setting:
    """A stack of `depth` layers z′ = W f(z) + b, or with what is asked around f.

    Attributes:
        depth: number of layers that z passes.
        width: units, or channels, of each.
        weight_variance: σ_w², which fan_in divides.
        bias_variance: σ_b².
        init: how they were chosen, in words.
        stack: ``dense`` or ``conv``.
        residual: whether z is added to what a layer makes, scaled by `branch`.
        norm: ``none``, ``layer`` or ``batch``, applied to z before f.
        branch: factor on what is added to a residual stream.
        variance: q of the first z.
        correlation: of two inputs' first z.
    """

    depth: int
    width: int
    weight_variance: float
    bias_variance: float
    init: str
    stack: str = "dense"
    residual: bool = False
    norm: str = "none"
    branch: float = 1.0
    variance: float = 1.0
    correlation: float = 0.5

    def __post_init__(self) -> None:
        for name, least in (("depth", 1), ("width", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise NonlinError(f"propagate: {name}={value!r}; allowed: an integer >= {least}")
        for name, allowed in (("stack", STACKS), ("norm", NORMS)):
            value = getattr(self, name)
            if value not in allowed:
                raise NonlinError(f"propagate: {name}={value!r}; allowed: {', '.join(allowed)}")
        for name in ("weight_variance", "variance", "branch"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise NonlinError(f"propagate: {name}={value!r}; allowed: a number > 0")
        if not (math.isfinite(self.bias_variance) and self.bias_variance >= 0):
            raise NonlinError(
                f"propagate: bias_variance={self.bias_variance!r}; allowed: a number >= 0"
            )
        if not -1 <= self.correlation <= 1:
            raise NonlinError(
                f"propagate: correlation={self.correlation!r}; allowed: a number from -1 to 1"
            )

    @property
    def shown(self) -> str:
        """The setting in a line."""
        parts = [f"{self.depth} {self.stack} layers of width {self.width}"]
        parts += ["residual"] if self.residual else []
        parts += [f"{self.norm} norm"] if self.norm != "none" else []
        weight, bias = math.sqrt(self.weight_variance), math.sqrt(self.bias_variance)
        return f"{', '.join(parts)}; {self.init}: σ_w = {weight:.4g}, σ_b = {bias:.4g}"


def variances_of(
    init: Any, record: Activation, fan_in: int, variance: float
) -> tuple[float, float, str]:
    """σ_w², σ_b² and the name of an initialisation.

    Args:
        init: a word of INITS, or the pair (σ_w, σ_b).
        record: the activation that some of them match.
        fan_in: which PyTorch's default for biases depends on.
        variance: q, which ``critical`` and ``matched`` keep.

    Raises:
        NonlinError: neither a word that is known nor a pair of numbers, or no such point.
    """
    if isinstance(init, str):
        if init not in INITS:
            raise NonlinError(
                f"propagate: init={init!r}{did_you_mean(init, INITS)}; allowed: "
                f"{', '.join(INITS)}, or the pair (σ_w, σ_b)"
            )
        weight, bias = INITS[init](record, fan_in, variance)
        return weight, bias, init
    try:
        weight, bias = (float(value) for value in init)
    except (TypeError, ValueError):
        raise NonlinError(
            f"propagate: init={init!r}; allowed: {', '.join(INITS)}, or the pair (σ_w, σ_b)"
        ) from None
    return weight**2, bias**2, "given"


def _matched(record: Activation, fan_in: int, variance: float) -> tuple[float, float]:
    if variance == 1:
        return gain(record) ** 2, 0.0
    from nonlin.init.gains import second_moment

    return variance / second_moment(record, variance), 0.0


INITS: dict[str, Any] = {
    # fan_in = fan_out inside a stack, so that Xavier's variance is LeCun's.
    "he": lambda record, fan_in, variance: (2.0, 0.0),
    "xavier": lambda record, fan_in, variance: (1.0, 0.0),
    "lecun": lambda record, fan_in, variance: (1.0, 0.0),
    # nn.Linear and nn.Conv2d draw both from U(−1/√fan_in, 1/√fan_in).
    "pytorch": lambda record, fan_in, variance: (1 / 3, 1 / (3 * fan_in)),
    "matched": _matched,
    "backward": lambda record, fan_in, variance: (gain(record, "backward") ** 2, 0.0),
    "compromise": lambda record, fan_in, variance: (gain(record, "compromise") ** 2, 0.0),
    "critical": lambda record, fan_in, variance: critical_variances(record, variance),
}
