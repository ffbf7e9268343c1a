"""Calls in the place of those that stop a gradient or leave the numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

# The sign of x − other inside, and where the gradient of a step is its own.
_COMPARISONS = {"gt": 1.0, "ge": 1.0, "lt": -1.0, "le": -1.0}
_STAIRS = frozenset(("round", "floor", "ceil", "trunc"))
_SIGNS = frozenset(("sign", "sgn", "heaviside"))
# Which argument must not be 0.
_OFF_ZERO = {"log": 0, "log2": 0, "log10": 0, "sqrt": 0, "rsqrt": 0, "div": 1, "truediv": 1}


def can_pass(name: Any) -> bool:
    """Whether :func:`straight_through` knows an operation."""
    return name in _COMPARISONS or name in _STAIRS or name in _SIGNS


def straight_through(
    function: Callable[..., Any], name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """The operation's values with a gradient: 1 for stairs, 1 within ±1 for signs, σ′ for
    comparisons, whose answer is 0 or 1 in the dtype of what they compare (Bengio et al.,
    arXiv:1308.3432; Hubara et al., arXiv:1602.02830, eq. 4)."""
    x, hard = args[0], function(*args, **kwargs)
    if not isinstance(x, Tensor) or not x.is_floating_point():
        return hard
    if name in _COMPARISONS:
        soft = torch.sigmoid(_COMPARISONS[name] * (x - args[1]))
    elif name in _SIGNS:
        soft = x.clamp(-1.0, 1.0)
    else:
        soft = x
    return hard.to(x.dtype) + (soft - soft.detach())


def off_zero(name: str, args: Sequence[Any], epsilon: float) -> tuple[Any, ...]:
    """The arguments of a logarithm, root or division, kept `epsilon` away from 0."""
    place = _OFF_ZERO.get(name)
    if place is None or place >= len(args):
        return tuple(args)
    held = args[place]
    if not isinstance(held, Tensor) or not held.is_floating_point():
        return tuple(args)
    if name in ("div", "truediv"):
        held = torch.where(held == 0, epsilon, held)
    else:
        held = held.clamp_min(0.0) + epsilon
    return (*args[:place], held, *args[place + 1 :])
