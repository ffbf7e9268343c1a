"""Kernels on tensors: memory for the results, addresses, strides."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nonlin.backends import native
from nonlin.backends.native import BOTH, Call

# Looked up once. After a long kernel nothing of this is in the processor's cache, and each name
# that a call reads costs some 5 µs then: together they take as long as 100,000 elements.
_threads = torch.get_num_threads
_fresh = torch.empty_like

# Before the first kernel, which asks PyTorch for its number of threads and nothing else.
native.share_pool(torch)  # type: ignore[arg-type]


def run(
    call: Call,
    mode: int,
    x: Tensor,
    upstream: Tensor | None = None,
    out: Tensor | None = None,
    second: Tensor | None = None,
) -> Any:
    """The kernel's result, or for BOTH its two results, in fresh tensors laid out like `x`.

    Or in `out` and `second`, laid out in any way.
    """
    count = x.numel()
    first = empty_like(x, count) if out is None else out
    if mode == BOTH and second is None:
        second = empty_like(x, count)
    team = _threads() if count > native.SHARED else 1
    if (
        x.is_contiguous()
        and (out is None or out.is_contiguous())
        and (upstream is None or upstream.is_contiguous())
        and (second is None or second.is_contiguous())
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


def empty_like(x: Tensor, count: int) -> Tensor:
    fresh = _fresh(x)
    if count > native.SHARED and count * x.itemsize >= native.HUGE:
        native._native.advise(fresh.data_ptr(), count * x.itemsize)
    return fresh
