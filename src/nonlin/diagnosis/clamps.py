"""Clamps as activations: ``h.clamp(min=0)`` is written where others write ReLU.

:func:`nonlin.recognition.recognise` leaves them alone, as their slope at the bounds is 1 and not
the record's. For a unit's gate, which is open or shut on thousands of rows, that is all one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from torch import Tensor

from nonlin.activation import Activation
from nonlin.functions import get

# The functions, with what their arguments after the first are.
_BOUNDS = {"clamp": ("min", "max"), "clip": ("min", "max"), "clamp_min": ("min",)}


def clamp_of(
    name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Activation, Tensor] | None:
    """The record of a clamp of a tensor that is learned from, and the tensor; None for others.

    Args:
        name: the function.
        args: its arguments.
        kwargs: its keyword arguments.
    """
    if name not in _BOUNDS:
        return None
    given = {**dict(zip(("input", *_BOUNDS[name]), args, strict=False)), **kwargs}
    x, low, high = given.get("input"), given.get("min"), given.get("max")
    if not isinstance(x, Tensor) or not x.requires_grad:
        return None
    if any(isinstance(bound, Tensor) for bound in (low, high)):
        return None
    record = _record(-math.inf if low is None else low, math.inf if high is None else high)
    return None if record is None else (record, x)


@lru_cache(maxsize=64)
def _record(low: float, high: float) -> Activation | None:
    if (low, high) == (0, math.inf):
        return get("relu")
    if -math.inf < low < high < math.inf:
        return get("hard_tanh", low=float(low), high=float(high))
    return None
