"""Gains against closed forms and Monte Carlo, and what initialisation does to a deep network."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from torch import nn as tnn

import nonlin
from catalogue import SETTINGS, VECTORS
from nonlin import init, nn
from nonlin.errors import NonlinError
from tolerances import QUADRATURE, SIGMAS


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (nonlin.relu, math.sqrt(2)),
        (nonlin.identity, 1.0),
        (nonlin.identity.bind(a=2.0), 0.5),
        (nonlin.leaky_relu, math.sqrt(2 / (1 + 0.01**2))),
        (nonlin.leaky_relu.bind(alpha=0.2), math.sqrt(2 / (1 + 0.2**2))),
        (nonlin.prelu, math.sqrt(2 / (1 + 0.25**2))),
        (nonlin.selu, 1.0),
        (nonlin.binary_step, math.sqrt(2)),
        # E[exp(kz); z < 0] = exp(k²/2)·Φ(−k)
        (
            nonlin.elu,
            1
            / math.sqrt(
                0.5
                + math.exp(2) * 0.5 * math.erfc(2 / math.sqrt(2))
                - math.exp(0.5) * math.erfc(1 / math.sqrt(2))
                + 0.5
            ),
        ),
        # E[z²Φ(z)²] = 1/3 + 1/(2√3π)
        (nonlin.gelu, 1 / math.sqrt(1 / 3 + 1 / (2 * math.sqrt(3) * math.pi))),
    ],
    ids=str,
)
def test_gain_in_closed_form(record, expected):
    assert init.gain(record) == pytest.approx(expected, rel=QUADRATURE)


def test_gain_takes_names_and_bound_records():
    assert init.gain("relu") == init.gain(nonlin.relu)
    assert init.gain("silu") == init.gain(nonlin.swish)
    with pytest.raises(NonlinError, match="unknown activation 'relo'"):
        init.gain("relo")


@pytest.mark.parametrize("slope", [0.01, 0.2, 0.5])
def test_gain_is_torchs_where_the_theory_is_the_same(slope):
    assert init.gain("relu") == pytest.approx(tnn.init.calculate_gain("relu"), rel=QUADRATURE)
    assert init.gain("identity") == pytest.approx(tnn.init.calculate_gain("linear"))
    ours = init.gain(nonlin.leaky_relu.bind(alpha=slope))
    assert ours == pytest.approx(tnn.init.calculate_gain("leaky_relu", slope), rel=QUADRATURE)


@pytest.mark.parametrize("record", SETTINGS, ids=repr)
def test_second_moment_by_monte_carlo(record):
    z = np.random.default_rng(0).standard_normal(2**20)
    squares = record(z) ** 2
    if not squares.any():
        with pytest.raises(NonlinError, match="no gain exists"):
            init.gain(record)
        return
    deviation = squares.std() / math.sqrt(len(z))
    moment = init.second_moment(record)
    assert abs(squares.mean() - moment) < SIGMAS * deviation + QUADRATURE * moment
    assert init.gain(record) == pytest.approx(moment**-0.5)


@pytest.mark.parametrize("record", VECTORS, ids=repr)
def test_vectors_have_no_gain(record):
    text = f"{record.name}: gain needs an elementwise activation"
    with pytest.raises(NonlinError, match=f"^{re.escape(text)}$"):
        init.gain(record)


def test_a_zero_function_has_no_gain():
    text = "identity(a=0.0): E[f(z)²] = 0.0 for z ~ N(0, 1); no gain exists"
    with pytest.raises(NonlinError, match=f"^{re.escape(text)}$"):
        init.gain(nonlin.identity.bind(a=0))


def stack(name: str, depth: int, width: int) -> tnn.Sequential:
    layers: list[tnn.Module] = []
    for _ in range(depth):
        layers += [tnn.Linear(width, width), nn.from_record(nonlin.get(name))]
    return tnn.Sequential(*layers)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "selu", "tanh", "elu", "gelu", "mish"])
def test_variance_stays_near_1_through_20_layers(name):
    model = stack(name, depth=20, width=512)
    generator = torch.Generator().manual_seed(0)
    init.initialize_(model, generator=generator)
    signal = torch.randn(256, 512, generator=generator)
    second_moments = []
    with torch.no_grad():
        for layer in model:
            signal = layer(signal)
            if isinstance(layer, tnn.Linear):
                second_moments.append(signal.square().mean().item())
    assert len(second_moments) == 20
    assert min(second_moments) > 0.6
    assert max(second_moments) < 1.6


def test_the_wrong_gain_would_not():
    model = stack("relu", depth=20, width=512)
    generator = torch.Generator().manual_seed(0)
    for layer in model:
        if isinstance(layer, tnn.Linear):
            tnn.init.normal_(layer.weight, std=1 / math.sqrt(512), generator=generator)
            tnn.init.zeros_(layer.bias)
    with torch.no_grad():
        assert model[:-1](torch.randn(64, 512, generator=generator)).square().mean() < 1e-4


def test_same_generator_same_draws_up_to_scale():
    weights = {}
    for name in ("relu", "tanh", "swish"):
        model = stack(name, depth=3, width=8)
        done = init.initialize_(model, generator=torch.Generator().manual_seed(5))
        weights[name] = [model[i].weight.detach() for i in (0, 2, 4)]
        gain = init.gain(name)
        record = repr(nonlin.get(name))
        assert [(row.name, row.reads) for row in done.drawn] == [
            ("0", "input"),
            ("2", record),
            ("4", record),
        ]
        assert [row.gain for row in done.drawn] == pytest.approx([1, gain, gain])
    for name, layers in weights.items():
        torch.testing.assert_close(layers[0], weights["relu"][0])
        for ours, relu in zip(layers[1:], weights["relu"][1:], strict=True):
            scale = init.gain(name) / init.gain("relu")
            torch.testing.assert_close(ours, relu * scale, rtol=1e-5, atol=1e-7)


def test_convolutions_normalisation_and_torchs_own_modules():
    model = tnn.Sequential(
        tnn.Conv2d(4, 64, 3),
        tnn.BatchNorm2d(64),
        tnn.LeakyReLU(0.5),
        tnn.Conv2d(64, 64, 3, groups=2, bias=False),
        tnn.Flatten(),
        tnn.Linear(1024, 256),
        tnn.Embedding(3, 4),
    )
    untouched = [model[1].weight.clone(), model[6].weight.clone()]
    done = init.initialize_(model, generator=torch.Generator().manual_seed(0))
    gain = math.sqrt(2 / (1 + 0.5**2))
    assert [(row.name, row.reads, row.scheme) for row in done.drawn] == [
        ("0", "input", "LeCun"),
        ("3", "leaky_relu(alpha=0.5)", "He"),
        ("5", "a layer", "LeCun"),
    ]
    assert [row.gain for row in done.drawn] == pytest.approx([1, gain, 1])
    assert "in order of registration" in str(done)
    for index, fan_in, factor in ((0, 36, 1.0), (3, 288, gain), (5, 1024, 1.0)):
        weight = model[index].weight
        deviation = factor / math.sqrt(fan_in)
        slack = SIGMAS * deviation / math.sqrt(2 * weight.numel())
        assert abs(weight.std().item() - deviation) < slack
        assert weight.requires_grad
        if model[index].bias is not None:
            assert not model[index].bias.any()
    assert torch.equal(model[1].weight, untouched[0])
    assert torch.equal(model[6].weight, untouched[1])
