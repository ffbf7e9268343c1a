"""Records on PyTorch tensors: the formula forward, the derivative's formula backward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import array_api_compat.torch
import torch
from torch import Tensor

from nonlin.backends import native_pytorch, refuse_input
from nonlin.backends.namespace import Namespace

if TYPE_CHECKING:
    from nonlin.activation import Activation

# Made once: the compiler traces no look-up of the library.
XP = Namespace(array_api_compat.torch)


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
    if not x.is_floating_point():
        raise refuse_input(record, f"dtype {x.dtype}")
    tensors = tensors or {}
    computed = native_pytorch.value(record, x, tensors)
    if computed is not None:
        return computed
    if torch.onnx.is_in_onnx_export():
        from nonlin.backends import onnx

        return onnx.value(record, x, tensors)
    # The compiler traces no Function with a jvp, and differentiates what it traces itself.
    function = _Reverse if torch.compiler.is_compiling() else _Both
    return function.apply(x, record, tuple(tensors), *tensors.values())


def evaluate(record: Activation, x: Tensor, tensors: Mapping[str, Tensor]) -> Tensor:
    """Value by the formula, which autograd would differentiate as it stands."""
    parameters = {**record.bound, **_widened(tensors)}
    return record.evaluate_value(_wide(x), XP, parameters).to(x.dtype)


def pull_back(
    record: Activation,
    x: Tensor,
    gradient: Tensor,
    given: Mapping[str, Tensor],
    wanted: Sequence[bool],
) -> tuple[Tensor, list[Tensor | None]]:
    """Gradients of `x` and of what stands for parameters, by formulas that autograd can follow.

    Args:
        record: the activation.
        x: the input.
        gradient: that of the value.
        given: what stands for parameters.
        wanted: of which of them the gradient is wanted.
    """
    wide, upstream = _wide(x), _wide(gradient)
    parameters = {**record.bound, **_widened(given)}
    to_x = record.pull_back(wide, upstream, XP, parameters).to(x.dtype)
    formulas = {p.name: p.derivative for p in record.parameters}
    to_given: list[Tensor | None] = []
    for (name, tensor), needed in zip(given.items(), wanted, strict=True):
        formula = formulas.get(name)
        if formula is None or not needed:
            to_given.append(None)
            continue
        full = upstream * formula(wide, XP, **parameters)
        to_given.append(full.sum_to_size(tensor.shape).to(tensor.dtype))
    return to_x, to_given


def _wide(x: Tensor) -> Tensor:
    return x.float() if x.dtype.itemsize < 4 else x


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
        to_x, to_given = pull_back(ctx.record, x, gradient, tensors, needed[3:])
        return to_x if needed[0] else None, None, None, *to_given


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
