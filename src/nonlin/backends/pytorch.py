"""Records on PyTorch tensors: the formula forward, the derivative's formula backward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import array_api_compat.torch
import torch
from torch import Tensor

from nonlin.backends import refuse_input
from nonlin.backends.namespace import Namespace

if TYPE_CHECKING:
    from nonlin.activation import Activation

# Made once: the compiler traces no look-up of the library.
XP = Namespace(array_api_compat.torch)


def value(record: Activation, x: Tensor, learned: Mapping[str, Tensor] | None = None) -> Tensor:
    """Value of `record` at `x`, differentiable by autograd.

    Args:
        record: the activation.
        x: floating-point tensor, any shape.
        learned: tensors that stand for parameters, broadcastable to `x`.

    Returns:
        A tensor like `x`.

    Raises:
        InputTypeError: `x` is not floating point.
    """
    if not x.is_floating_point():
        raise refuse_input(record, f"dtype {x.dtype}")
    learned = learned or {}
    return _Evaluate.apply(x, record, tuple(learned), *learned.values())


def _forward(record: Activation, x: Tensor, learned: Mapping[str, Tensor]) -> Tensor:
    parameters = {**record.bound, **_widened(learned)}
    return record.evaluate_value(_wide(x), XP, parameters).to(x.dtype)


def _wide(x: Tensor) -> Tensor:
    return x.float() if x.dtype.itemsize < 4 else x


def _widened(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: _wide(tensor) for name, tensor in tensors.items()}


class _Evaluate(torch.autograd.Function):
    """Autograd from the record: its derivative formulas are right where autograd's are not.

    Differentiating the value's formula would multiply zeros by infinities in branches that
    `where` discards; the derivative's formula was written to avoid that.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, record: Activation, names: tuple[str, ...], *learned: Tensor) -> Tensor:
        return _forward(record, x, dict(zip(names, learned, strict=True)))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, ctx.record, ctx.names, *learned = inputs
        ctx.save_for_backward(x, *learned)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        (gradient,) = gradients
        x, *learned = ctx.saved_tensors
        record: Activation = ctx.record
        wide, upstream = _wide(x), _wide(gradient)
        tensors = dict(zip(ctx.names, learned, strict=True))
        parameters = {**record.bound, **_widened(tensors)}
        to_x = None
        if ctx.needs_input_grad[0]:
            to_x = record.pull_back(wide, upstream, XP, parameters).to(x.dtype)
        formulas = {p.name: p.derivative for p in record.parameters}
        to_learned = []
        for index, (name, tensor) in enumerate(tensors.items()):
            formula = formulas[name]
            if formula is None or not ctx.needs_input_grad[3 + index]:
                to_learned.append(None)
                continue
            full = upstream * formula(wide, XP, **parameters)
            to_learned.append(full.sum_to_size(tensor.shape).to(tensor.dtype))
        return to_x, None, None, *to_learned
