"""An activation as points to draw: where it is worth looking at, and what it does there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from nonlin.activation import Activation
from nonlin.facts import Facts

_POINTS = 401
# A picture reaches at least this far on both sides of 0, and no farther than the second to
# show how a slope settles; kinks and minima are always in it.
_NEAREST, _FARTHEST = 3.0, 6.0
_SETTLED = 0.01
_PAD = 0.4
# Height of a picture, as a share of its width to one side, and the steepest slope in it.
_TALLEST, _STEEPEST = 1.5, 4.0
# What the inputs that do not move are held at, where a function takes a whole vector.
HELD = 1.0
_MOST_SLICES = 4
_SAME = 1e-3
_JUMP = 0.5
_BELOW = "₀₁₂₃₄₅₆₇₈₉"


@dataclass(frozen=True)
class Curve:
    """An activation and its derivative over an interval, for a picture.

    Attributes:
        name: what the key says.
        x: points, increasing; shape (N,).
        value: the function there; NaN where a jump interrupts the line.
        derivative: the same of the derivative.
        value_dots: points of the function that stand alone, at its jumps.
        derivative_dots: points of the derivative that stand alone: the slope taken at a kink.
    """

    name: str
    x: Any
    value: Any
    derivative: Any
    value_dots: tuple[tuple[float, float], ...] = ()
    derivative_dots: tuple[tuple[float, float], ...] = ()


def curves_of(records: Iterable[Activation]) -> list[Curve]:
    """Curves of several activations over one interval; a vector-valued one gives slices.

    Args:
        records: activations, elementwise or vector-valued.

    Returns:
        Curves in the order of the records.

    Example:
        >>> import nonlin
        >>> curve, = curves_of([nonlin.relu])
        >>> float(curve.x[0]), float(curve.x[-1]), curve.derivative_dots
        (-3.0, 3.0, ((0.0, 0.0),))
    """
    records = list(records)
    spans = [span(record) for record in records]
    low, high = min((s[0] for s in spans), default=0.0), max((s[1] for s in spans), default=0.0)
    x = np.linspace(low, high, _POINTS)
    return [curve for record in records for curve in _curves(record, x)]


def span(record: Activation) -> tuple[float, float]:
    """The interval that shows what there is to see: kinks, minimum, and how the ends settle.

    Example:
        >>> import nonlin
        >>> span(nonlin.relu), span(nonlin.sigmoid)
        ((-3.0, 3.0), (-5.0, 5.0))
    """
    facts = record.facts
    if not isinstance(facts, Facts):
        return -_FARTHEST, _FARTHEST
    reach = max(_NEAREST, *(_settles(record, side) for side in (0, 1)))
    marks = [0.0, *(kink.at for kink in facts.kinks), *(facts.minimum or ())[:1]]
    marks = [mark for mark in marks if math.isfinite(mark)]
    pad = _PAD * (max(marks) - min(marks))
    return float(math.floor(min(-reach, min(marks) - pad))), float(
        math.ceil(max(reach, max(marks) + pad))
    )


def heights(curves: Sequence[Curve]) -> tuple[tuple[float, float], tuple[float, float]]:
    """What a picture shows of the functions and of the derivatives, lowest and highest.

    A function that outgrows the others is cut, so that it does not flatten them.

    Example:
        >>> import nonlin
        >>> heights(curves_of([nonlin.relu]))
        ((0.0, 3.0), (0.0, 1.0))
    """
    far = max((float(np.abs(curve.x).max()) for curve in curves), default=1.0)
    values = [*(c.value for c in curves), *(_heights_of(c.value_dots) for c in curves)]
    slopes = [*(c.derivative for c in curves), *(_heights_of(c.derivative_dots) for c in curves)]
    return _window(values, _TALLEST * far), _window(slopes, _STEEPEST)


def _heights_of(dots: tuple[tuple[float, float], ...]) -> np.ndarray:
    return np.array([dot[1] for dot in dots])


def _window(parts: list[np.ndarray], bound: float) -> tuple[float, float]:
    y = np.concatenate(parts) if parts else np.zeros(1)
    y = y[np.isfinite(y)]
    inside = y[np.abs(y) <= bound]
    y = inside if len(inside) else y
    return (float(y.min()), float(y.max())) if len(y) else (0.0, 1.0)


def _settles(record: Activation, side: int) -> float:
    """Distance from 0 at which the slope has come close to its limit."""
    limit = record.facts.slope_limits[side]
    if not math.isfinite(limit):
        return _NEAREST
    away = np.linspace(0.0, _FARTHEST, 121)
    slope = record.derivative(away if side else -away)
    apart = np.abs(slope - limit) > _SETTLED * max(1.0, abs(limit))
    return float(away[apart].max(initial=0.0))


def _curves(record: Activation, x: np.ndarray) -> list[Curve]:
    if not isinstance(record.facts, Facts):
        return _slices(record, x)
    kinks = [kink.at for kink in record.facts.kinks if x[0] < kink.at < x[-1]]
    beside = [np.nextafter(kink, side) for kink in kinks for side in (-np.inf, np.inf)]
    x = np.unique(np.concatenate([x, kinks, beside]))
    value, value_dots = _broken(x, record, kinks if record.facts.smoothness < 0 else [])
    derivative, derivative_dots = _broken(x, record.derivative, kinks)
    return [Curve(repr(record), x, value, derivative, value_dots, derivative_dots)]


def _broken(
    x: np.ndarray, function: Callable[[np.ndarray], np.ndarray], breaks: list[float]
) -> tuple[np.ndarray, tuple[tuple[float, float], ...]]:
    """Values with gaps, and the points in the gaps."""
    y = np.array(function(x), dtype=float)
    y[~np.isfinite(y)] = np.nan
    at = np.isin(x, breaks)
    dots = tuple((float(a), float(b)) for a, b in zip(x[at], y[at], strict=True))
    y[at] = np.nan
    return y, tuple(dot for dot in dots if math.isfinite(dot[1]))


def _slices(record: Activation, x: np.ndarray) -> list[Curve]:
    """Outputs as one input moves and the others are held, each different one once."""
    ratio = Fraction(getattr(record.facts, "ratio", 1))
    length = ratio.denominator if ratio != 1 else 3
    found: list[Curve] = []
    for moved in range(length):
        inputs = np.full((len(x), length), HELD)
        inputs[:, moved] = x
        record = record.bind(axis=-1)
        outputs, jacobian = record(inputs), record.derivative(inputs)
        for out in range(outputs.shape[-1]):
            # Single points may differ, where a tie is broken by position.
            if any(np.nanmean(np.abs(c.value - outputs[:, out])) < _SAME for c in found):
                continue
            name = f"{record!r}: y{_BELOW[out + 1]}(x{_BELOW[moved + 1]})"
            value, slope = (_torn(y) for y in (outputs[:, out], jacobian[:, out, moved]))
            found.append(Curve(name, x, value, slope))
    return found[:_MOST_SLICES]


def _torn(y: np.ndarray) -> np.ndarray:
    """Values with a gap where they jump by most of their range from a point to the next."""
    y = np.where(np.isfinite(y), y, np.nan)
    height = np.nanmax(y) - np.nanmin(y)
    y[1:][np.abs(np.diff(y)) > height * _JUMP] = np.nan if height > 0 else y[0]
    return y
