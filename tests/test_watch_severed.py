"""States that are detached at each moment, and detached tensors that are meant."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import nonlin

MOMENTS, ROWS, FEATURES, HIDDEN = 12, 16, 5, 8


class OwnCell(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.wx = nn.Parameter(torch.randn(features, hidden) / features**0.5)
        self.wh = nn.Parameter(torch.randn(hidden, hidden) / hidden**0.5)

    def forward(self, x, h):
        return torch.tanh(x @ self.wx + h @ self.wh)


class JoinedCell(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.both = nn.Linear(features + hidden, hidden)

    def forward(self, x, h):
        return torch.tanh(self.both(torch.cat([x, h], dim=1)))


CELLS = [OwnCell, JoinedCell, nn.RNNCell, nn.GRUCell, nn.LSTMCell]


class Recurrent(nn.Module):
    """Reads a sequence moment by moment; `cut` is done to the state in between."""

    def __init__(self, cell, cut, each=False):
        super().__init__()
        self.cell, self.head = cell(FEATURES, HIDDEN), nn.Linear(HIDDEN, 1)
        self.cut, self.each = cut, each

    def forward(self, x):
        zeros = torch.zeros(x.shape[0], HIDDEN)
        is_lstm = isinstance(self.cell, nn.LSTMCell)
        state, answers = (zeros, zeros) if is_lstm else zeros, []
        for moment in x.unbind(1):
            state = tuple(map(self.cut, state)) if is_lstm else self.cut(state)
            state = self.cell(moment, state)
            answers.append(self.head(state[0] if is_lstm else state))
        return torch.stack(answers).mean(0) if self.each else answers[-1]


def fit(loss, *parameters, steps=12):
    """Findings of a training, each step of which is looked at."""
    optimizer = torch.optim.SGD(parameters, lr=0.01)
    with nonlin.watch(quiet=True, every=1) as watcher:
        for _ in range(steps):
            optimizer.zero_grad()
            loss()
            optimizer.step()
    assert watcher.run.parameters
    return [f for f in watcher.findings if f.kind == "blocked-gradient"]


def batch():
    x = torch.randn(ROWS, MOMENTS, FEATURES)
    return x, x.sum((1, 2)).tanh()[:, None]


def detached(state):
    return state.detach()


@pytest.mark.parametrize("cut", [detached, lambda h: h.data, lambda h: h.detach().clone()])
@pytest.mark.parametrize("cell", CELLS)
def test_a_state_that_is_detached_at_each_moment(cell, cut):
    torch.manual_seed(0)
    model = Recurrent(cell, cut)

    def loss():
        x, y = batch()
        F.mse_loss(model(x), y).backward()

    (finding,) = fit(loss, *model.parameters())
    assert (finding.severity, finding.cause) == ("problem", "detach")
    assert finding.layer.startswith("cell")
    assert finding.evidence["moments"] == MOMENTS - 1  # the first state is none of the cell's
    assert finding.repairs[0].text.startswith("Detach the state once a step")


def test_a_state_that_is_detached_in_some_steps():
    torch.manual_seed(0)
    steps = 0
    model = Recurrent(OwnCell, lambda h: h.detach() if steps % 3 == 0 else h)

    def loss():
        nonlocal steps
        steps += 1
        x, y = batch()
        F.mse_loss(model(x), y).backward()

    assert fit(loss, *model.parameters()) == []


@pytest.mark.parametrize("cell", CELLS)
def test_a_state_that_stays_in_the_graph(cell):
    torch.manual_seed(0)
    model = Recurrent(cell, lambda h: h * 1.0)

    def loss():
        x, y = batch()
        F.mse_loss(model(x), y).backward()

    assert fit(loss, *model.parameters()) == []


@pytest.mark.parametrize("cell", CELLS)
def test_moments_that_have_a_loss_each(cell):
    torch.manual_seed(0)
    model = Recurrent(cell, detached, each=True)

    def loss():
        x, y = batch()
        F.mse_loss(model(x), y).backward()

    assert fit(loss, *model.parameters()) == []


def test_back_propagation_that_is_truncated_to_windows():
    """Of which the state, a moving mean, is all that goes on, and no loss reads it."""
    torch.manual_seed(0)
    cell, head = OwnCell(FEATURES, HIDDEN), nn.Linear(HIDDEN, 1)
    state = torch.zeros(ROWS, HIDDEN)

    def loss():
        nonlocal state
        for _ in range(MOMENTS):
            x, y = batch()
            for moment in x[:, :3].unbind(1):
                out = cell(moment, state)
                mean = 0.5 * (state + out)
            F.mse_loss(head(out), y).backward()
            state = mean.detach()

    assert fit(loss, *cell.parameters(), *head.parameters()) == []


def test_inputs_that_are_moved_against_their_gradient():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 1))

    def loss():
        x = torch.randn(ROWS, FEATURES)
        moved = x
        for _ in range(MOMENTS):
            moved = moved.detach().requires_grad_()
            (slope,) = torch.autograd.grad(model(moved).sum(), moved)
            moved = moved + 0.1 * slope.sign()
        F.mse_loss(model(moved.detach()), x.sum(1, keepdim=True)).backward()

    assert fit(loss, *model.parameters()) == []


def test_a_policy_whose_state_is_detached_between_actions():
    torch.manual_seed(0)
    cell, head = nn.GRUCell(FEATURES, HIDDEN), nn.Linear(HIDDEN, 2)

    def loss():
        state, chances = torch.zeros(1, HIDDEN), []
        for _ in range(MOMENTS):
            state = cell(torch.randn(1, FEATURES), state.detach())
            chances.append(head(state).log_softmax(1)[0, 0])
        (-torch.stack(chances).mean()).backward()

    assert fit(loss, *cell.parameters(), *head.parameters()) == []
