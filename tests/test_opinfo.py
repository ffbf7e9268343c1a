"""PyTorch's own sample inputs, for every record that is an operator of PyTorch.

Where PyTorch and the record differ by more than the tolerance, the definition decides: the
record has to be right there, and PyTorch wrong.
"""

from __future__ import annotations

import importlib
import inspect
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.testing._internal.common_methods_invocations import op_db

from catalogue import ELEMENTWISE, RECORDS, VECTORS, allowed
from nonlin.activation import Activation
from nonlin.backends import pytorch
from nonlin.certification import exact as reference
from nonlin.errors import InputTypeError, NonlinError
from nonlin.vector import VectorActivation
from tolerances import OPINFO


def function_of(record: Activation) -> Any:
    path, _, name = record.conventions["torch"].call.rpartition(".")
    theirs = getattr(importlib.import_module(path), name)
    # A module class stands for the function of its name.
    return getattr(torch.nn.functional, name.lower(), None) if isinstance(theirs, type) else theirs


def operators(record: Activation) -> list[Any]:
    """The entries of PyTorch's table for the record's function."""
    function = function_of(record)
    if function is None:
        return []
    names = {f"nn.functional.{function.__name__}", function.__name__.removeprefix("_")}
    return [op for op in op_db if op.op is function or op.name in names]


PAIRS = [
    (record, op)
    for record in RECORDS
    if "torch" in record.conventions and record.draws != "always"
    for op in operators(record)
]
IDS = [f"{record}-{op.name}-{op.variant_test_name}" for record, op in PAIRS]


def test_every_function_of_pytorch_is_met():
    """All but those that PyTorch's table lacks: a module without a function."""
    offered = [r for r in RECORDS if "torch" in r.conventions and r.draws != "always"]
    missing = [r for r in offered if not operators(r)]
    assert all(function_of(r) is None or r.draws != "never" for r in missing), missing
    assert len(PAIRS) > len(missing)


def asked(record: Activation, function: Any, sample: Any) -> tuple[Activation, dict, dict]:
    """What a sample asks for: our record and tensors, and PyTorch's keywords.

    Keywords that the record does not offer, such as a dtype, stay at PyTorch's default.
    """
    given = dict(sample.kwargs)
    if any(isinstance(value, torch.Tensor) for value in sample.args):
        given["weight"] = sample.args[0]
    elif sample.args:
        bound = inspect.signature(function).bind(sample.input, *sample.args, **sample.kwargs)
        given = dict(list(bound.arguments.items())[1:])
    offered = {p.torch: p for p in record.parameters if p.torch}
    ours = {
        offered[key].name: offered[key].from_torch(v) for key, v in given.items() if key in offered
    }
    record = record.bind(**ours)
    theirs = dict(record.conventions["torch"].arguments)
    theirs |= {p.torch: p.to_torch(record.bound[p.name]) for p in record.parameters if p.torch}
    tensors = {key: v for key, v in given.items() if isinstance(v, torch.Tensor)}
    weights = dict(zip(record.learned, map(spread(sample.input), tensors.values()), strict=True))
    return record, weights, theirs | tensors


def spread(x: torch.Tensor) -> Any:
    """PyTorch's weights are along axis 1."""

    def view(weight: torch.Tensor) -> torch.Tensor:
        return weight.reshape([1, -1] + [1] * (x.ndim - 2) if weight.numel() > 1 else [])

    return view


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("record", "op"), PAIRS, ids=IDS)
def test_samples(record, op, dtype):
    compared = refused = 0
    function = function_of(record)
    for sample in op.sample_inputs("cpu", dtype, requires_grad=True):
        try:
            bound, weights, keywords = asked(record, function, sample)
        except NonlinError:  # A negative threshold, or bounds that coincide: see the domain.
            refused += 1
            continue
        if record in VECTORS and not sample.input.ndim:
            with pytest.raises(NonlinError, match="got a single number"):
                bound(sample.input)
            continue
        leaves = [sample.input, *(v for v in keywords.values() if isinstance(v, torch.Tensor))]
        leaves = [leaf for leaf in leaves if leaf.requires_grad]
        theirs = function(sample.input, **keywords)
        ours = pytorch.value(bound, sample.input, weights)
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        compared += ours.numel()
        agree(bound, "value", sample.input, ours, theirs, dtype)
        upstream = torch.ones_like(ours) if record in ELEMENTWISE else torch.rand_like(ours)
        got = torch.autograd.grad(ours, leaves, upstream)
        true = torch.autograd.grad(theirs, leaves, upstream)
        agree(bound, "derivative", sample.input, got[0], true[0], dtype)
        torch.testing.assert_close(got[1:], true[1:])
    assert compared > 0
    assert not refused or any(p.minimum > -math.inf for p in record.parameters) or record.ordered


def agree(record, kind, x, ours, theirs, dtype) -> None:
    """Equal within the tolerance, or PyTorch is wrong and we are right."""
    x, ours, theirs = (t.detach().double().flatten() for t in (x, ours, theirs))
    name = str(dtype).removeprefix("torch.")
    over_an_axis = isinstance(record, VectorActivation)
    close = torch.isclose(ours, theirs, **OPINFO[name, over_an_axis])
    if close.all():
        return
    assert not over_an_axis, (record, kind)
    for at, mine, other in zip(x[~close].tolist(), ours[~close], theirs[~close], strict=True):
        high, low = reference.exact(record, kind, at)
        (bound,) = allowed(record, kind, np.array([at]), np.array([high]), name)
        assert abs(mine - high - low) <= bound, (record, kind, at)
        assert abs(other - high - low) > bound, (record, kind, at)


@pytest.mark.parametrize(("record", "op"), PAIRS, ids=IDS)
def test_other_dtypes_are_refused(record, op):
    """Integers and complex numbers, which PyTorch takes for some, with the error of ours."""
    for dtype in (torch.int64, torch.complex64):
        samples = op.sample_inputs("cpu", dtype) if dtype in op.dtypes else ()
        inputs = [s.input for s in samples] or [torch.ones(3, dtype=dtype)]
        for x in inputs:
            with pytest.raises(
                InputTypeError, match=rf"^{record.name}: got dtype {dtype}; allowed"
            ):
                record(x)
