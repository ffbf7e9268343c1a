"""Records on PyTorch tensors: the formula forward, the derivative's formula backward."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import array_api_compat.torch
import torch
from torch import Tensor
from torch.overrides import handle_torch_function

from nonlin.backends import native_pytorch, refuse_input
from nonlin.backends.namespace import Namespace

if TYPE_CHECKING:
    from nonlin.activation import Activation


class TorchNamespace(Namespace):
    def sort(self, x: Tensor, *, axis: int = -1, descending: bool = False) -> Tensor:
        """The array API's, but not stable: values alone do not show it, and ONNX has no other."""
        return torch.sort(x, dim=axis, descending=descending).values


# Made once: the compiler traces no look-up of the library.
XP = TorchNamespace(array_api_compat.torch)


def value(record: Activation, x: Tensor, tensors: Mapping[str, Tensor] | None = None) -> Tensor:
    """Value of `record` at `x`, differentiable by autograd.

    Args:
        record: the activation.
        x: floating-point tensor, any shape.
        tensors: what stands for parameters of the formulas, broadcastable to `x`.

    Returns:
        A tensor like `x`.

    Raises:
        InputTypeError: `x` is not floating point.
    """
    tensors = tensors or {}
    if native_pytorch.is_eager(x):  # First, as it is what most calls are.
        computed = native_pytorch.value(record, x, tensors)
        if computed is not None:
            return computed
    if torch._C._is_torch_function_mode_enabled() and not torch.compiler.is_compiling():
        # A mode sees the record, as it sees PyTorch's own functions, not what it is made of.
        return handle_torch_function(value, (x,), record, x, tensors)
    _require_floating(record, x)
    if not torch.compiler.is_compiling():
        if torch._C._is_tracing() and torch.onnx.is_in_onnx_export():
            return _exported(record, x, tensors)
        return _Both.apply(x, record, tuple(tensors), *tensors.values())
    if torch.onnx.is_in_onnx_export():
        return _exported(record, x, tensors)
    if torch.compiler.is_exporting():
        return evaluate(record, x, tensors)  # An exported graph keeps no Function's backward.
    given = tuple(tensors.values())
    if torch._C._are_functorch_transforms_active():
        return _outside_the_graph(x, record, tuple(tensors), *given)
    if not torch.is_grad_enabled() or not any(tensor.requires_grad for tensor in (x, *given)):
        # Without a gradient the compiler calls a Function's forward as it stands, and
        # takes one with *given for one with a context (torch 2.13).
        return evaluate(record, x, tensors)
    # The compiler traces no Function with a jvp, and differentiates what it traces itself.
    return _Reverse.apply(x, record, tuple(tensors), *given)


def _exported(record: Activation, x: Tensor, tensors: Mapping[str, Tensor]) -> Tensor:
    from nonlin.backends import onnx

    return onnx.value(record, x, tensors)


@torch.compiler.disable(
    # The compiler would differentiate the formula, and says nothing (torch 2.13).
    reason="inside torch.func the compiler ignores the derivative of an autograd.Function; "
    "compile without fullgraph"
)
def _outside_the_graph(
    x: Tensor, record: Activation, names: tuple[str, ...], *given: Tensor
) -> Tensor:
    return _Both.apply(x, record, names, *given)


def _require_floating(record: Activation, x: Tensor) -> None:
    if not x.is_floating_point():
        raise refuse_input(record, f"dtype {x.dtype}")


def apply(record: Activation, x: Tensor, formula: Callable[..., Tensor], *others: Tensor) -> Tensor:
    """Apply a formula of `x`, other tensors and the namespace, in float32 for 16-bit input.

    Raises:
        InputTypeError: `x` is not floating point.
    """
    _require_floating(record, x)
    return _as(x, formula(_wide(x), *(_wide(other) for other in others), XP))


def evaluate(record: Activation, x: Tensor, tensors: Mapping[str, Tensor]) -> Tensor:
    """Value by the formula, which autograd would differentiate as it stands."""
    result = record.evaluate_value(_wide(x), XP, {**record.bound, **_widened(tensors)})
    return _as(x, result)


def pull_back(
    record: Activation,
    x: Tensor,
    gradient: Tensor,
    given: Mapping[str, Tensor],
    wanted: Sequence[bool],
) -> tuple[Tensor | None, ...]:
    """Gradients of `x` and of what stands for parameters, by formulas that autograd can follow.

    Args:
        record: the activation.
        x: the input.
        gradient: that of the value.
        given: what stands for parameters.
        wanted: of which of them, `x` first, the gradient is wanted.
    """
    wide, upstream = _wide(x), _wide(gradient)
    parameters = {**record.bound, **_widened(given)}
    to_x = record.pull_back(wide, upstream, XP, parameters).to(x.dtype) if wanted[0] else None
    formulas = {p.name: p.derivative for p in record.parameters}
    to_given: list[Tensor | None] = []
    for (name, tensor), needed in zip(given.items(), wanted[1:], strict=True):
        formula = formulas.get(name)
        if formula is None or not needed:
            to_given.append(None)
            continue
        full = upstream * formula(wide, XP, **parameters)
        to_given.append(full.sum_to_size(tensor.shape).to(tensor.dtype))
    return to_x, *to_given


def _wide(x: Tensor) -> Tensor:
    return x.float() if x.dtype.itemsize < 4 else x


def _as(x: Tensor, result: Tensor) -> Tensor:
    # A conversion to the same dtype would stand in every exported graph.
    return result if result.dtype == x.dtype else result.to(x.dtype)


def _widened(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: _wide(tensor) for name, tensor in tensors.items()}


class _Reverse(torch.autograd.Function):
    """Autograd from the record: its derivative formulas are right where autograd's are not.

    Differentiating the value's formula would multiply zeros by infinities in branches that
    `where` discards; the derivative's formula was written to avoid that.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, record: Activation, names: tuple[str, ...], *given: Tensor) -> Tensor:
        return evaluate(record, x, dict(zip(names, given, strict=True)))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, ctx.record, ctx.names, *given = inputs
        ctx.save_for_backward(x, *given)
        ctx.save_for_forward(x, *given)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        (gradient,) = gradients
        x, *given = ctx.saved_tensors
        tensors = dict(zip(ctx.names, given, strict=True))
        needed = ctx.needs_input_grad
        wanted = (needed[0], *needed[3:])
        to_x, *to_given = pull_back(ctx.record, x, gradient, tensors, wanted)
        return to_x, None, None, *to_given


# Function.apply binds its arguments to the signature, whose making costs as much as exp and log.
_Reverse.forward.__signature__ = inspect.signature(_Reverse.forward)  # type: ignore[attr-defined]


class _Both(_Reverse):
    """Reverse and forward mode."""

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        x, *given = ctx.saved_tensors
        record: Activation = ctx.record
        wide = _wide(x)
        parameters = {**record.bound, **_widened(dict(zip(ctx.names, given, strict=True)))}
        formulas = {p.name: p.derivative for p in record.parameters}
        moved = []
        if tangents[0] is not None:
            moved.append(record.push_forward(wide, _wide(tangents[0]), XP, parameters))
        for name, tangent in zip(ctx.names, tangents[3:], strict=True):
            formula = formulas.get(name)
            if tangent is not None and formula is not None:
                moved.append(_wide(tangent) * formula(wide, XP, **parameters))
        return sum(moved[1:], moved[0]).to(x.dtype)
