"""What torch.compile or TorchScript has compiled: hooks and modes see nothing of it."""

from __future__ import annotations

import sys

import torch
from torch import nn


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
