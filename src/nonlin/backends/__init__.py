"""How a record is evaluated: the backend is chosen by the type of the input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from nonlin.errors import InputTypeError

if TYPE_CHECKING:
    from nonlin.activation import Activation


def value(record: Activation, x: Any) -> Any:
    """Value of `record` at `x`, in the library of `x`."""
    if _is_tensor(x):
        from nonlin.backends import pytorch

        return pytorch.value(record, x)
    from nonlin.backends import arrays

    return arrays.evaluate(record, record.evaluate_value, x)


def derivative(record: Activation, x: Any) -> Any:
    """Derivative of `record` at `x`, in the library of `x`."""
    from nonlin.backends import arrays

    return arrays.evaluate(record, record.evaluate_slope, x)


def _is_tensor(x: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def refuse_input(record: Activation, got: str) -> InputTypeError:
    """The error for an input that is not floating point."""
    return InputTypeError(
        f"{record.name}: got {got}; allowed: a Python number or a floating-point array or tensor"
    )
