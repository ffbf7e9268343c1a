"""Repairs: what a change does to a script that runs, and how its gain is judged."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import nonlin  # noqa: E402
from nonlin.diagnosis.changing import Changed  # noqa: E402
from nonlin.diagnosis.finding import Finding, Repair  # noqa: E402
from nonlin.diagnosis.verifying import verify  # noqa: E402
from nonlin.tracing import trace  # noqa: E402

X = torch.tensor([[-1.7, -0.4, -0.0, 0.0, 0.4, 2.6]])


class Behind(nn.Module):
    """A function of a parameter's shift."""

    def __init__(self, function):
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(6))
        self.function = function

    def forward(self, x):
        return self.function(x + self.shift)


def shifted(function, change):
    """What the function answers under a change, and the gradient that reaches the shift."""
    model = Behind(function)
    with Changed(change):
        out = model(X)
        if out.requires_grad:
            out.sum().backward()
    return out.detach(), model.shift.grad


@pytest.mark.parametrize(
    ("operation", "function", "slope"),
    [
        ("round", torch.round, torch.ones(6)),
        ("floor", lambda x: x.floor(), torch.ones(6)),
        ("sign", torch.sign, (X[0].abs() <= 1).float()),
        ("gt", lambda x: (x > 0).float(), torch.sigmoid(X[0]) * torch.sigmoid(-X[0])),
        (
            "le",
            lambda x: (x <= 0.5).float(),
            -torch.sigmoid(X[0] - 0.5) * torch.sigmoid(0.5 - X[0]),
        ),
    ],
)
def test_a_step_keeps_its_values_and_gets_a_gradient(operation, function, slope):
    plain, missing = shifted(function, {"clip": 1.0})
    assert missing is None or not missing.any()
    out, gradient = shifted(function, {"straight_through": operation})
    assert torch.equal(out, plain)
    torch.testing.assert_close(gradient, slope)


@pytest.mark.parametrize("cut", [torch.Tensor.detach, lambda x: x.data])
def test_what_was_cut_off_is_attached(cut):
    assert shifted(cut, {"clip": 1.0})[1] is None
    out, gradient = shifted(cut, {"attach": True})
    assert torch.equal(out, X)
    assert torch.equal(gradient, torch.ones(6))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.log(torch.relu(x)),
        lambda x: torch.sqrt(x.square()),
        lambda x: x / (x * 0),
        lambda x: torch.rsqrt(torch.relu(x)),
    ],
)
def test_logarithms_roots_and_divisions_are_kept_off_zero(function):
    out, gradient = shifted(function, {"clip": 1.0})
    assert not (torch.isfinite(out).all() and torch.isfinite(gradient).all())
    out, gradient = shifted(function, {"epsilon": 1e-6})
    assert torch.isfinite(out).all()
    assert torch.isfinite(gradient).all()


def test_inputs_are_filled():
    model = nn.Linear(3, 1)
    x = torch.tensor([[1.0, math.nan, math.inf]])
    with Changed({"fill_inputs": True}):
        out = model(x)
    assert torch.equal(out, model(torch.tensor([[1.0, 0.0, 0.0]])))


def test_outputs_take_the_shape_of_the_targets():
    output, target = torch.tensor([[1.0], [3.0]]), torch.tensor([2.0, 3.0])
    with Changed({"one_shape": True}):
        assert nn.MSELoss()(output, target) == 0.5
        # Another loss of the program takes what it is given.
        assert nn.CrossEntropyLoss()(torch.zeros(2, 2), torch.tensor([0, 1])) > 0
        assert nn.MSELoss()(output, torch.tensor(2.0)) == 1.0


def test_an_activation_is_put_behind_a_layer_with_its_parameters():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    x = torch.randn(4, 2)
    inserted = {"after": ["0"], "activation": "leaky_relu", "parameters": {"alpha": 0.2}}
    with Changed({"insert": inserted}):
        out = model(x)
    assert torch.equal(out, model[1](nn.functional.leaky_relu(model[0](x), 0.2)))


@pytest.mark.parametrize("sigmoid", [torch.sigmoid, nn.Sigmoid()])
def test_weights_are_drawn_for_the_exchanged_activation(sigmoid):
    """Not for the one that the script calls: sigmoid's gain is more than three times relu's."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(400, 400)
            self.second = nn.Linear(400, 400)
            self.act = sigmoid

        def forward(self, x):
            return self.second(self.act(self.first(x)))

    torch.manual_seed(0)
    model = Net()
    with Changed({"swap": {"sigmoid": "relu"}, "initialise": True}):
        model(torch.randn(2, 400))
    assert model.second.weight.std().item() == pytest.approx(math.sqrt(2 / 400), rel=0.02)


def test_a_trace_stands_for_an_example():
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))
    ran = trace(model, torch.randn(3, 4))
    done = nonlin.init.initialize_(model, inputs=ran.exchanged({"tanh": nonlin.relu}))
    assert [layer.reads for layer in done.drawn] == ["input", "relu"]
    assert [s.record.name for s in ran.of_kind("activation")] == ["tanh"]


def finding(*changes):
    repairs = tuple(Repair("code", f"Change {number}.", c) for number, c in enumerate(changes))
    return Finding("non-finite", "problem", "0", "loss", 0, "", {}, repairs=repairs)


def tried(losses, *changes, seeds=4):
    """`verify` with losses that are a function of the change and the seed."""

    def trial(script, arguments, change, seed):
        value = losses(change, seed // 1000)
        return {"losses": [value], "right": [], "code": 0}

    return verify(Path("train.py"), [], [finding(*changes)], seeds=seeds, jobs=1, trial=trial)


def test_repairs_are_tried_together_where_none_helps_alone():
    both = {"clip", "epsilon"}
    found = tried(
        lambda change, seed: 0.1 if both <= set(change) else 1 + 0.01 * seed + len(change),
        {"clip": 1.0},
        {"epsilon": 1e-6},
    )
    assert [v.helps for v in found] == [False, False, True]
    assert set(found[-1].repair.change) == both
    assert found[-1].repair.text == "All of these: Change 0. Change 1."


def test_the_first_that_helps_is_the_last_that_is_tried():
    found = tried(
        lambda change, seed: (0.1 if change else 1.0) * (1 + 0.01 * seed),
        {"clip": 1.0},
        {"epsilon": 1e-6},
    )
    assert [v.helps for v in found] == [True]


def test_a_repair_without_effect_is_told_apart_and_counts_for_none():
    """Bit for bit the same losses: the program has nothing that the change applies to."""
    found = tried(
        lambda change, seed: (0.5 if "clip" in change else 1.0) * (1 + 0.01 * seed),
        {"learning_rate": 0.1},
        {"zero_bias": ["0"]},
        {"swap": {"relu": "elu"}},
        {"clip": 1.0},
    )
    assert [v.has_effect for v in found] == [False, False, False, True]
    assert [v.helps for v in found] == [False, False, False, True]
    assert found[0].as_json()["has_effect"] is False


@pytest.mark.parametrize(
    ("without", "with_it", "gain"),
    [
        (1.0, 0.5, math.log(2)),
        (-1.0, -1.5, 0.5),  # no logarithm of a negative loss: the difference
        (None, 0.5, 1.0),  # no number is worse than any
        (None, -2.0, 1.0),
        (0.5, None, -1.0),
    ],
)
def test_gain(without, with_it, gain):
    (found, *_) = tried(lambda change, seed: with_it if change else without, {"clip": 1.0})
    assert found.gain == pytest.approx(gain)
    assert found.helps == (gain > 0)


@pytest.mark.parametrize(
    "product", [lambda x, w: x @ w, lambda x, w: torch.einsum("bi,ij->bj", x, w)]
)
def test_an_activation_behind_a_bare_parameter_is_exchanged_by_its_place(product):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.ParameterList(torch.randn(6, 6) for _ in range(2))

        def forward(self, x):
            return torch.sigmoid(product(torch.sigmoid(product(x, self.w[0])), self.w[1]))

    torch.manual_seed(0)
    model = Net()
    first, second = model.w
    with Changed({"replace": {"w.1:sigmoid": "relu"}}):
        changed = model(X)
    assert torch.equal(changed, product(torch.sigmoid(product(X, first)), second).relu())
