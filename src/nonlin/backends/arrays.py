"""Formulas on Python numbers and on arrays of any array API library."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import array_api_compat
import numpy as np

from nonlin.backends import refuse_input
from nonlin.backends.namespace import Namespace, namespace_of

if TYPE_CHECKING:
    from nonlin.activation import Activation


def evaluate(record: Activation, x: Any, formula: Callable[..., Any], *others: Any) -> Any:
    """Apply a formula of `x`, other arrays and the namespace.

    Args:
        record: the activation, for what is refused.
        x: a number or an array.
        formula: takes ``(x, *others, xp)``.
        *others: arrays or numbers beside `x`.

    Returns:
        The result in the kind and dtype of `x`.

    Raises:
        InputTypeError: `x` is no number and no floating-point array.
    """
    if isinstance(x, bool):
        raise refuse_input(record, "a bool")
    if isinstance(x, int | float) and not isinstance(x, np.generic):
        scalar = np.asarray(float(x))
        given = [np.asarray(other, dtype=float) for other in others]
        result = apply(formula, namespace_of(scalar), scalar, *given)
        return float(result) if result.ndim == 0 else result
    xp = _namespace(record, x)
    if not xp.isdtype(x.dtype, "real floating"):
        raise refuse_input(record, f"dtype {x.dtype}")
    result = apply(formula, xp, x, *others)
    if isinstance(x, np.ndarray):
        return np.asarray(result)  # NumPy turns 0-d arrays into scalars on the way.
    return result[()] if isinstance(x, np.generic) else result


def _namespace(record: Activation, x: Any) -> Namespace:
    if not array_api_compat.is_array_api_obj(x):
        raise refuse_input(record, f"a {type(x).__name__}")
    return namespace_of(x)


def apply(formula: Callable[..., Any], xp: Namespace, x: Any, *others: Any) -> Any:
    """Apply a formula; 16-bit input is computed in float32 and rounded once."""
    # Tails underflow by design, and branches that `where` does not select may overflow;
    # tests hold the selected ones to produce neither NaN nor infinity from finite input.
    with np.errstate(all="ignore"):
        if xp.finfo(x.dtype).bits < 32:
            wide = [xp.astype(array, xp.float32) for array in (x, *others)]
            return xp.astype(formula(*wide, xp), x.dtype)
        return formula(x, *others, xp)
