"""What the arguments of a call are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from nonlin.activation import Activation


def tensors_in(args: Any, kwargs: Mapping[str, Any]) -> list[Tensor]:
    """The tensors among a call's arguments, and in lists among them."""
    found = []
    for value in (*args, *kwargs.values()):
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += [v for v in value if isinstance(v, Tensor)]
    return found


def leaf_of(x: Tensor) -> Tensor | None:
    """The leaf of autograd that a tensor is, or is a view of; None where it was computed."""
    base = x if x.is_leaf else x._base
    return base if base is not None and base.is_leaf else None


def computed(tensors: Iterable[Tensor]) -> list[Tensor]:
    """Those that gradients go through: no data, no parameters and no views of them."""
    return [t for t in tensors if t.requires_grad and leaf_of(t) is None]


def is_wrapped(x: Tensor) -> bool:
    """Whether a tensor has no numbers of its own to look at."""
    functorch: Any = torch._C._functorch  # type: ignore[attr-defined]
    return x.is_meta or x.layout != torch.strided or functorch.is_functorch_wrapped_tensor(x)


def learned_of(module: nn.Module, record: Activation) -> dict[str, Tensor]:
    """The learned parameters of an activation module, by the record's names."""
    found = {}
    for name in record.learned:
        value = getattr(module, name, None)
        if value is None:
            value = getattr(module, "weight", None)
        if isinstance(value, Tensor):
            found[name] = value.detach()
    return found


def drops(args: Any, kwargs: Mapping[str, Any]) -> bool:
    """Whether a call of dropout drops anything."""
    p = kwargs.get("p", args[1] if len(args) > 1 else 0.5)
    training = kwargs.get("training", args[2] if len(args) > 2 else True)
    return bool(training) and isinstance(p, float | int) and p > 0
