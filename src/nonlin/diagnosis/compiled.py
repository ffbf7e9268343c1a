"""What torch.compile or TorchScript has compiled: hooks and modes see nothing of it."""

from __future__ import annotations

import sys
import warnings

import torch
from torch import nn

_ABOUT_HOOKS = "Using `torch.compile.* when there are global hooks"


def compiled_frames() -> int:
    """How many functions Dynamo has compiled in this process."""
    utils = sys.modules.get("torch._dynamo.utils")
    return 0 if utils is None else int(utils.counters["frames"].get("total", 0))


def is_compiled(module: nn.Module) -> bool:
    """Whether a module's forward pass is compiled."""
    if isinstance(module, torch.jit.ScriptModule):
        return True
    compiled = getattr(module, "_compiled_call_impl", None) is not None
    return compiled or type(module).__name__ == "OptimizedModule"


def ignore_warning_of_hooks() -> None:
    """Hide what PyTorch says of our hooks, which leave a compiled module at once."""
    warnings.filterwarnings("ignore", message=_ABOUT_HOOKS)


def heed_warning_of_hooks() -> None:
    """Take that back."""
    warnings.filters[:] = [  # type: ignore[index]
        f for f in warnings.filters if getattr(f[1], "pattern", f[1]) != _ABOUT_HOOKS
    ]
