"""Native kernels on PyTorch's CPU tensors, in eager mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from nonlin.backends import native
from nonlin.backends.native import BOTH, GRADIENT, VALUE, Call
from nonlin.choices import current_save
from nonlin.errors import NonlinError

if TYPE_CHECKING:
    from nonlin.activation import Activation

# Looked up once. After a long kernel nothing of this is in the processor's cache, and each name
# that a call reads costs some 5 µs then: together they take as long as 100,000 elements.
_transforms = torch._C._are_functorch_transforms_active
_modes = torch._C._len_torch_dispatch_stack
_function_modes = torch._C._is_torch_function_mode_enabled
_batched: Any = torch._C._functorch.is_legacy_batchedtensor  # type: ignore[attr-defined]
_tracer = torch._C._get_tracing_state
_compiling = torch.compiler.is_compiling
_grad_enabled = torch.is_grad_enabled
_threads = torch.get_num_threads
_fresh = torch.empty_like
_strided = torch.strided

DTYPES = {
    torch.float32: "float32",
    torch.float64: "float64",
    torch.float16: "float16",
    torch.bfloat16: "bfloat16",
}
PLAIN = (Tensor, torch.nn.Parameter)

# Before the first kernel, which asks PyTorch for its number of threads and nothing else.
native.share_pool(torch)  # type: ignore[arg-type]

# In bytes; for shorter ones an allocation costs more than the arithmetic it saves.
SHORT = 8192
# Derivatives kept beside their inputs, in bytes, with save="auto".
KEPT = 256 << 20


def value(record: Activation, x: Tensor, tensors: Mapping[str, Tensor]) -> Tensor | None:
    """Value of `record` at `x` by a kernel, or None where the formula has to be taken.

    Args:
        record: the activation.
        x: tensor that :func:`is_eager`.
        tensors: what stands for parameters; kernels take single numbers.
    """
    call = native.find(record, DTYPES[x.dtype])
    if call is None:
        own = None if tensors else _own(record)
        return own and own(x)
    if tensors:
        learned = _learned(record, call, x, tensors)
        return learned and _Learned.apply(x, record, learned, tuple(tensors), *tensors.values())
    if x.requires_grad and _grad_enabled():
        return _apply(x, record, call)
    return _run(call, VALUE, x)


def _own(record: Activation) -> Callable[[Tensor], Tensor] | None:
    """PyTorch's function with the record's numbers, where its convention says to call it."""
    if "_own" not in record.__dict__:
        convention = record.conventions.get("torch")
        found = None
        if convention is not None and convention.called and record.at_kink == "torch":
            function = getattr(torch.nn.functional, convention.call.rpartition(".")[2])
            named = {p.torch: record.bound[p.name] for p in record.parameters if p.torch}
            found = partial(function, **{**convention.arguments, **named})
            # A slope of 0 makes its 0·∞ NaN, unlike the formula's.
            ends = torch.tensor([-torch.inf, torch.inf])
            if found(ends).isnan().any():
                found = None
        record.__dict__["_own"] = found
    return record.__dict__["_own"]


def plain(
    record: Activation,
    mode: int,
    x: Tensor,
    upstream: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor | None:
    """Value, derivative or gradient by a kernel, or None; for no tensor to be differentiated."""
    for tensor in (x, upstream, out):
        if tensor is None:
            continue
        if not isinstance(tensor, Tensor) or not is_eager(tensor):
            return None
        if tensor.dtype != x.dtype or tensor.shape != x.shape:
            return None
        if tensor.requires_grad and torch.is_grad_enabled():
            return None
    call = native.find(record, DTYPES[x.dtype])
    return call and _run(call, mode, x, upstream, out)


def _learned(
    record: Activation, call: Call, x: Tensor, tensors: Mapping[str, Tensor]
) -> Call | None:
    """The call with the numbers of `tensors`, if the kernel has all gradients they need."""
    numbers = dict(zip(call.kernel.parameters, call.numbers, strict=True))
    for name, tensor in tensors.items():
        if name not in numbers or tensor.numel() != 1 or tensor.ndim > x.ndim:
            return None
        if not is_eager(tensor) or (tensor.requires_grad and name not in call.kernel.learned):
            return None
        numbers[name] = tensor.item()
    return call._replace(numbers=tuple(numbers.values()))


def is_eager(x: Any) -> bool:
    """Whether a kernel may take `x`: nothing but autograd watches, no mode, transform or tracer."""
    return (
        not _compiling()
        and type(x) in PLAIN
        and x.is_cpu
        and x.layout is _strided
        and x.dtype in DTYPES
        and not x.is_neg()
        and not _function_modes()
        and not _transforms()
        and not _batched(x)
        and _modes() == 0
        and forward_ad._current_level < 0
        and _tracer() is None
    )


def _run(
    call: Call, mode: int, x: Tensor, upstream: Tensor | None = None, out: Tensor | None = None
) -> Any:
    """The kernel's result, or for BOTH its two results, in fresh tensors laid out like `x`."""
    count = x.numel()
    first = _empty_like(x, count) if out is None else out
    second = _empty_like(x, count) if mode == BOTH else None
    team = _threads() if count > native.SHARED else 1
    if (
        x.is_contiguous()
        and (out is None or out.is_contiguous())
        and (upstream is None or upstream.is_contiguous())
    ):
        native._native.apply(
            call.place,
            mode,
            x.data_ptr(),
            0 if upstream is None else upstream.data_ptr(),
            first.data_ptr(),
            0 if second is None else second.data_ptr(),
            count,
            call.numbers,
            team,
        )
    else:
        given = (x, upstream, first, second)
        native._native.apply_strided(
            call.place,
            mode,
            [0 if tensor is None else tensor.data_ptr() for tensor in given],
            x.shape,
            [() if tensor is None else tensor.stride() for tensor in given],
            call.numbers,
            team,
        )
    return first if second is None else (first, second)


def _empty_like(x: Tensor, count: int) -> Tensor:
    fresh = _fresh(x)
    if count > native.SHARED and count * x.itemsize >= native.HUGE:
        native._native.advise(fresh.data_ptr(), count * x.itemsize)
    return fresh


# The derivative is kept, and the input is not.
ALONE = "alone"


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
        size = x.numel() * x.itemsize
        if size > SHORT and x.itemsize >= 4:
            save = current_save.get()
            if save == "derivative":
                y, derivative = _run(call, BOTH, x)
                ctx.save_for_backward(derivative)
                ctx.made_by = record, call, ALONE
                return y
            if save == "auto" and _Budget.used + size <= KEPT:
                y, derivative = _run(call, BOTH, x)
                ctx.save_for_backward(derivative, x)
                ctx.made_by = record, call, _Budget(size)
                return y
        ctx.save_for_backward(x)
        ctx.made_by = record, call, None
        return _run(call, VALUE, x)

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> tuple[Any, ...]:  # type: ignore[override]
        first, *rest = ctx.saved_tensors
        record, call, kept = ctx.made_by
        if not _is_watched(gradient):
            if kept is None:
                return _run(call, GRADIENT, first, gradient), None, None
            return gradient * first, None, None
        if kept is ALONE:
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
        return _run(call, VALUE, x)

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
        to_x = _run(call, GRADIENT, x, gradient) if wanted[0] else None
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
_apply: Any = super(torch.autograd.Function, _Kernel).apply  # type: ignore[misc]
