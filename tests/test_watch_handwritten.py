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
from nonlin.diagnosis.handwritten import match
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
