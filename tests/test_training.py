"""Pairing, choice of learning rate and the measurements inside a network."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import nonlin
from nonlin.comparison import data as datasets
from nonlin.comparison.judging import layer_figures
from nonlin.comparison.measure import measure_layers
from nonlin.comparison.metrics import loss_of
from nonlin.comparison.models import build_model
from nonlin.comparison.planning import Candidate, choose_rate
from nonlin.comparison.settings import Settings
from nonlin.comparison.training import RunKey, spread, train
from nonlin.naming import parse_activations


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


def settings(**changes):
    values = {"data": "digits", "model": "mlp", "epochs": 1, "learning_rates": (1e-3,)}
    activations = parse_activations("relu,tanh,prelu,swish(learned)")
    return Settings(**{**values, "activations": activations, **changes})


@pytest.mark.parametrize("init", ["default", "matched"])
def test_initial_weights_are_paired(digits, init):
    asked = settings(init=init)
    weights = {}
    for record in asked.activations:
        model = build_model(asked, digits, record, seed=3)
        weights[record.name] = [m.weight.detach() for m in model if isinstance(m, nn.Linear)]
    for layers in zip(*weights.values(), strict=True):
        for other in layers[1:]:
            scale = other.norm() / layers[0].norm()
            assert scale == pytest.approx(1.0) or init == "matched"
            torch.testing.assert_close(other, layers[0] * scale)


def test_other_seeds_draw_other_weights(digits):
    first, second = (build_model(settings(), digits, nonlin.relu, seed) for seed in (0, 1))
    assert not torch.equal(first[1].weight, second[1].weight)


def test_activations_see_the_same_batches(digits):
    """Networks that cannot move (learning rate 1e-30) must report the same losses."""
    asked = settings(activations=parse_activations("leaky_relu(alpha=0.25),prelu"))
    runs = [
        train(asked, digits, record, RunKey(repr(record), "final", 5, 1e-30))
        for record in asked.activations
    ]
    assert runs[0].epochs == runs[1].epochs
    assert runs[0].test_loss == runs[1].test_loss


def test_same_seed_repeats_to_the_bit_whatever_ran_before(digits):
    asked, key = settings(norm="batch"), RunKey("relu", "final", 1, 1e-3)
    first = train(asked, digits, nonlin.relu, key)
    torch.rand(17)
    second = train(asked, digits, nonlin.relu, key)
    assert first.epochs == second.epochs
    assert first.layers == second.layers
    assert first.test_loss == second.test_loss


def test_training_matches_a_bare_loop(digits):
    asked = settings(epochs=2, init="default")
    run = train(asked, digits, nonlin.relu, RunKey("relu", "final", 7, 1e-2))
    torch.manual_seed(7)
    layers: list[nn.Module] = [nn.Flatten()]
    for size in (64, 64, 64, 64):
        layers += [nn.Linear(size, 64), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    rows, _ = digits.split(7)
    order = torch.Generator().manual_seed(7)
    for _ in range(2):
        for batch in torch.randperm(len(rows), generator=order).split(64):
            x, y = digits.x[rows][batch], digits.y[rows][batch]
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    with torch.no_grad():
        right = (model(digits.x_test).argmax(dim=1) == digits.y_test).double().mean()
    assert run.test_metric == pytest.approx(float(right), abs=1e-12)


def test_learned_parameters_train(digits):
    asked = settings(epochs=3)
    for record in parse_activations("prelu,swish(learned)"):
        model = build_model(asked, digits, record, 0)
        learned = [p for name, p in model.named_parameters() if name.split(".")[-1] in record.bound]
        assert len(learned) == asked.depth
        loss = loss_of(digits)(model(digits.x[:64]), digits.y[:64])
        loss.backward()
        assert all(p.grad is not None and p.grad.abs().item() > 0 for p in learned)


class TestChoice:
    @staticmethod
    def candidate(lr, metric, loss=1.0, status="done"):
        return Candidate(lr, status, metric, loss)

    def test_best_metric_wins(self):
        tried = [self.candidate(0.1, 0.9), self.candidate(0.2, 0.95), self.candidate(0.3, 0.8)]
        assert choose_rate(tried, higher_is_better=True) == 0.2
        assert choose_rate(tried, higher_is_better=False) == 0.3

    def test_loss_breaks_ties(self):
        tried = [self.candidate(0.1, 0.9, 2.0), self.candidate(0.2, 0.9, 1.0)]
        assert choose_rate(tried, higher_is_better=True) == 0.2

    def test_diverged_and_failed_are_left_out(self):
        tried = [
            self.candidate(0.1, 0.5),
            self.candidate(0.2, math.nan, math.nan, "diverged"),
            self.candidate(0.3, math.nan, math.nan, "failed"),
        ]
        assert choose_rate(tried, higher_is_better=True) == 0.1
        assert choose_rate(tried[1:], higher_is_better=True) == 0.2
        assert choose_rate(tried[2:], higher_is_better=True) is None


def test_spread_covers_first_and_last():
    assert spread(3, 20) == {1, 2, 3}
    assert {1, 50} <= spread(50, 6)
    assert len(spread(50, 6)) == 6
    assert spread(1, 6) == {1}


class TestMeasure:
    """A network small enough to know every figure."""

    @pytest.fixture
    def network(self):
        model = nn.Sequential(nn.Linear(2, 4), nonlin.nn.ReLU(), nn.Linear(4, 3), nonlin.nn.Tanh())
        with torch.no_grad():
            for layer in (model[0], model[2]):
                layer.weight.copy_(
                    torch.linspace(-1, 1, layer.weight.numel()).view_as(layer.weight)
                )
            model[0].bias.copy_(torch.tensor([0.0, 0.0, -100.0, -100.0]))
        return model

    def test_figures_against_autograd(self, network):
        x = torch.tensor([[1.0, -1.0], [0.5, 2.0], [-2.0, -0.5]])
        y = torch.ones(3, 3)
        loss = nn.functional.mse_loss
        first, second = measure_layers(network, loss, x, y)
        z1 = network[0](x).detach().requires_grad_()
        z2 = network[2](network[1](z1))
        z2.retain_grad()
        output = network[3](z2)
        loss(output, y).backward()
        assert first.gradient_rms == pytest.approx(float(z1.grad.square().mean().sqrt()))
        assert second.gradient_rms == pytest.approx(float(z2.grad.square().mean().sqrt()))
        assert second.activation_mean == pytest.approx(float(output.detach().mean()))
        assert second.activation_std == pytest.approx(float(output.detach().std()))
        assert (first.name, second.name) == ("1", "3")
        # The two units with bias −100 are shut on every row.
        assert first.blocked == 0.5
        assert second.blocked == 0.0

    def test_network_is_left_as_it_was(self, network):
        model = nn.Sequential(network, nn.BatchNorm1d(3), nn.Dropout(0.5)).eval()
        before = {name: value.clone() for name, value in model.state_dict().items()}
        x, state = torch.randn(5, 2), torch.get_rng_state()
        measure_layers(model, nn.functional.mse_loss, x, torch.ones(5, 3))
        assert not model.training
        assert all(p.grad is None for p in model.parameters())
        assert all(torch.equal(before[name], v) for name, v in model.state_dict().items())
        assert not model[0][1]._forward_hooks
        assert torch.equal(torch.get_rng_state(), state)

    def test_negative_units_of_leaky_are_not_blocked(self):
        model = nn.Sequential(nn.Linear(2, 4), nonlin.nn.LeakyReLU())
        with torch.no_grad():
            model[0].bias.fill_(-100.0)
        (layer,) = measure_layers(
            model, nn.functional.mse_loss, torch.randn(9, 2), torch.ones(9, 4)
        )
        assert layer.blocked == 0.0

    def test_channels_are_the_units_of_a_convolution(self):
        model = nn.Sequential(nn.Conv2d(1, 4, 3), nonlin.nn.ReLU(), nn.Flatten(), nn.Linear(16, 1))
        with torch.no_grad():
            model[0].bias.copy_(torch.tensor([-100.0, 5.0, 5.0, 5.0]))
        x, y = torch.randn(8, 1, 4, 4), torch.zeros(8, 1)
        (layer,) = measure_layers(model, nn.functional.mse_loss, x, y)
        assert layer.blocked == 0.25

    def test_saturated_sigmoid_is_blocked(self):
        model = nn.Sequential(nn.Linear(2, 2), nonlin.nn.Sigmoid())
        with torch.no_grad():
            model[0].bias.copy_(torch.tensor([40.0, 0.0]))
        (layer,) = measure_layers(
            model, nn.functional.mse_loss, torch.randn(9, 2), torch.ones(9, 2)
        )
        assert layer.blocked == 0.5


def test_gradient_ratio_is_the_geometric_mean_of_first_over_last():
    import pandas

    rows = [
        {"run_id": run, "epoch": epoch, "layer": layer, "gradient_rms": g, "blocked": 0.25}
        for run, epoch, layer, g in [
            (1, 0, 0, 0.1), (1, 0, 1, 5.0), (1, 0, 2, 1.0),
            (2, 0, 0, 10.0), (2, 0, 1, 5.0), (2, 0, 2, 1.0),
            (1, 3, 0, 2.0), (1, 3, 2, 1.0), (2, 3, 0, 8.0), (2, 3, 2, 1.0),
        ]
    ]  # fmt: skip
    figures = layer_figures(pandas.DataFrame(rows))
    assert figures["gradient_ratio_start"] == pytest.approx(1.0)
    assert figures["gradient_ratio_end"] == pytest.approx(4.0)
    assert figures["blocked_share"] == 0.25
