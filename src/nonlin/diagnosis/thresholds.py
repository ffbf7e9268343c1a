"""Every limit of the rules, where it comes from, and how to set it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from nonlin.diagnosis.finding import Threshold
from nonlin.errors import NonlinError, did_you_mean

# Spacing of float32 at 1: a step smaller than half of it leaves a weight as it was.
_EPS = 2.0**-23
# What a step usually moves a weight by, relative to it.
_USUAL_UPDATE = 1e-3


def _of(default: float, source: str) -> Any:
    return field(default=default, metadata={"source": source})


@dataclass(frozen=True)
class Thresholds:
    """Limits of the rules; each can be set."""

    dead_share: float = _of(
        0.4,
        "up to 40 % of a layer's units are said to be usual (S1); a layer of n units has to be "
        "beyond by three standard errors, 3·√(0.4·0.6/n)",
    )
    dead_rows: float = _of(
        600,
        "rows without an open gate: a unit that opens on 1 row in 200 is missed by chance "
        "once in 20 layers (0.995^600 = 0.05)",
    )
    late_rows: float = _of(
        150,
        "rows in the last half of the steps, which are enough where `dead_rows` would reach back "
        "to before it: a unit that opens on 1 row in 50 is missed once in 20 (0.98^150 = 0.05)",
    )
    transmission: float = _of(
        0.25, "mean slope over that for z ~ N(0, 1): three quarters of the gradient are lost"
    )
    stuck_gate: float = _of(
        0.025,
        "mean slope of a gate at the first step over that for z ~ N(0, 1): trained gates may "
        "end so, but one that begins with a fortieth hardly learns",
    )
    saturated_share: float = _of(0.5, "more than half of the layer's units")
    attenuation: float = _of(
        2 * 1e-3, "gradient of the first layers over that of the last: cut five hundredfold"
    )
    rounding_attenuation: float = _of(
        _EPS / 2 / _USUAL_UPDATE,
        "where the last layer moves by 1e-3 of its weights in a step, the first one moves by "
        "less than half of float32's spacing, 2^-24",
    )
    summand: float = _of(
        1e-5,
        "gradient of a recurrent activation's first call over that of its last: in their sum, "
        "the weights' gradient, so little is less than the noise of 10^10 rows, 1/√n",
    )
    growth: float = _of(1e3, "gradient of the first layer over that of the last")
    update: float = _of(1.0, "a step as long as the weights themselves")
    surge: float = _of(1e4, "gradient norm over its median before")
    init_ratio: float = _of(
        10.0, "standard deviation of the weights over gain/√fan_in, or the inverse"
    )
    init_excess: float = _of(
        5.0,
        "the same where it is too large, confirmed by the RMS behind the layer over that before "
        "it: normal_() with its deviation of 1 is there from 50 inputs of a ReLU on",
    )
    signal_ratio: float = _of(1e3, "RMS before the last activation over that before the first")
    slope_range: float = _of(
        1e-3, "range of a unit's slope over the steepest slope: the bend is not used"
    )
    linear_share: float = _of(0.95, "share of the layer's units with a constant slope")
    outside: float = _of(0.05, "share of the targets that the output cannot reach")
    normalised: float = _of(
        1e-2, "|ln Σ exp(input)| of NLLLoss, which is 0 for logarithms of probabilities"
    )
    lost: float = _of(0.5, "share of a step that rounding swallows, of each weight by its gradient")
    selu_low: float = _of(0.6, "fan_in·variance; 1 is LeCun's, 1/3 PyTorch's default")
    selu_high: float = _of(1.6, "fan_in·variance; 1 is LeCun's, 2 is He's")

    def threshold(self, name: str) -> Threshold:
        """The limit with its source, for a finding."""
        by_name = {f.name: f for f in dataclasses.fields(self)}
        value = getattr(self, name)
        own = value != by_name[name].default
        return Threshold(
            name, value, "set by the caller" if own else by_name[name].metadata["source"]
        )


def read_thresholds(given: dict[str, float] | Thresholds | None) -> Thresholds:
    """Thresholds from a dictionary of those that differ.

    Raises:
        NonlinError: an unknown name, or a value that is no positive number.
    """
    if given is None:
        return Thresholds()
    if isinstance(given, Thresholds):
        return given
    known = [f.name for f in dataclasses.fields(Thresholds)]
    for name, value in given.items():
        if name not in known:
            raise NonlinError(
                f"unknown threshold {name!r}{did_you_mean(name, known)} (known: {', '.join(known)})"
            )
        if not isinstance(value, int | float) or not value > 0:
            raise NonlinError(f"threshold {name}={value!r}; allowed: a positive number")
    return Thresholds(**given)
