"""Native kernels under autograd: what the forward pass keeps, and what backward does with it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from nonlin.backends import native
from nonlin.backends.native import BOTH, GRADIENT, VALUE, Call
from nonlin.backends.native_tensors import run
from nonlin.choices import Save, current_save
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

# Derivatives kept beside their inputs, in bytes, with save="auto"; short ones are not counted.
KEPT = 256 << 20


class _Budget:
    """Bytes of derivatives that are kept beside their inputs."""

    used = 0

    def __init__(self, size: int) -> None:
        self.size = size
        _Budget.used += size

    def __del__(self) -> None:
        _Budget.used -= self.size


def differentiable(x: Tensor, record: Activation, call: Call) -> Tensor:
    """The kernel's value at `x`, from which a gradient flows back to it."""
    if x.numel() <= native.SHARED and x.itemsize >= 4 and _hooks(True) is None:
        save = current_save.get()
        if save in ("auto", "derivative"):
            return _product(x, record, call, save)
    return apply(x, record, call)


def _product(x: Tensor, record: Activation, call: Call, save: Save) -> Tensor:
    """The same for a short tensor: PyTorch's product with the derivative, its value replaced.

    The node of a product multiplies by the derivative without entering Python, where a Function
    takes longer than a short kernel. What is multiplied first is fresh memory, read by nobody.
    """
    derivative = torch.empty_like(x)
    y = x.mul(derivative)
    run(call, BOTH, x, out=y, second=derivative)
    kept = [(x, x._version)] if save == "auto" else []

    def differentiate_twice(found: tuple[Any, ...], gradients: tuple[Any, ...]) -> Any:
        if not _grad_enabled():
            if not _graph_is_kept():
                kept.clear()  # Where y is added to x in place, x would hold itself.
            return None
        if not kept:
            raise _no_second(record)
        ((at, version),) = kept
        if at._version != version:
            raise NonlinError(
                f"{record.name}: a second derivative needs the input, which was modified in place "
                f"since (version {at._version}, not {version}); give {record.name} a copy of it"
            )
        from nonlin.backends import pytorch

        return pytorch.pull_back(record, at, gradients[0], {}, (True,))[0], *found[1:]

    y.grad_fn.register_hook(differentiate_twice)  # type: ignore[union-attr]
    return y


def _no_second(record: Activation) -> NonlinError:
    return NonlinError(
        f"{record.name}: a second derivative needs the input, and save='derivative' "
        "kept none; allowed: save='auto' or 'input'"
    )


class _Kernel(torch.autograd.Function):
    """Forward by the kernel of value and derivative, backward one multiplication."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, record: Activation, call: Call) -> Tensor:
        save = current_save.get()
        if save == "output":
            _require_slope_of_value(record)
            y = run(call, VALUE, x)
            ctx.save_for_backward(y)
            ctx.made_by = record, call, "output", None, None
            return y
        # Of 16 bits the derivative is looked up again, which rounds the product once.
        if x.itemsize >= 4:
            if save == "derivative":
                y, derivative = run(call, BOTH, x)
                ctx.save_for_backward(derivative)
                ctx.made_by = record, call, "derivative", _hooks(True), None
                return y
            size = x.numel() * x.itemsize
            if save == "auto" and _Budget.used + size <= KEPT:
                y, derivative = run(call, BOTH, x)
                ctx.save_for_backward(derivative, x)
                ctx.made_by = record, call, "derivative", _hooks(True), _Budget(size)
                return y
        ctx.save_for_backward(x)
        ctx.made_by = record, call, "input", None, None
        return run(call, VALUE, x)

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> tuple[Any, ...]:  # type: ignore[override]
        first, *rest = ctx.saved_tensors
        record, call, kept, hooks, _ = ctx.made_by
        if kept == "output":
            return _from_value(record, first, gradient), None, None
        if not _is_watched(gradient):
            if kept == "input":
                return run(call, GRADIENT, first, gradient), None, None
            if _graph_is_kept() or hooks is not None:
                return gradient * first, None, None
            # Nobody else reads the derivative: its memory becomes the gradient's, which at 16M
            # elements saves a third of a step's time and PyTorch's peak memory is not exceeded.
            return first.mul_(gradient), None, None
        if kept == "derivative" and not rest:
            if torch.is_grad_enabled():
                raise _no_second(record)
            return gradient * first, None, None
        from nonlin.backends import pytorch

        x = rest[0] if rest else first
        return pytorch.pull_back(record, x, gradient, {}, (True,))[0], None, None


def _require_slope_of_value(record: Activation) -> None:
    if record.slope_of_value is None:
        raise NonlinError(
            f"{record.name}: save='output', and its derivative does not follow from its value; "
            "allowed: save='auto', 'input' or 'derivative'"
        )


def _from_value(record: Activation, y: Tensor, gradient: Tensor) -> Tensor:
    from nonlin.backends import pytorch

    assert record.slope_of_value is not None
    slope = partial(record.slope_of_value, **record.bound)
    return pytorch.apply(record, y, lambda y, g, xp: g * slope(y, xp), gradient)


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
