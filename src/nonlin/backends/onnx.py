"""Records during ONNX export: PyTorch's own function where that becomes native operators.

An exported graph runs on the operators of its runtime; a formula spread over ten of them
would be slower there and no more exact than what the runtime computes with.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from nonlin.backends import pytorch

if TYPE_CHECKING:
    from nonlin.activation import Activation
    from nonlin.conventions import Convention

# The axis of the channels in every module of PyTorch that learns a parameter for each.
CHANNELS = 1


def value(record: Activation, x: Tensor, tensors: Mapping[str, Tensor]) -> Tensor:
    """Value of `record` at `x` in terms that the exporter maps to the fewest operators.

    Args:
        record: the activation.
        x: floating-point tensor.
        tensors: what stands for parameters of the formulas.
    """
    convention = record.conventions.get("torch")
    if convention is None or not convention.exported or record.draws != "never":
        return pytorch.evaluate(record, x, tensors)
    path, _, name = convention.call.rpartition(".")
    theirs = getattr(importlib.import_module(path), name)
    keywords = _keywords(record, convention, tensors)
    if keywords is not None and not isinstance(theirs, type) and not tensors:
        return theirs(x, **keywords)
    # The old exporter traces modules, and refuses one whose parameters are replaced.
    if keywords == {} and isinstance(theirs, type) and not torch._C._is_tracing():
        with torch.device("meta"):
            module = theirs()
        names = [name for name, _ in module.named_parameters()]
        weights = _weights(x, tensors)
        if weights is not None and len(weights) == len(names):
            return torch.func.functional_call(module, dict(zip(names, weights, strict=True)), x)
    return pytorch.evaluate(record, x, tensors)


def _keywords(
    record: Activation, convention: Convention, tensors: Mapping[str, Tensor]
) -> dict[str, Any] | None:
    """Arguments of PyTorch's function, or None where it cannot stand for the record."""
    keywords = dict(convention.arguments)
    for parameter in record.parameters:
        if parameter.name in tensors:
            continue
        bound = record.bound[parameter.name]
        if parameter.torch:
            theirs = parameter.to_torch(bound)
            if theirs is None:
                return None
            keywords[parameter.torch] = theirs
        elif bound != convention.parameters.get(parameter.name, parameter.default):
            return None
    return keywords


def _weights(x: Tensor, tensors: Mapping[str, Tensor]) -> list[Tensor] | None:
    """The tensors as a module of PyTorch holds them, or None where it holds none like that."""
    weights = []
    for tensor in tensors.values():
        along = tensor.ndim == x.ndim > CHANNELS and tensor.shape[CHANNELS] == tensor.numel()
        if tensor.ndim and not along:
            return None
        weights.append(tensor.reshape(-1))
    return weights
