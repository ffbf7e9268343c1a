"""Native kernels under autograd: what the forward pass keeps, and what backward does with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from nonlin.backends import native
from nonlin.backends.native import BOTH, GRADIENT, VALUE, Call
from nonlin.backends.native_tensors import run
from nonlin.choices import current_save
from nonlin.errors import NonlinError

if TYPE_CHECKING:
    from nonlin.activation import Activation

# Looked up once, as in native_tensors.
_transforms = torch._C._are_functorch_transforms_active
_batched: Any = torch._C._functorch.is_legacy_batchedtensor  # type: ignore[attr-defined]
_grad_enabled = torch.is_grad_enabled
_autograd: Any = torch._C._autograd  # type: ignore[attr-defined]
_hooks = _autograd._top_saved_tensors_default_hooks
_graph_is_kept = _autograd._get_current_graph_task_keep_graph

# Derivatives kept beside their inputs, in bytes, with save="auto".
KEPT = 256 << 20


class _Budget:
    """Bytes of derivatives that are kept beside their inputs."""

    used = 0

    def __init__(self, size: int) -> None:
        self.size = size
        _Budget.used += size

    def __del__(self) -> None:
        _Budget.used -= self.size


class _Kernel(torch.autograd.Function):
    """Forward by the kernel of value and derivative, backward one multiplication."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, record: Activation, call: Call) -> Tensor:
        # Of 16 bits the derivative is looked up again, which rounds the product once.
        if x.itemsize >= 4:
            save = current_save.get()
            if save == "derivative":
                y, derivative = run(call, BOTH, x)
                ctx.save_for_backward(derivative)
                ctx.made_by = record, call, True, _hooks(True), None
                return y
            size = x.numel() * x.itemsize
            if save == "auto" and _Budget.used + size <= KEPT:
                y, derivative = run(call, BOTH, x)
                ctx.save_for_backward(derivative, x)
                ctx.made_by = record, call, True, _hooks(True), _Budget(size)
                return y
        ctx.save_for_backward(x)
        ctx.made_by = record, call, False, None, None
        return run(call, VALUE, x)

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> tuple[Any, ...]:  # type: ignore[override]
        first, *rest = ctx.saved_tensors
        record, call, is_derivative, hooks, _ = ctx.made_by
        if not _is_watched(gradient):
            if not is_derivative:
                return run(call, GRADIENT, first, gradient), None, None
            if _graph_is_kept() or hooks is not None:
                return gradient * first, None, None
            # Nobody else reads the derivative: its memory becomes the gradient's, which at 16M
            # elements saves a third of a step's time and PyTorch's peak memory is not exceeded.
            return first.mul_(gradient), None, None
        if is_derivative and not rest:
            if torch.is_grad_enabled():
                raise NonlinError(
                    f"{record.name}: a second derivative needs the input, and save='derivative' "
                    "kept none; allowed: save='auto' or 'input'"
                )
            return gradient * first, None, None
        from nonlin.backends import pytorch

        x = rest[0] if rest else first
        return pytorch.pull_back(record, x, gradient, {}, (True,))[0], None, None


def _is_watched(gradient: Tensor) -> bool:
    """Whether the backward pass is itself differentiated, batched or traced."""
    return _grad_enabled() or type(gradient) is not Tensor or _transforms() or _batched(gradient)


class _Learned(torch.autograd.Function):
    """A kernel with parameters that are trained, their gradients reduced in one pass."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        record: Activation,
        call: Call,
        names: tuple[str, ...],
        *tensors: Tensor,
    ) -> Tensor:
        ctx.record, ctx.call, ctx.names = record, call, names
        ctx.save_for_backward(x, *tensors)
        return run(call, VALUE, x)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Any, ...]:
        (gradient,) = gradients
        x, *tensors = ctx.saved_tensors
        call: Call = ctx.call
        wanted = ctx.needs_input_grad
        if _is_watched(gradient):
            from nonlin.backends import pytorch

            given = dict(zip(ctx.names, tensors, strict=True))
            needed = (wanted[0], *wanted[4:])
            to_x, *to_given = pytorch.pull_back(ctx.record, x, gradient, given, needed)
            return to_x, None, None, None, *to_given
        to_x = run(call, GRADIENT, x, gradient) if wanted[0] else None
        to_given = []
        whole, upstream = x.contiguous(), gradient.contiguous()  # Held while they are read.
        for name, tensor, needed in zip(ctx.names, tensors, wanted[4:], strict=True):
            if not needed:
                to_given.append(None)
                continue
            total = native._native.reduce(
                call.place,
                call.kernel.parameters.index(name),
                whole.data_ptr(),
                upstream.data_ptr(),
                x.numel(),
                call.numbers,
                native.threads(),
            )
            to_given.append(torch.full_like(tensor, total))
        return to_x, None, None, None, *to_given


# Function.apply without its look for transforms, of which there are none here.
apply: Any = super(torch.autograd.Function, _Kernel).apply  # type: ignore[misc]
apply_learned = _Learned.apply
