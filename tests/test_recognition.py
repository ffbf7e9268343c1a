"""Calls of PyTorch against the records that they are, under every name PyTorch has for them."""

from __future__ import annotations

import importlib
import inspect

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn as tnn
from torch.overrides import TorchFunctionMode

import nonlin
from catalogue import RECORDS
from nonlin.recognition import recognise, record_of, spellings
from tolerances import FRAMEWORK_FACTOR

OFFERED = [r for r in RECORDS if "torch" in r.conventions]
NAMES = sorted(spellings(), key=lambda f: f"{f.__name__} {getattr(f, '__module__', '')} {f!r}")


class Watch(TorchFunctionMode):
    """What a training step sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        found = recognise(func, args, kwargs)
        if found is not None:
            self.seen.append(found)
        return func(*args, **(kwargs or {}))


def watched(call) -> list:
    with Watch() as watch:
        call()
    return watch.seen


def called(record):
    """The function that a record's convention names."""
    convention = record.conventions["torch"]
    module, _, name = convention.call.rpartition(".")
    found = getattr(importlib.import_module(module), name)
    return found() if inspect.isclass(found) else found, convention.arguments


@pytest.mark.parametrize("record", OFFERED, ids=lambda r: r.name)
def test_what_a_convention_names_is_that_record(record):
    function, arguments = called(record)
    x = torch.randn(4, 6)
    if isinstance(function, tnn.Identity):
        assert watched(lambda: function(x)) == []
        return
    seen = watched(lambda: function(x, **arguments))
    assert [found.record.name for found in seen] == [record.name]
    assert seen[0].input is x
    assert seen[0].record.bound == record.bind(like="torch").bound


@pytest.mark.parametrize("function", NAMES, ids=lambda f: f.__name__)
def test_every_spelling_computes_its_record(function):
    """The value is the record's, so that no name was mistaken."""
    for record in spellings()[function]:
        if record.draws != "never":
            continue
        arguments = dict(record.conventions["torch"].arguments)
        if record.learned:
            arguments["weight"] = torch.tensor([0.25])
        if "special" in function.__name__ or function.__name__.endswith("softmax"):
            arguments = {"dim": -1} if "axis" in record.bound else {}
        x = torch.linspace(-3, 3, 12).reshape(2, 6)
        found = recognise(function, (x,), arguments)
        assert found is not None
        assert found.record.name == record.name
        y = function(x.clone(), **arguments)
        close = {"rtol": FRAMEWORK_FACTOR * 1e-6, "atol": FRAMEWORK_FACTOR * 1e-6}
        torch.testing.assert_close(y, found.record(x), **close)


X = torch.linspace(-2, 2, 8).reshape(2, 4)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda x: F.relu(x, inplace=True), nonlin.relu),
        (lambda x: x.relu_(), nonlin.relu),
        (lambda x: torch.relu_(x), nonlin.relu),
        (lambda x: x.tanh_(), nonlin.tanh),
        (lambda x: x.sigmoid(), nonlin.sigmoid),
        (lambda x: torch.special.expit(x), nonlin.sigmoid),
        (lambda x: F.gelu(x, approximate="tanh"), nonlin.gelu_tanh),
        (lambda x: F.gelu(x, approximate="none"), nonlin.gelu),
        (lambda x: F.gelu(input=x), nonlin.gelu),
        (lambda x: F.leaky_relu(x, 0.3), nonlin.leaky_relu.bind(alpha=0.3)),
        (lambda x: F.leaky_relu_(x, negative_slope=0.3), nonlin.leaky_relu.bind(alpha=0.3)),
        (lambda x: F.elu(x, 2.0, inplace=True), nonlin.elu.bind(alpha=2.0)),
        (lambda x: F.hardtanh(x, 0.0, 6.0), nonlin.hard_tanh.bind(low=0.0, high=6.0)),
        (lambda x: F.threshold(x, 0.5, 0.25), nonlin.threshold.bind(theta=0.5, value=0.25)),
        (lambda x: F.softplus(x, beta=2), nonlin.softplus.bind(beta=2.0)),
        (lambda x: x.softmax(0), nonlin.softmax.bind(axis=0)),
        (lambda x: torch.log_softmax(x, dim=1), nonlin.log_softmax.bind(axis=1)),
        (lambda x: F.gumbel_softmax(x, hard=True), nonlin.gumbel_softmax.bind(hard="yes")),
        (lambda x: tnn.Softplus(beta=3)(x), nonlin.softplus.bind(beta=3.0)),
        (lambda x: F.leaky_relu(x, np.float32(0.25)), nonlin.leaky_relu.bind(alpha=0.25)),
        (lambda x: tnn.LeakyReLU(True)(x), nonlin.leaky_relu.bind(alpha=1.0)),
    ],
)
def test_a_call_s_parameters_are_bound(call, expected):
    x = X.clone()
    seen = watched(lambda: call(x))
    assert [found.record for found in seen] == [expected]
    assert seen[0].input is x


def test_slopes_given_as_a_tensor():
    weight = torch.tensor([0.1, 0.2, 0.3, 0.4])
    (found,) = watched(lambda: F.prelu(X, weight))
    assert found.record.name == "prelu"
    assert found.tensors["alpha"] is weight
    (other,) = watched(lambda: torch.prelu(X, weight=torch.tensor([0.5])))
    assert other.tensors["alpha"].item() == 0.5


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.name)
def test_a_call_of_our_own_is_one_call(record):
    x = torch.randn(2, 4, requires_grad=True)
    outside = record(x)
    seen = watched(lambda: record(x))
    assert [found.record for found in seen] == [record]
    assert seen[0].input is x
    seen = watched(lambda: nonlin.nn.from_record(record).eval()(x))
    assert [found.record.name for found in seen] == [record.name]
    with Watch():
        torch.testing.assert_close(record(x), outside)


def test_what_is_no_activation_is_none():
    linear, dropout = tnn.Linear(4, 4), tnn.Dropout(0.5)
    calls = [lambda: dropout(linear(X)), lambda: X.exp(), lambda: X + 1, lambda: X @ X.T]
    assert [watched(call) for call in calls] == [[], [], [], []]


def test_a_parameter_outside_the_record_s_domain_is_not_the_record():
    assert recognise(F.elu, (X, -1.0)) is None
    assert recognise(F.softplus, (X,), {"beta": -1.0}) is None
    assert nonlin.nn.activation_of(tnn.ELU(-1.0)) is None


def test_a_module_made_with_other_than_a_float():
    read = nonlin.nn.activation_of
    assert read(tnn.LeakyReLU(True)) == nonlin.leaky_relu.bind(alpha=1.0)  # not in place
    assert read(tnn.LeakyReLU(torch.tensor(0.5))) == nonlin.leaky_relu.bind(alpha=0.5)


def test_hugging_face_s_modules():
    """Each class of their table computes the record that it is taken for."""
    from transformers.activations import ACT2CLS

    x = torch.linspace(-4, 4, 33)
    plain = {name: made for name, made in ACT2CLS.items() if isinstance(made, type)}
    assert len(plain) > 15
    for name, made in plain.items():
        module = made()
        record = record_of(module)
        assert record is not None, name
        if record.name == "xielu":  # Theirs keeps its parameters in bfloat16.
            continue
        with torch.no_grad():
            torch.testing.assert_close(module(x), record(x), rtol=2e-3, atol=1e-4)
    assert record_of(tnn.Linear(2, 2)) is None
