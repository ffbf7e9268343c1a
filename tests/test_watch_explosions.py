"""Trainings that explode in few steps, or between two looks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import nonlin
from nonlin.diagnosis.rules.exploding import _surge
from nonlin.diagnosis.sampling import Rates, Schedule


def network(width=32):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, width), nn.Tanh(), nn.Linear(width, 1))


def data():
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(128, 6, generator=generator)
    return x, (x[:, :1] * x[:, 1:2]).sin()


def watched(
    change=lambda step, model, optimizer: None,
    model=None,
    steps=40,
    every=1,
    scale=lambda step: 1.0,
):
    """Train with a change of the weights before each step."""
    x, y = data()
    model = model or network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with nonlin.watch(quiet=True, every=every) as watcher:
        for step in range(steps):
            loss = scale(step) * F.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            change(step, model, optimizer)
            optimizer.step()
    return watcher


def stretched(factor, first, last):
    """Gradients that make the output layer's weights so many times as long, in some steps."""

    def change(step, model, optimizer):
        if first <= step <= last:
            weight = model[2].weight
            weight.grad = -weight.detach() * (factor - 1) / 0.01

    return change


def exploding(watcher):
    return [f for f in watcher.findings if f.kind == "exploding-gradient"]


@pytest.mark.parametrize(
    ("factor", "first", "last", "found"),
    [
        (4.0, 5, 6, True),  # two steps, sixteen times as long, and small steps from then on
        (2.5, 5, 6, False),  # two steps, six times
        (12.0, 5, 5, False),  # one step: of one layer, another training may begin so
    ],
)
def test_weights_that_two_steps_made_ten_times_as_long(factor, first, last, found):
    findings = exploding(watched(stretched(factor, first, last)))
    assert [f.layer for f in findings] == (["2"] if found else [])
    if found:
        assert findings[0].since_step == first
        assert findings[0].evidence["steps_as_long_as_the_weights"] == 2


def test_a_first_step_that_replaces_all_weights():
    """However long they are from then on: the length at the start is what it is held against."""

    def change(step, model, optimizer):
        if step == 1:
            for p in model.parameters():
                p.grad = torch.randn_like(p) * 1e9

    (found,) = exploding(watched(change))
    assert found.since_step == 1
    assert found.evidence["largest_update"] > 1e6


@pytest.mark.parametrize(
    ("gradient", "surge", "at"),
    [
        ([1, 1, 1, 100, 1, 1, 1000], 1000, 6),
        ([1, 1, 1, 10, 100, 1000, 11000], 2000, 6),
        ([4, 4, 4, 2, 1, 1, 1], 0.5, 3),  # it died
        ([0, 0, 0, 1, 1], 0, 3),
        ([1, 9], 0, 0),
    ],
)
def test_a_surge_is_over_what_came_before(gradient, surge, at):
    assert _surge(np.array(gradient, dtype=float)) == pytest.approx((surge, at))


def test_layers_that_start_at_zero_may_take_long_steps():
    model = network()
    with torch.no_grad():
        model[2].weight.zero_()
    assert exploding(watched(model=model)) == []


@pytest.mark.parametrize(("rise", "found"), [(1e6, True), (1e2, False)])
def test_a_loss_that_rose_between_two_looks(rise, found):
    """No step is long, as none of Adam's is, and the loss is beyond all measure at the end."""

    def change(step, model, optimizer):
        if step == 20:
            optimizer.param_groups[0]["lr"] /= rise

    findings = exploding(watched(change, scale=lambda step: rise if step >= 20 else 1.0))
    assert bool(findings) == found
    if found:
        assert findings[0].since_step == 20
        assert findings[0].threshold.name == "surge"
        assert findings[0].evidence["loss_over_first"] > 1e5
        assert "and the loss to" in findings[0].summary


def test_a_rate_that_jumps_is_looked_at():
    """Units that die when a schedule multiplies the rate: between two looks, late in a run."""

    x, y = data()
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with nonlin.watch(quiet=True, overhead=1e-9) as watcher:
        for step in range(400):
            if step == 300:
                optimizer.param_groups[0]["lr"] *= 2
            optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()
            optimizer.step()
    assert [step for step in watcher.run.sampled if step > 290][:3] == [301, 302, 303]


def test_a_rate_that_rises_slowly_is_no_reason_to_look():
    rates = Rates()
    optimizer = torch.optim.SGD(network().parameters(), lr=0.01)
    assert not rates.jump(optimizer)
    for factor, jumps in ((1.9, False), (2.0, True), (0.1, False), (1.0, False)):
        optimizer.param_groups[0]["lr"] *= factor
        assert rates.jump(optimizer) == jumps
    optimizer.param_groups[0]["lr"] = torch.tensor(99.0)
    assert not rates.jump(optimizer)


def test_a_watcher_that_has_spent_its_time_still_looks_before_the_end():
    """Two fifths more steps at the most: what begins in the last quarter of a run is seen."""
    schedule = Schedule(overhead=1e-9)
    schedule.begin()
    looks, looked = [], False
    for step in range(3000):
        looked = schedule.wants(step, looked)
        schedule.note(1e-3)
        looks += [step] * looked
    assert all(after <= 1.4 * (before + 1) for before, after in itertools.pairwise(looks))


@pytest.mark.parametrize("seed", [0, 1])
def test_units_shut_while_numbers_explode_are_a_consequence(seed):
    torch.manual_seed(seed)
    x = torch.randn(700, 8) + 0.5
    y = F.one_hot((x[:, 0] > 0).long(), 2) * 5.0
    layers = [part for _ in range(2) for part in (nn.Linear(64, 64), nn.ReLU())]
    model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), *layers, nn.Linear(64, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
    with nonlin.watch(quiet=True, every=1) as watcher:
        for _ in range(60):
            optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()
            optimizer.step()
    assert [f.kind for f in watcher.findings] == ["exploding-gradient", "non-finite"]
