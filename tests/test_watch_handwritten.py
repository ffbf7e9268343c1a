"""Activations that a program writes out are watched like those that have a name."""

from __future__ import annotations

import gc
import itertools
import math
import weakref

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import nonlin
from nonlin.diagnosis.handwritten import _scales, match
from trainings import INPUTS, data

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805

WRITTEN = {
    "relu": [
        lambda z: torch.where(z > 0, z, torch.zeros_like(z)),
        lambda z: z * (z > 0),
        lambda z: torch.maximum(z, torch.zeros(())),
        lambda z: (z + z.abs()) / 2,
    ],
    "leaky_relu(alpha=0.125)": [
        lambda z: torch.where(z > 0, z, 0.125 * z),
        lambda z: torch.maximum(z, 0.125 * z),
    ],
    "sigmoid": [lambda z: 1.0 / (1.0 + torch.exp(-z)), lambda z: (1 + (-z).exp()).reciprocal()],
    "tanh": [lambda z: (z.exp() - (-z).exp()) / (z.exp() + (-z).exp())],
    "silu": [lambda z: z / (1 + torch.exp(-z))],
    "gelu": [lambda z: 0.5 * z * (1 + torch.erf(z / 2**0.5))],
    "softplus": [lambda z: torch.log(1 + torch.exp(z))],
    "selu": [lambda z: SCALE * torch.where(z > 0, z, ALPHA * torch.expm1(z.clamp(max=0)))],
}
OTHERS = [
    lambda z: 0.5 * z,
    lambda z: z.exp(),
    lambda z: z**2,
    lambda z: z.abs(),
    lambda z: z * torch.rand(z.shape),
    lambda z: z.clamp(max=1.0),
    lambda z: z.float() * 1.0,
]


class Net(nn.Module):
    def __init__(self, act, width=32, bias=0.0):
        super().__init__()
        self.first, self.second = nn.Linear(INPUTS, width), nn.Linear(width, 3)
        nn.init.constant_(self.first.bias, bias)
        self.act = act

    def forward(self, x):
        return self.second(self.act(self.first(x)))


def watched(model, steps=60, rate=0.05):
    torch.manual_seed(0)
    x, y = data()
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(steps):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    return watcher


@pytest.mark.parametrize(
    ("name", "act"), [(name, act) for name, acts in WRITTEN.items() for act in acts]
)
def test_what_is_written_out_is_recognised(name, act):
    torch.manual_seed(0)
    watcher = watched(Net(act), steps=20)
    (site,) = watcher.run.sites.values()
    assert repr(site.record) == name
    assert site.producer == "first"
    assert len(site.gradient) > 0
    # SELU wants LeCun's initialisation, as its module does.
    assert [f.kind for f in watcher.diagnosis.findings] == ["selu-misuse"] * (name == "selu")


@pytest.mark.parametrize("act", OTHERS)
def test_what_is_no_activation_is_not_taken_for_one(act):
    torch.manual_seed(0)
    assert not watched(Net(act), steps=20).run.sites


MADE_OF_OTHERS = {
    "silu": [
        lambda z: z * torch.sigmoid(z),
        lambda z: torch.mul(torch.sigmoid(z), z),
        lambda z: z * nn.Sigmoid()(z),
    ],
    "mish": [lambda z: z * torch.tanh(F.softplus(z))],
    "gelu_tanh": [
        lambda z: 0.5 * z * (1 + torch.tanh((2 / math.pi) ** 0.5 * (z + 0.044715 * z**3)))
    ],
    "hard_swish": [lambda z: z * F.relu6(z + 3) / 6],
    "sigmoid": [lambda z: 0.5 * (1 + torch.tanh(z / 2))],
    "swish(beta=1.5)": [lambda z: z * torch.sigmoid(1.5 * z)],
}


@pytest.mark.parametrize(
    ("name", "act"), [(name, act) for name, acts in MADE_OF_OTHERS.items() for act in acts]
)
def test_an_activation_made_of_others_is_one(name, act):
    torch.manual_seed(0)
    watcher = watched(Net(act), steps=20)
    (site,) = watcher.run.sites.values()
    beta = site.record.bound.get("beta") if "beta" in name else None
    assert repr(site.record) == name or beta == pytest.approx(1.5, abs=1e-3)
    assert site.producer == "first"
    assert not watcher.diagnosis.findings


def test_a_learned_slope_is_part_of_it():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.beta = nn.Parameter(torch.tensor(2.0))

        def forward(self, z):
            return z * torch.sigmoid(self.beta * z)

    torch.manual_seed(0)
    (site,) = watched(Net(Own()), steps=20).run.sites.values()
    assert site.record.bound["beta"] == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize(
    "act",
    [lambda z: 2 * torch.sigmoid(z), lambda z: torch.sigmoid(z) * torch.rand(z.shape)],
)
def test_what_is_made_of_an_activation_and_is_none_leaves_it(act):
    torch.manual_seed(0)
    (site,) = watched(Net(act), steps=20).run.sites.values()
    assert repr(site.record) == "sigmoid"


def test_a_unit_that_gates_another_is_a_gate():
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(INPUTS, 32), nn.Linear(16, 3)

        def forward(self, x):
            value, gate = self.first(x).chunk(2, 1)
            return self.second(value * torch.sigmoid(gate))

    torch.manual_seed(0)
    (site,) = watched(Gated(), steps=20).run.sites.values()
    assert site.is_gate
    assert repr(site.record) == "sigmoid"


def test_a_cross_entropy_that_is_written_out_is_no_activation():
    torch.manual_seed(0)
    x, y = data()
    layer = nn.Linear(INPUTS, 1)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(20):
            p = torch.sigmoid(layer(x)).squeeze(1).clamp(1e-6, 1 - 1e-6)
            target = (y >= 0).float()  # All are 1, so that the loss is −log σ(z).
            optimizer.zero_grad()
            (-(target * p.log() + (1 - target) * (1 - p).log())).mean().backward()
            optimizer.step()
    # The clamp is a bound of its own.
    assert [s.name for s in watcher.run.sites.values()] == ["sigmoid", "hard_tanh"]


def test_the_logarithm_of_a_probability_is_a_part_of_a_loss():
    torch.manual_seed(0)
    x, _ = data()
    layer = nn.Linear(INPUTS, 1)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(5):
            optimizer.zero_grad()
            (-torch.sigmoid(layer(x)).log().mean()).backward()
            optimizer.step()
    assert [s.name for s in watcher.run.sites.values()] == ["sigmoid"]


class Hidden(torch.autograd.Function):
    """A rectifier with a slope of the program's own, inside which nothing can be seen."""

    @staticmethod
    def forward(ctx, z, slope):
        ctx.save_for_backward(z)
        ctx.slope = slope
        return torch.where(z > 0, z, slope * z)

    @staticmethod
    def backward(ctx, upstream):
        (z,) = ctx.saved_tensors
        return torch.where(z > 0, upstream, ctx.slope * upstream), None


@torch.jit.script
def scripted(z: torch.Tensor) -> torch.Tensor:
    return z * torch.sigmoid(z)


@pytest.mark.parametrize(
    ("act", "name"),
    [
        (lambda z: Hidden.apply(z, 0.0), "relu"),
        (lambda z: Hidden.apply(z, 0.25), "leaky_relu(alpha=0.25)"),
        (scripted, "silu"),
    ],
)
def test_an_activation_in_code_that_cannot_be_followed_is_known_by_its_values(act, name):
    torch.manual_seed(0)
    watcher = watched(Net(act), steps=20)
    (site,) = watcher.run.sites.values()
    assert (repr(site.record), site.layer) == (name, f"first:{site.name}")
    assert not watcher.diagnosis.findings


@pytest.mark.parametrize("slope", [1.0, 0.5])
def test_code_that_cannot_be_followed_and_changes_nothing_bends_nothing(slope):
    torch.manual_seed(0)
    found = watched(Net(lambda z: Hidden.apply(z, slope)), steps=20).diagnosis.findings
    wanted = [("linear-network", "first", "missing-activation")] if slope == 1 else []
    assert [(f.kind, f.layer, f.cause) for f in found] == wanted


class Scaled(torch.autograd.Function):
    """x·σ(βx), which is x/2 for β = 0."""

    @staticmethod
    def forward(ctx, z, beta):
        ctx.save_for_backward(torch.sigmoid(beta * z))
        return z * torch.sigmoid(beta * z)

    @staticmethod
    def backward(ctx, upstream):
        return upstream * ctx.saved_tensors[0], None


@pytest.mark.parametrize(("scale", "beta"), [(4.0, 0.0), (4.0, 0.5), (0.05, 0.5)])
def test_code_that_cannot_be_followed_and_multiplies_bends_nothing(scale, beta):
    """Near 0 x·σ(x/2) is nearly x/2, and is no line."""
    torch.manual_seed(0)
    found = watched(Net(lambda z: Scaled.apply(scale * z, beta)), steps=20).diagnosis.findings
    linear = [f.layer for f in found if f.kind == "linear-network"]
    assert linear == (["first"] if beta == 0 else [])


@pytest.mark.parametrize(
    ("function", "scales"),
    [
        (lambda z: -0.5 * z, True),
        (lambda z: z, True),
        (lambda z: 0.5 * z * (1 + 1e-4 * z), False),
        (lambda z: 0.5 * z + 1e-3, False),
    ],
)
def test_a_multiple_is_told_from_what_bends_a_little(function, scales):
    z = torch.linspace(-4, 4, 401, dtype=torch.float64)
    assert _scales(z, function(z)) == scales
    # All of these are lines near 0, and only what changes nothing is known to.
    near = z / 100
    assert _scales(near, function(near)) == bool((function(near) == near).all())


def test_units_that_die_in_a_written_out_relu_are_found():
    torch.manual_seed(0)
    # Not all at once: the bias is drawn down by the data before.
    model = Net(WRITTEN["relu"][0])
    with torch.no_grad():
        model.first.bias[:24] = -30.0
    found = watched(model, steps=200).diagnosis.findings
    assert [(f.kind, f.layer, f.cause) for f in found] == [
        ("dead-units", "first:relu", "negative-bias")
    ]


def test_two_layers_are_told_apart_and_a_view_ends_the_chain():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(1, 4, 3)
            self.deep, self.out = nn.Linear(4 * (INPUTS - 2), 16), nn.Linear(16, 3)

        def forward(self, x):
            h = WRITTEN["relu"][0](self.conv(x[:, None])).flatten(1)
            return self.out(WRITTEN["sigmoid"][0](self.deep(h)))

    torch.manual_seed(0)
    sites = watched(Two(), steps=20).run.sites
    assert {k: repr(s.record) for k, s in sites.items()} == {
        "conv:relu": "relu",
        "deep:sigmoid": "sigmoid",
    }


def test_the_input_is_held_no_longer_than_the_chain():
    held = []

    class Frees(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(INPUTS, 8), nn.Linear(8, 3)

        def forward(self, x):
            z = self.first(x)
            held.append(weakref.ref(z))
            h = torch.where(z > 0, z, torch.zeros_like(z))
            del z
            out = self.second(h)
            gc.collect()
            # Autograd keeps the condition alone.
            assert held[-1]() is None
            return out

    torch.manual_seed(0)
    watcher = watched(Frees(), steps=20)
    assert list(watcher.run.sites) == ["first:relu"]


def test_the_nearest_record_is_taken():
    z = torch.linspace(-6, 6, 1001, dtype=torch.float64)
    assert repr(match(z, nonlin.gelu(z))) == "gelu"
    assert repr(match(z, nonlin.gelu_tanh(z))) == "gelu_tanh"
    assert match(z, nonlin.gelu(z) + 0.01) is None
    assert match(z, torch.where(z > 1, z, -math.inf)) is None
    # Near 0 every smooth function is a line, and between its ends hard_tanh is one.
    for near in (z, z / 10, z / 1e4):
        assert match(near, near) is None
        assert match(near, near / 2) is None
        assert match(near, near / 4 + 0.5) is None


@pytest.mark.parametrize("deep", [14, 2])
def test_a_tower_that_gets_no_gradient_is_found_beside_one_that_learns(deep):
    class Towers(nn.Module):
        def __init__(self):
            super().__init__()
            self.left = nn.Sequential(
                nn.Linear(INPUTS, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU()
            )
            sizes = [INPUTS] + [16] * deep
            self.right = nn.ModuleList(nn.Linear(n, m) for n, m in itertools.pairwise(sizes))
            self.out = nn.Linear(32, 3)

        def forward(self, x):
            h = x
            for layer in self.right:
                h = torch.sigmoid(layer(h))
            return self.out(torch.cat([self.left(x), h], 1))

    torch.manual_seed(0)
    found = watched(Towers(), steps=100).diagnosis.findings
    if deep == 2:
        assert not found
    else:
        assert [(f.kind, f.layer, f.cause) for f in found] == [
            ("vanishing-gradient", "right.0", "depth")
        ]
