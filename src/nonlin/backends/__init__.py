"""How a record is evaluated: the backend is chosen by the type of the input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from nonlin.errors import InputTypeError, NonlinError

if TYPE_CHECKING:
    from nonlin.activation import Activation


def value(record: Activation, x: Any, arrays: Mapping[str, Any], out: Any = None) -> Any:
    """Value of `record` at `x`, in the library of `x`, which can differentiate it.

    Args:
        record: the activation.
        x: a number or an array.
        arrays: what stands for parameters of the formulas, broadcastable to `x`.
        out: array like `x` to write to; a new one by default.
    """
    if out is not None:
        return _into(record, x, "VALUE", arrays, out, value)
    if _is_of("torch", "Tensor", x):
        return _pytorch().value(record, x, arrays)
    from nonlin.backends import arrays as generic

    if _is_of("jax", "Array", x):
        from nonlin.backends import jax

        def differentiable(x: Any, xp: Any) -> Any:
            given = {name: xp.asarray(array, dtype=x.dtype) for name, array in arrays.items()}
            return jax.value(record, x, given)

        return generic.evaluate(record, x, differentiable)
    computed = _native(record, x, "VALUE", arrays)
    if computed is not None:
        return computed
    return generic.evaluate(record, x, _formula(record, record.evaluate_value, arrays))


def derivative(record: Activation, x: Any, arrays: Mapping[str, Any], out: Any = None) -> Any:
    """Derivative of `record` at `x`, in the library of `x`; `out` as for :func:`value`."""
    if out is not None:
        return _into(record, x, "SLOPE", arrays, out, derivative)
    computed = _native(record, x, "SLOPE", arrays)
    if computed is not None:
        return computed
    return _evaluate(record, x, _formula(record, record.evaluate_slope, arrays))


def vjp(record: Activation, x: Any, gradient: Any) -> Any:
    """Gradient at `x` from the gradient at the value."""
    computed = _native(record, x, "GRADIENT", {}, upstream=gradient)
    if computed is not None:
        return computed
    return _evaluate(record, x, lambda x, g, xp: record.pull_back(x, g, xp, record.bound), gradient)


def jvp(record: Activation, x: Any, tangent: Any) -> Any:
    """Tangent of the value from the tangent of `x`."""
    computed = _native(record, x, "GRADIENT", {}, upstream=tangent)  # the same product
    if computed is not None:
        return computed
    return _evaluate(
        record, x, lambda x, t, xp: record.push_forward(x, t, xp, record.bound), tangent
    )


@cache
def _pytorch() -> Any:
    # Kept, as an import statement takes as long as the checks of a whole call.
    from nonlin.backends import pytorch

    return pytorch


def _native(
    record: Activation,
    x: Any,
    mode: str,
    arrays: Mapping[str, Any],
    out: Any = None,
    upstream: Any = None,
) -> Any:
    """The kernel's result on a NumPy array or PyTorch tensor, or None without a kernel."""
    if arrays:
        return None
    from nonlin.backends import native

    if _is_of("torch", "Tensor", x):
        from nonlin.backends import native_pytorch

        return native_pytorch.plain(record, getattr(native, mode), x, upstream, out)
    return native.on_array(record, getattr(native, mode), x, upstream, out)


def _into(
    record: Activation,
    x: Any,
    mode: str,
    arrays: Mapping[str, Any],
    out: Any,
    evaluate: Callable[..., Any],
) -> Any:
    """Write to `out`, by a kernel or by copying what the formula gives."""
    for name in ("dtype", "shape"):
        got, wanted = (getattr(array, name, None) for array in (out, x))
        if type(out) is not type(x) or got != wanted:
            raise NonlinError(
                f"{record.name}: out is a {type(out).__name__} of {name} {got}; "
                f"allowed: a {type(x).__name__} of {name} {wanted}"
            )
    if getattr(out, "requires_grad", False):
        raise NonlinError(f"{record.name}: out requires grad; allowed: a tensor that does not")
    if _native(record, x, mode, arrays, out) is None:
        out[...] = evaluate(record, x, arrays)
    return out


def _evaluate(record: Activation, x: Any, formula: Callable[..., Any], *others: Any) -> Any:
    """Apply a formula of `x`, other arrays and the namespace."""
    if _is_of("torch", "Tensor", x):
        from nonlin.backends import pytorch

        return pytorch.apply(record, x, formula, *others)
    from nonlin.backends import arrays as generic

    return generic.evaluate(record, x, formula, *others)


def _formula(
    record: Activation, formula: Callable[..., Any], arrays: Mapping[str, Any]
) -> Callable[..., Any]:
    def apply(x: Any, xp: Any) -> Any:
        given = {name: xp.asarray(array, dtype=x.dtype) for name, array in arrays.items()}
        return formula(x, xp, {**record.bound, **given})

    return apply


def _is_of(library: str, kind: str, x: Any) -> bool:
    module = sys.modules.get(library)
    return module is not None and isinstance(x, getattr(module, kind))


def refuse_input(record: Activation, got: str) -> InputTypeError:
    """The error for an input that is not floating point."""
    return InputTypeError(
        f"{record.name}: got {got}; allowed: a Python number or a floating-point array or tensor"
    )
