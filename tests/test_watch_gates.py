"""The functions inside nn.LSTM, nn.GRU and nn.RNN, which run as one call."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

import nonlin
from nonlin.diagnosis import gates

LAYERS = {"lstm": (nn.LSTM, nn.LSTMCell), "gru": (nn.GRU, nn.GRUCell)}
TIME, ROWS, FEATURES, HIDDEN = 6, 5, 3, 4


class Catch(TorchFunctionMode):
    """Keeps what the watcher would be told."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") in gates.CALLS:
            self.found = gates.gate_inputs(func.__name__, args, result)
        return result


def caught(module, *inputs):
    with Catch() as catch:
        module(*inputs)
    return catch.found


def by_hand(kind, layer, x):
    """Inputs of the gates and the candidate at each moment, as PyTorch's pages state them."""
    cell = LAYERS[kind][1](FEATURES, HIDDEN, bias=layer.bias)
    cell.load_state_dict({k.removesuffix("_l0"): v for k, v in layer.state_dict().items()})
    zero = torch.zeros(HIDDEN)
    b_x = cell.bias_ih.chunk(4 if kind == "lstm" else 3) if layer.bias else [zero] * 4
    b_h = cell.bias_hh.chunk(4 if kind == "lstm" else 3) if layer.bias else [zero] * 4
    w_x, w_h = (
        w.chunk(len(b_x) if layer.bias else w.shape[0] // HIDDEN)
        for w in cell.parameters()
        if w.ndim == 2
    )
    h = torch.zeros(x.shape[1], HIDDEN)
    state = (h, h.clone())
    at_gates, at_candidate = [], []
    for moment in x:
        h = state[0]
        part = [
            (moment @ wx.T + bx, h @ wh.T + bh)
            for wx, bx, wh, bh in zip(w_x, b_x, w_h, b_h, strict=False)
        ]
        if kind == "lstm":
            at_gates.append(torch.cat([sum(part[k]) for k in (0, 1, 3)], 1))
            at_candidate.append(sum(part[2]))
            state = cell(moment, state)
        else:
            at_gates.append(torch.cat([sum(part[0]), sum(part[1])], 1))
            at_candidate.append(part[2][0] + torch.sigmoid(sum(part[0])) * part[2][1])
            state = (cell(moment, h), h)
    return torch.stack(at_gates), torch.stack(at_candidate)


@pytest.mark.parametrize("both_ways", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
def test_inputs_of_the_gates(kind, bias, batch_first, both_ways):
    torch.manual_seed(0)
    layer = LAYERS[kind][0](
        FEATURES, HIDDEN, bias=bias, batch_first=batch_first, bidirectional=both_ways
    )
    x = torch.randn(TIME, ROWS, FEATURES)
    forward = LAYERS[kind][0](FEATURES, HIDDEN, bias=bias)
    forward.load_state_dict({k: v for k, v in layer.state_dict().items() if "reverse" not in k})
    true = by_hand(kind, forward, x)
    if batch_first:
        true = tuple(t.transpose(0, 1) for t in true)
    found = caught(layer, x.transpose(0, 1) if batch_first else x)
    assert found.function == "tanh"
    for got, wanted in zip((found.gates, found.candidate), true, strict=True):
        torch.testing.assert_close(got, wanted.reshape(got.shape))


@pytest.mark.parametrize("kind", LAYERS)
def test_inputs_of_a_cells_gates(kind):
    torch.manual_seed(0)
    layer, cell = LAYERS[kind][0](FEATURES, HIDDEN), LAYERS[kind][1](FEATURES, HIDDEN)
    layer.load_state_dict({f"{k}_l0": v for k, v in cell.state_dict().items()})
    x = torch.randn(1, ROWS, FEATURES)
    found = caught(cell, x[0])
    true = by_hand(kind, layer, x)
    for got, wanted in zip((found.gates, found.candidate), true, strict=True):
        torch.testing.assert_close(got, wanted[0])


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("kind", ["tanh", "relu"])
def test_inputs_of_a_plain_recurrent_layers_function(kind, bias):
    torch.manual_seed(0)
    layer = nn.RNN(FEATURES, HIDDEN, nonlinearity=kind, bias=bias)
    cell = nn.RNNCell(FEATURES, HIDDEN, nonlinearity=kind, bias=bias)
    cell.load_state_dict({k.removesuffix("_l0"): v for k, v in layer.state_dict().items()})
    x = torch.randn(TIME, ROWS, FEATURES)
    found, states = caught(layer, x), layer(x)[0]
    assert (found.gates, found.function) == (None, kind)
    torch.testing.assert_close(nonlin.get(kind)(found.candidate), states.detach().flatten(0, 1))
    found = caught(cell, x[1], states[0])
    torch.testing.assert_close(nonlin.get(kind)(found.candidate), states[1].detach())


@pytest.mark.parametrize("scale", [1.0, 400.0])
@pytest.mark.parametrize("cell", [False, True])
def test_a_plain_recurrent_layer_that_the_input_saturates(cell, scale):
    torch.manual_seed(0)
    x = scale * (1 + 0.1 * torch.randn(64, 10, FEATURES))
    y = (x.mean((1, 2)) > scale).long()
    out = nn.Linear(16, 2)
    layer = (nn.RNNCell if cell else nn.RNN)(FEATURES, 16)

    def last():
        if not cell:
            return layer(x.transpose(0, 1))[0][-1]
        h = torch.zeros(64, 16)
        for moment in x.transpose(0, 1):
            h = layer(moment, h)
        return h

    optimizer = torch.optim.Adam([*layer.parameters(), *out.parameters()], lr=1e-3)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(60):
            optimizer.zero_grad()
            F.cross_entropy(out(last()), y).backward()
            optimizer.step()
    found = [(f.kind, f.cause) for f in watcher.diagnosis.findings]
    assert found == ([("saturated-units", "input-scale")] if scale > 1 else [])


@pytest.mark.parametrize("kind", LAYERS)
def test_of_stacked_and_packed_layers_the_input_alone_is_seen(kind):
    torch.manual_seed(0)
    layer = LAYERS[kind][0](FEATURES, HIDDEN, num_layers=2)
    x = torch.randn(TIME, ROWS, FEATURES)
    stacked = caught(layer, x)
    packed = caught(layer, nn.utils.rnn.pack_padded_sequence(x, [TIME] * ROWS))
    first = LAYERS[kind][0](FEATURES, HIDDEN)
    first.load_state_dict({k: v for k, v in layer.state_dict().items() if k.endswith("l0")})
    alone = torch.cat([caught(first, moment[None]).gates for moment in x])
    for found in (stacked, packed):
        torch.testing.assert_close(found.gates, alone)


def test_a_projection_is_left_alone():
    assert caught(nn.LSTM(FEATURES, HIDDEN, proj_size=2), torch.randn(TIME, ROWS, FEATURES)) is None


class Reader(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.rnn, self.out = layer, nn.Linear(16, 2)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])


@pytest.mark.parametrize("scale", [1.0, 500.0])
@pytest.mark.parametrize("kind", LAYERS)
def test_gates_that_the_input_shuts_are_saturated(kind, scale):
    torch.manual_seed(0)
    x = scale * (1 + 0.1 * torch.randn(64, 10, FEATURES))
    y = (x.mean((1, 2)) > scale).long()
    model = Reader(LAYERS[kind][0](FEATURES, 16, batch_first=True))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(60):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    found = {(f.kind, f.layer, f.cause) for f in watcher.diagnosis.findings}
    wanted = {
        ("saturated-units", "rnn:gates", "input-scale"),
        ("saturated-units", "rnn:candidate", "input-scale"),
    }
    assert found == (wanted if scale > 1 else set())


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_network_of_gates_alone_has_activations(kind):
    torch.manual_seed(0)
    layer, head = LAYERS[kind][0](FEATURES, HIDDEN), nn.Linear(HIDDEN, 1)
    optimizer = torch.optim.SGD([*layer.parameters(), *head.parameters()], lr=0.01)
    with nonlin.watch(quiet=True, every=1) as watcher:
        for _ in range(3):
            x = torch.randn(TIME, ROWS, FEATURES)
            optimizer.zero_grad()
            head(layer(x)[0]).square().mean().backward()
            optimizer.step()
    assert watcher.run.gates
    assert watcher.diagnosis.notes == ()
