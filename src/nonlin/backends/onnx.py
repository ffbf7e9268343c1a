"""Records during ONNX export: PyTorch's own function where that becomes one ONNX operator.

An exported graph runs on the operators of its runtime; a formula spread over ten of them
would be slower there and no more exact than what the runtime computes with.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor

from nonlin.backends import pytorch

if TYPE_CHECKING:
    from nonlin.activation import Activation


def value(record: Activation, x: Tensor, tensors: Mapping[str, Tensor]) -> Tensor:
    """Value of `record` at `x` in terms that the exporter maps to the fewest operators.

    Args:
        record: the activation.
        x: floating-point tensor.
        tensors: what stands for parameters of the formulas.
    """
    keywords = _keywords(record, tensors)
    if keywords is None:
        return pytorch.evaluate(record, x, tensors)
    path, _, name = record.conventions["torch"].call.rpartition(".")
    return getattr(importlib.import_module(path), name)(x, **keywords)


def _keywords(record: Activation, tensors: Mapping[str, Tensor]) -> dict[str, Any] | None:
    """Arguments of PyTorch's function, or None where it cannot stand for the record."""
    convention = record.conventions.get("torch")
    if convention is None or record.at_kink != "torch" or record.draws != "never":
        return None
    keywords = dict(convention.arguments)
    for parameter in record.parameters:
        theirs = parameter.to_torch(record.bound[parameter.name])
        if parameter.name in tensors or theirs is None:
            return None
        keywords[parameter.torch] = theirs
    return keywords
