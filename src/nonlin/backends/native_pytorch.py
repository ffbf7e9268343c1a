"""Native kernels on PyTorch's CPU tensors, in eager mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from nonlin.backends import native
from nonlin.backends.native import VALUE, Call
from nonlin.backends.native_autograd import apply_learned, differentiable
from nonlin.backends.native_tensors import run

if TYPE_CHECKING:
    from nonlin.activation import Activation

# Looked up once, as in native_tensors.
_transforms = torch._C._are_functorch_transforms_active
_modes = torch._C._len_torch_dispatch_stack
_function_modes = torch._C._is_torch_function_mode_enabled
_batched: Any = torch._C._functorch.is_legacy_batchedtensor  # type: ignore[attr-defined]
_tracer = torch._C._get_tracing_state
_compiling = torch.compiler.is_compiling
_grad_enabled = torch.is_grad_enabled
_strided = torch.strided

DTYPES = {
    torch.float32: "float32",
    torch.float64: "float64",
    torch.float16: "float16",
    torch.bfloat16: "bfloat16",
}
PLAIN = (Tensor, torch.nn.Parameter)


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
        return learned and apply_learned(x, record, learned, tuple(tensors), *tensors.values())
    if x.requires_grad and _grad_enabled():
        return differentiable(x, record, call)
    return run(call, VALUE, x)


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
    return call and run(call, mode, x, upstream, out)


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
