"""Programs of other shapes: what is seen of them, and what is not held against them."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import nonlin
from trainings import INPUTS, Functional, data, dense, fit


def _found(watcher) -> list[tuple[str, str, str]]:
    return [(f.kind, f.cause, f.layer) for f in watcher.diagnosis.findings]


def _descend(parameters, loss, steps=60, rate=1e-3):
    optimizer = torch.optim.Adam(parameters, lr=rate)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(steps):
            optimizer.zero_grad()
            loss().backward()
            optimizer.step()
    return watcher


def test_a_program_without_modules_is_seen():
    torch.manual_seed(0)
    x, y = data()
    w1 = (3 * torch.randn(INPUTS, 64)).requires_grad_()
    deeper = {"w2": (3 * torch.randn(64, 64)).requires_grad_()}
    out = torch.zeros(64, 3, requires_grad=True)

    def loss():
        h = torch.tanh(torch.sigmoid(x @ w1) @ deeper["w2"])
        return F.cross_entropy(h @ out, y)

    watcher = _descend([w1, deeper["w2"], out], loss)
    assert set(watcher.diagnosis.activations) == {"w1:sigmoid", "deeper['w2']:tanh"}
    kinds = {(kind, layer) for kind, _, layer in _found(watcher)}
    assert ("saturated-units", "deeper['w2']:tanh") in kinds


def test_a_loops_variable_is_no_name():
    torch.manual_seed(0)
    x, y = data()
    weights = []
    for n, m in ((INPUTS, 32), (32, 3)):
        w = torch.randn(n, m) / n**0.5
        weights.append(w.requires_grad_())
    watcher = _descend(weights, lambda: F.cross_entropy(torch.relu(x @ weights[0]) @ w, y))
    assert set(watcher.run.parameters) == {"weights[0]", "weights[1]"}


def test_what_is_exchanged_in_a_model_gets_its_names():
    torch.manual_seed(0)
    model = dense(nn.SiLU)
    with nonlin.watch(quiet=True) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.05))
        model[2] = nn.Sequential(nn.Linear(32, 32), nn.LayerNorm(32))
        trained = list(model[2].parameters())
        fit(model, torch.optim.SGD(trained, lr=0.05))
    assert {"2.0.weight", "2.0.bias", "2.1.weight", "2.1.bias"} <= set(watcher.run.parameters)


def test_a_parameter_that_no_variable_holds_is_named_by_its_place():
    torch.manual_seed(0)
    x, y = data()
    deep = {"net": [{"w": (torch.randn(INPUTS, 3) / 3).requires_grad_()}]}
    optimizer = torch.optim.SGD([deep["net"][0]["w"]], lr=0.1)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(5):
            F.cross_entropy(x @ deep["net"][0]["w"], y).backward()
            optimizer.step()
    assert set(watcher.run.parameters) == {"SGD.parameter1"}


def test_a_program_without_modules_may_be_well():
    torch.manual_seed(0)
    x, y = data()
    w = [(torch.randn(n, m) / n**0.5).requires_grad_() for n, m in ((INPUTS, 64), (64, 3))]
    watcher = _descend(w, lambda: F.cross_entropy(torch.relu(x @ w[0]) @ w[1], y))
    assert _found(watcher) == []
    assert list(watcher.diagnosis.activations) == ["w[0]:relu"]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: x.clamp(min=0), "relu"),
        (lambda x: torch.clamp_min(x, 0.0), "relu"),
        (lambda x: torch.clip(x, -1, 1), "hard_tanh"),
    ],
)
def test_clamps_are_activations(call, name):
    torch.manual_seed(0)
    model = Functional(call)
    with nonlin.watch(quiet=True) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.05))
    assert [repr(s.record) for s in watcher.run.sites.values()] == [name, name]
    assert _found(watcher) == []


def test_a_clamp_that_kills_is_found():
    torch.manual_seed(0)
    model = Functional(lambda x: x.clamp(min=0))
    nn.init.constant_(model.fc1.bias, -20.0)
    with nonlin.watch(quiet=True) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.05))
    assert ("dead-units", "negative-bias", "fc1:relu") in _found(watcher)


def test_a_clamp_that_never_binds_leaves_a_linear_network():
    torch.manual_seed(0)
    model = Functional(lambda x: x.clamp(-50, 50))
    with nonlin.watch(quiet=True) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.05))
    found = watcher.diagnosis.findings
    assert [(f.kind, f.cause, f.since_step) for f in found] == [
        ("linear-network", "unused-bend", 0)
    ]


def test_a_clamp_beside_activations_is_a_guard():
    torch.manual_seed(0)

    class Guarded(Functional):
        def forward(self, x):
            return self.out(F.relu(self.fc2(self.fc1(x).clamp(-50, 50))))

    model = Guarded()
    with nonlin.watch(quiet=True) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.05))
    assert _found(watcher) == []


class _Recurrent(nn.Module):
    """Reads one-hot symbols of shape (rows, moments, 8), and answers from the last state."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.read, self.hold = nn.Linear(8, 32), nn.Linear(32, 32, bias=False)
        self.activation, self.answer = activation, nn.Linear(32, 4)

    def forward(self, x):
        h = x.new_zeros(len(x), 32)
        for t in range(x.shape[1]):
            h = self.activation(self.read(x[:, t]) + self.hold(h))
        return self.answer(h)


def _recall(first: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Sequences whose class is the first symbol, or the last one."""
    symbols = torch.randint(4, 8, (256, 20))
    classes = torch.randint(0, 4, (256,))
    symbols[:, 0 if first else -1] = classes
    return F.one_hot(symbols, 8).float(), classes


@pytest.mark.parametrize("first", [True, False])
def test_gradients_that_vanish_over_moments_are_found_where_they_are_needed(first):
    torch.manual_seed(0)
    model = _Recurrent(nn.Sigmoid())
    with nonlin.watch(quiet=True, every=3) as watcher:
        fit(model, torch.optim.Adam(model.parameters(), lr=0.005), batch=_recall(first), steps=90)
    site = watcher.run.sites["activation"]
    _, table = site.over_calls.table()
    assert (table["calls"] == 20).all()
    assert table["first"][0] < 1e-7 * table["largest"][0]
    expected = [("vanishing-gradient", "depth", "activation")] if first else []
    assert _found(watcher) == expected


class _Gated(nn.Module):
    """Carries its state on by 1 − z and takes up z of a new one."""

    def __init__(self, bias: float) -> None:
        super().__init__()
        self.read, self.hold = nn.Linear(8, 64), nn.Linear(32, 64, bias=False)
        self.answer = nn.Linear(32, 4)
        with torch.no_grad():
            self.read.bias[:32].fill_(bias)

    def forward(self, x):
        h = x.new_zeros(len(x), 32)
        for t in range(x.shape[1]):
            z, new = (self.read(x[:, t]) + self.hold(h)).chunk(2, dim=-1)
            z = torch.sigmoid(z)
            h = (1 - z) * h + z * F.softsign(new)
        return self.answer(h)


@pytest.mark.parametrize(("bias", "first"), [(3.0, True), (3.0, False), (-4.0, True)])
def test_gradients_that_vanish_over_the_moments_of_a_gated_cell(bias, first):
    torch.manual_seed(0)
    model = _Gated(bias)
    with nonlin.watch(quiet=True, every=3) as watcher:
        fit(model, torch.optim.Adam(model.parameters(), lr=5e-4), batch=_recall(first), steps=90)
    lost = first and bias > 0
    found = watcher.diagnosis.findings
    assert [f.kind for f in found] == ["vanishing-gradient"] * lost
    assert ["the bias of the gate" in f.repairs[0].text for f in found] == [True] * lost


def test_gradients_over_moments_agree_with_autograd():
    torch.manual_seed(0)
    model = _Recurrent(nn.Tanh())
    x, y = _recall(True)
    states = []
    handle = model.activation.register_forward_hook(lambda m, i, h: states.append(h))
    grads = torch.autograd.grad(F.cross_entropy(model(x), y), states)
    norms = [float(g.norm()) for g in grads]
    handle.remove()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with nonlin.watch(quiet=True, every=1) as watcher:
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    _, table = watcher.run.sites["activation"].over_calls.table()
    assert table["first"][0] == pytest.approx(norms[0], rel=1e-5)
    assert table["largest"][0] == pytest.approx(max(norms), rel=1e-5)


class _Layered(nn.Module):
    """nn.RNN or nn.RNNCell, whose activations run inside PyTorch's own code."""

    def __init__(self, cell: bool, nonlinearity: str = "tanh", layers: int = 1) -> None:
        super().__init__()
        kind = nn.RNNCell if cell else nn.RNN
        more = {} if cell else {"num_layers": layers, "batch_first": True}
        self.rnn = kind(8, 32, nonlinearity=nonlinearity, **more)
        self.cell, self.answer = cell, nn.Linear(32, 4)

    def forward(self, x):
        if not self.cell:
            states, last = self.rnn(x)
            return self.answer(states[:, -1]) + self.answer(last[-1])
        h = x.new_zeros(len(x), 32)
        for t in range(x.shape[1]):
            h = self.rnn(x[:, t], h)
        return self.answer(h)


@pytest.mark.parametrize("layers", [1, 2])
def test_the_gradient_over_the_moments_of_a_layer_is_that_of_autograd(layers):
    torch.manual_seed(0)
    model = _Layered(cell=False, layers=layers)
    x, y = _recall(True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    weight = getattr(model.rnn, f"weight_hh_l{layers - 1}").detach().clone()
    with nonlin.watch(quiet=True, every=1) as watcher:
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    _, table = watcher.run.recurrent["rnn"].over_calls.table()

    # The last layer once more, moment by moment, with the weights from before the step.
    torch.manual_seed(0)
    model = _Layered(cell=False, layers=layers)
    last = layers - 1
    assert torch.equal(getattr(model.rnn, f"weight_hh_l{last}"), weight)
    below = x
    for layer in range(layers):
        w_in, w_state = (getattr(model.rnn, f"weight_{k}_l{layer}") for k in ("ih", "hh"))
        b = sum(getattr(model.rnn, f"bias_{k}_l{layer}") for k in ("ih", "hh"))
        states, h = [], x.new_zeros(len(x), 32)
        for t in range(x.shape[1]):
            h = torch.tanh(below[:, t] @ w_in.T + h @ w_state.T + b)
            states.append(h)
        below = torch.stack(states, 1)
    grads = torch.autograd.grad(F.cross_entropy(2 * model.answer(states[-1]), y), states)
    norms = [float(g.norm()) for g in grads]
    assert table["calls"][0] == len(norms)
    assert table["first"][0] == pytest.approx(norms[0], rel=1e-4)
    assert table["last"][0] == pytest.approx(norms[-1], rel=1e-4)


@pytest.mark.parametrize("cell", [True, False])
def test_vanishing_and_exploding_over_the_moments_of_a_layer(cell):
    torch.manual_seed(0)
    x, y = _recall(True)
    found = {}
    for scale in (0.05, 0.4):
        model = _Layered(cell, "relu" if scale > 0.1 else "tanh")
        with torch.no_grad():
            for name, parameter in model.rnn.named_parameters():
                if "weight_hh" in name:
                    parameter.normal_(0, scale)
        with nonlin.watch(quiet=True, every=3) as watcher:
            fit(model, torch.optim.SGD(model.parameters(), lr=1e-9), batch=(x, y), steps=60)
        found[scale] = _found(watcher)
    assert found == {
        0.05: [("vanishing-gradient", "depth", "rnn")],
        0.4: [("exploding-gradient", "init-scale", "rnn")],
    }


def test_a_page_without_activations_is_written():
    torch.manual_seed(0)
    model = _Layered(cell=False)
    with nonlin.watch(quiet=True) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.05), batch=_recall(False))
    assert watcher.diagnosis.activations == {"rnn": "tanh"}
    assert watcher.diagnosis.notes == ()
    assert 'id="findings"' in watcher.diagnosis.to_html()


def test_a_detached_state_is_found_behind_a_recurrent_layer():
    torch.manual_seed(0)

    class Cut(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.gru = nn.Embedding(8, 16), nn.GRU(16, 32, batch_first=True)
            self.answer = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 4))

        def forward(self, x):
            return self.answer(self.gru(self.embed(x.argmax(-1)))[1][-1].data)

    model = Cut()
    with nonlin.watch(quiet=True) as watcher:
        fit(model, torch.optim.Adam(model.parameters()), batch=_recall(False))
    (finding,) = watcher.diagnosis.findings
    assert (finding.kind, finding.cause, finding.layer) == ("blocked-gradient", "detach", "gru")
    assert finding.layers == ("embed", "gru")


def test_a_generator_that_is_cut_off_in_every_step_is_found():
    torch.manual_seed(0)
    x, _ = data()
    make, judge = dense(nn.Tanh), nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizers = [torch.optim.Adam(m.parameters()) for m in (judge, make)]
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(40):
            fake = make(x).detach()
            for optimizer, sign in zip(optimizers, (1, -1), strict=True):
                optimizer.zero_grad()
                F.softplus(sign * judge(fake)).mean().backward()
                optimizer.step()
    (finding,) = watcher.diagnosis.findings
    assert (finding.kind, finding.cause) == ("blocked-gradient", "detach")
    assert finding.layers == ("0", "2", "4")


def test_equal_weights_of_a_recurrent_layer_are_found():
    torch.manual_seed(0)
    model = _Layered(cell=False)
    for parameter in (*model.rnn.parameters(), model.answer.weight):
        nn.init.constant_(parameter, 0.05)
    with nonlin.watch(quiet=True) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.05), batch=_recall(False))
    assert ("init-mismatch", "symmetric-units", "rnn") in _found(watcher)


def test_weights_that_are_all_zero_block_nothing():
    torch.manual_seed(0)
    model = dense(nn.Tanh)
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    with nonlin.watch(quiet=True) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.1))
    assert [(kind, cause) for kind, cause, _ in _found(watcher)] == [
        ("init-mismatch", "symmetric-units")
    ]


def _counts():
    return 1e4 * torch.rand(200, INPUTS), torch.poisson(torch.full((200,), 3.0))


def test_a_loss_that_no_weight_moves_is_found():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(INPUTS, 32), nn.ReLU(), nn.Linear(32, 1))
    with torch.no_grad():
        model[2].weight.fill_(-0.2)
    x, y = _counts()
    watcher = _descend(
        model.parameters(),
        lambda: F.poisson_nll_loss(model(x).squeeze(1).exp(), y, log_input=False),
    )
    assert _found(watcher) == [("vanishing-gradient", "input-scale", "2")]
    repairs = watcher.diagnosis.findings[0].repairs
    assert repairs[0].change == {"standardise": True}


def test_a_hinge_that_is_nowhere_touched_is_done():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(INPUTS, 32), nn.Tanh(), nn.Linear(32, 1))
    x = torch.randn(200, INPUTS)
    sign = x[:, 0].sign()
    with torch.no_grad():
        model[2].weight.zero_()
    watcher = _descend(
        model.parameters(), lambda: F.relu(-1.0 - sign * 0 * model(x).squeeze(1)).mean()
    )
    assert _found(watcher) == []


def test_the_operation_near_its_pole_is_named():
    torch.manual_seed(0)
    x, y = data()
    model = nn.Sequential(nn.Linear(INPUTS, 32), nn.ReLU(), nn.Linear(32, 1))
    right = (y == 1).float()

    def loss():
        p = torch.sigmoid(4 * model(x).squeeze(1))
        return -(right * torch.log(p) + (1 - right) * torch.log(1 - p)).mean()

    watcher = _descend(model.parameters(), loss, steps=400, rate=0.02)
    (finding,) = watcher.diagnosis.findings
    assert (finding.kind, finding.cause) == ("non-finite", "operation")
    if "operation" in finding.evidence:
        assert finding.evidence["operation"] == "log"


def test_two_matrices_without_a_bias_are_a_factorisation():
    torch.manual_seed(0)

    def network(bias):
        wide = nn.Sequential(nn.Linear(INPUTS, 32, bias=bias), nn.Linear(32, 3, bias=bias))
        with nonlin.watch(quiet=True) as watcher:
            fit(wide, torch.optim.SGD(wide.parameters(), lr=0.05))
        return [kind for kind, *_ in _found(watcher)]

    assert network(bias=False) == []
    assert network(bias=True) == ["linear-network"]


def test_a_layer_that_others_read_too_is_no_factor():
    torch.manual_seed(0)

    class Memory(nn.Module):
        def __init__(self):
            super().__init__()
            self.memory, self.keys = nn.Linear(INPUTS, 32), nn.Linear(32, 32)
            self.gru, self.out = nn.GRUCell(32, 32), nn.Linear(32, 3)

        def forward(self, x):
            memory = self.memory(x)
            return self.out(torch.tanh(self.keys(memory)) + self.gru(memory))

    model = Memory()
    with nonlin.watch(quiet=True) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.05))
    assert _found(watcher) == []


def test_an_activation_whose_result_is_thrown_away_is_missing():
    torch.manual_seed(0)

    class Thrown(Functional):
        def forward(self, x):
            x = self.fc1(x)
            F.relu(x)
            x = self.fc2(x)
            F.relu(x)
            return self.out(x)

    model = Thrown()
    with nonlin.watch(quiet=True) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.05))
    (finding,) = watcher.diagnosis.findings
    assert (finding.kind, finding.cause) == ("linear-network", "missing-activation")
    assert finding.layers == ("fc1:relu", "fc2:relu")


def test_a_layer_that_is_read_with_and_without_its_activation_is_no_factor():
    torch.manual_seed(0)

    class Both(Functional):
        def forward(self, x):
            x = self.fc1(x)
            return self.out(F.relu(x)) + self.out(self.fc2(x))

    model = Both()
    with nonlin.watch(quiet=True) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.05))
    assert "linear-network" not in [kind for kind, *_ in _found(watcher)]


@pytest.mark.parametrize(
    ("last", "loss"),
    [
        (lambda x: torch.sigmoid(torch.sigmoid(x)), "binary_cross_entropy"),
        (lambda x: torch.sigmoid(F.relu(x)), "binary_cross_entropy"),
        (lambda x: F.log_softmax(F.softmax(x, 1), 1), "nll_loss"),
        (lambda x: F.log_softmax(F.relu(x), 1), "nll_loss"),
    ],
)
@pytest.mark.parametrize("wrong", [True, False])
def test_scores_that_are_squashed_twice_are_found(last, loss, wrong):
    torch.manual_seed(0)
    x, y = data()
    binary = loss.startswith("binary")
    model = nn.Sequential(nn.Linear(INPUTS, 32), nn.Tanh(), nn.Linear(32, 1 if binary else 3))
    right = torch.sigmoid if binary else lambda x: F.log_softmax(x, 1)
    target = (y == 1).float()[:, None] if binary else y
    watcher = _descend(
        model.parameters(), lambda: getattr(F, loss)((last if wrong else right)(model(x)), target)
    )
    kinds = [kind for kind, *_ in _found(watcher)]
    assert kinds == (["output-loss-mismatch"] if wrong else [])


def test_the_probability_of_one_of_two_heads_is_an_output():
    torch.manual_seed(0)

    class Heads(nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk, self.rare, self.kind = (
                nn.Linear(INPUTS, 32),
                nn.Linear(32, 1),
                nn.Linear(32, 3),
            )

        def forward(self, x):
            h = F.gelu(self.trunk(x))
            return torch.sigmoid(self.rare(h) - 9).squeeze(1), self.kind(h)

    model, (x, y) = Heads(), data()
    rare = torch.zeros(len(x))

    def loss():
        risk, kind = model(x)
        return F.binary_cross_entropy(risk, rare) + F.cross_entropy(kind, y)

    watcher = _descend(model.parameters(), loss)
    assert _found(watcher) == []
    assert watcher.run.sites["rare:sigmoid"].is_output


def test_a_layer_that_the_first_step_leaves_out_has_no_scale():
    torch.manual_seed(0)

    class Stochastic(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(INPUTS, INPUTS) for _ in range(4))
            self.out, self.passes = nn.Linear(INPUTS, 3), 0

        def forward(self, x):
            self.passes += 1
            for i, layer in enumerate(self.layers):
                if self.passes > 1 or i < 3:
                    x = x + F.relu(layer(x))
            return self.out(x)

    model = Stochastic()
    with nonlin.watch(quiet=True) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.05))
    assert len(watcher.run.sites) == 4
    assert _found(watcher) == []


def test_a_layer_of_zeros_begins_switched_off():
    torch.manual_seed(0)
    x, _ = data()
    net = nn.Sequential(
        nn.Linear(INPUTS, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, INPUTS)
    )
    nn.init.zeros_(net[4].weight)
    nn.init.zeros_(net[4].bias)

    behind = nn.Linear(INPUTS, INPUTS)

    def loss():
        scale = torch.tanh(net(x))  # between layers, as in the first of several couplings
        return behind(x * scale.exp()).square().mean() - scale.mean()

    watcher = _descend([*net.parameters(), *behind.parameters()], loss)
    assert _found(watcher) == []


@pytest.mark.parametrize("dropped", [True, False])
def test_an_activation_thrown_away_beside_branches_is_missing(dropped):
    torch.manual_seed(0)
    x, y = data()
    mix = torch.eye(len(x)).roll(1, 0)  # of each row's neighbour
    own = [(torch.randn(n, 32) / n**0.5).requires_grad_() for n in (INPUTS, 32)]
    near = [(torch.randn(n, 32) / n**0.5).requires_grad_() for n in (INPUTS, 32)]
    bias = [torch.zeros(32, requires_grad=True) for _ in own]
    out = (torch.randn(32, 3) / 6).requires_grad_()

    def loss():
        h = x
        for a, b, c in zip(own, near, bias, strict=True):
            h = h @ a + mix @ (h @ b) + c
            if dropped:
                F.elu(h)
            else:
                h = F.elu(h)
        return F.cross_entropy(h @ out, y)

    watcher = _descend([*own, *near, *bias, out], loss)
    wanted = [("linear-network", "missing-activation", "own[0]:elu")] if dropped else []
    assert _found(watcher) == wanted
    if dropped:
        (finding,) = watcher.diagnosis.findings
        assert finding.severity == "problem"
        assert "Take the result" in finding.repairs[0].text


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_a_gate_that_begins_shut_is_saturated(scale):
    torch.manual_seed(0)
    x, y = data()
    gate, value, last = nn.Linear(INPUTS, 32), nn.Linear(INPUTS, 32), nn.Linear(32, 3)
    model = nn.ModuleList([gate, value, last])
    with torch.no_grad():
        gate.weight.mul_(scale)
    watcher = _descend(
        list(model.parameters()),
        lambda: F.cross_entropy(last(torch.sigmoid(gate(x)) * value(x)), y),
    )
    kinds = [kind for kind, _, _ in _found(watcher)]
    assert ("saturated-units" in kinds) == (scale > 1)


@pytest.mark.parametrize(("centre", "wrong"), [(0.5, False), (0.0, True)])
def test_an_autoencoder_that_cannot_reach_its_own_input_is_found(centre, wrong):
    torch.manual_seed(0)
    x = centre + 0.2 * torch.rand(64, INPUTS) - 0.1
    model = nn.Sequential(nn.Linear(INPUTS, 32), nn.ReLU(), nn.Linear(32, INPUTS), nn.Sigmoid())
    watcher = _descend(list(model.parameters()), lambda: (model(x) - x).pow(2).sum(dim=1).mean())
    kinds = [kind for kind, _, _ in _found(watcher)]
    assert kinds == ["output-loss-mismatch"] * wrong


def test_a_difference_from_the_input_is_no_error_yet():
    torch.manual_seed(0)
    x, y = data()
    x = 10 * x
    noise = nn.Sequential(nn.Linear(INPUTS, 32), nn.ReLU(), nn.Linear(32, INPUTS), nn.Tanh())
    last = nn.Linear(INPUTS, 3)
    parameters = [*noise.parameters(), *last.parameters()]
    watcher = _descend(parameters, lambda: F.cross_entropy(last(2 * (x - noise(x))), y))
    assert not watcher.run.losses.keys() - {("cross_entropy", None)}
    assert not [f for f in _found(watcher) if f[0] == "output-loss-mismatch"]


def test_saturation_that_follows_from_selu_s_initialisation_is_told_once():
    torch.manual_seed(0)
    x, y = data()
    layers = []
    for inputs in (INPUTS, *[64] * 12):
        layers += [nn.Linear(inputs, 64), nn.SELU()]
        nn.init.normal_(layers[-2].weight, std=3 / inputs**0.5)
    model = nn.Sequential(*layers, nn.Linear(64, 3))
    watcher = _descend(list(model.parameters()), lambda: F.cross_entropy(model(x), y), rate=1e-2)
    kinds = watcher.diagnosis.kinds()
    assert "selu-misuse" in kinds
    assert "saturated-units" not in kinds


def test_a_product_with_a_constant_is_linear():
    torch.manual_seed(0)
    x, y = data()
    mean = torch.full((len(x), len(x)), 1.0 / len(x))
    first, last = nn.Linear(INPUTS, 16), nn.Linear(16, 3)
    parameters = [*first.parameters(), *last.parameters()]
    watcher = _descend(parameters, lambda: F.cross_entropy(last(F.elu(mean @ first(x))), y))
    (site,) = watcher.run.sites.values()
    assert site.producer is not None
    assert site.linear_input


@pytest.mark.parametrize(
    ("draw", "also", "found"),
    [
        ("sample", lambda d, z: 0, ["sample"]),
        ("sample", lambda d, z: d.log_prob(z).mean(), []),
        ("rsample", lambda d, z: 0, []),
    ],
)
def test_a_sample_lets_no_gradient_through_unless_it_is_scored(draw, also, found):
    torch.manual_seed(0)
    encoder, decoder = nn.Linear(6, 4), nn.Linear(2, 6)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    x = torch.randn(32, 6)
    with nonlin.watch(every=1, quiet=True) as watcher:
        for _ in range(4):
            mean, spread = encoder(x).chunk(2, dim=-1)
            posterior = torch.distributions.Normal(mean, spread.exp())
            z = getattr(posterior, draw)()
            loss = F.mse_loss(decoder(torch.cat([z], -1)), x) + mean.square().mean()
            optimizer.zero_grad()
            (loss + also(posterior, z)).backward()
            optimizer.step()
    assert [f.evidence.get("operation") for f in watcher.diagnosis.findings] == found


@pytest.mark.parametrize("call", [float, torch.Tensor.item])
def test_a_parameter_that_is_read_as_a_number_gets_no_gradient(call):
    class Equation(nn.Module):
        def __init__(self):
            super().__init__()
            self.rate = nn.Parameter(torch.tensor(0.5))
            self.body = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))

        def forward(self, t):
            return self.body(t) - call(self.rate) * t

    torch.manual_seed(0)
    model, t = Equation(), torch.rand(64, 1)
    watcher = _descend(list(model.parameters()), lambda: model(t).square().mean())
    (finding,) = watcher.diagnosis.findings
    assert (finding.kind, finding.evidence["parameters"]) == ("blocked-gradient", ["rate"])
    assert "rate" in finding.summary
    assert "the parameter itself" in finding.repairs[0].text


def test_a_parameter_that_is_also_printed_is_well():
    torch.manual_seed(0)
    scale, t = nn.Parameter(torch.tensor(0.5)), torch.rand(64, 1)
    model = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    seen = []

    def loss():
        error = (scale * model(t) - t).square().mean()
        seen.append(scale.item())
        return error

    assert _found(_descend([scale, *model.parameters()], loss)) == []


@pytest.mark.parametrize("bounded", [True, False])
def test_the_value_of_a_chosen_action_is_an_output(bounded):
    torch.manual_seed(0)
    x, y = data()
    last = [nn.Tanh()] if bounded else []
    model = nn.Sequential(nn.Linear(INPUTS, 32), nn.ReLU(), nn.Linear(32, 3), *last)
    returns = -5 * torch.rand(len(y))

    def loss():
        chosen = model(x).gather(1, y[:, None]).squeeze(1)
        return F.smooth_l1_loss(chosen, returns)

    found = _found(_descend(list(model.parameters()), loss))
    assert [kind for kind, _, _ in found] == ["output-loss-mismatch"] * bounded


@pytest.mark.parametrize(("scale", "wrong"), [(0.05, False), (50.0, True)])
def test_large_weights_behind_a_normalisation_are_found(scale, wrong):
    torch.manual_seed(0)
    x, y = data()
    model = nn.Sequential(nn.LayerNorm(INPUTS), nn.Linear(INPUTS, 64), nn.GELU(), nn.Linear(64, 3))
    with torch.no_grad():
        model[1].weight.mul_(scale)
    found = _found(_descend(list(model.parameters()), lambda: F.cross_entropy(model(x), y)))
    assert [kind for kind, _, _ in found] == ["init-mismatch"] * wrong


def test_the_logarithm_of_a_probability_may_saturate():
    torch.manual_seed(0)
    tables = [nn.Embedding(20, 8), nn.Embedding(20, 8)]
    parameters = [table.weight for table in tables]
    with torch.no_grad():
        for parameter in parameters:
            parameter.uniform_(1.5, 2.5)
    i, j = torch.arange(64) % 20, torch.randint(20, (64, 5))
    watcher = _descend(
        parameters,
        lambda: -F.logsigmoid((tables[0](i)[:, None] * tables[1](j)).sum(-1)).mean(),
    )
    assert _found(watcher) == []


def test_layers_keep_their_names_where_a_closure_runs_the_model_first():
    torch.manual_seed(0)
    x, y = data()
    model = dense(nn.Tanh)
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=2)

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    with nonlin.watch(quiet=True) as watcher:
        for _ in range(5):
            optimizer.step(closure)
    assert set(watcher.run.parameters) == {name for name, _ in model.named_parameters()}


def test_a_small_layer_that_dies_late_is_found_on_few_rows():
    torch.manual_seed(0)
    x, y = data()
    model = nn.Sequential(nn.Linear(INPUTS, 64), nn.ReLU(), nn.Linear(64, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    with nonlin.watch(quiet=True) as watcher:
        for step in range(200):
            if step == 110:
                with torch.no_grad():
                    model[0].bias.fill_(-100.0)
            rows = torch.randint(len(x), (32,))
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    (finding,) = watcher.diagnosis.findings
    assert (finding.kind, finding.evidence["dead"]) == ("dead-units", 64)


@pytest.mark.parametrize("scaled", [True, False])
def test_weights_of_deviation_1_are_too_large_unless_they_are_scaled_in_the_call(scaled):
    class Layer(nn.Linear):
        def forward(self, x):
            weight = self.weight / 8 if scaled else self.weight
            return F.linear(x, weight, self.bias)

    torch.manual_seed(0)
    x, y = data()
    model = nn.Sequential(Layer(INPUTS, 64), nn.ReLU(), Layer(64, 64), nn.ReLU(), Layer(64, 3))
    for name, parameter in model.named_parameters():
        nn.init.normal_(parameter) if name.endswith("weight") else nn.init.zeros_(parameter)
    found = _found(_descend(list(model.parameters()), lambda: F.cross_entropy(model(x), y)))
    assert [(kind, layer) for kind, _, layer in found] == [("init-mismatch", "2")] * (not scaled)


def test_units_that_die_late_are_found_before_the_usual_rows_have_gone_by():
    torch.manual_seed(0)
    x, y = data()
    model = nn.Sequential(nn.Linear(INPUTS, 64), nn.ReLU(), nn.Linear(64, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    with nonlin.watch(every=20, quiet=True) as watcher:
        for step in range(200):
            if step == 90:
                with torch.no_grad():
                    model[0].bias[:50] = -100.0
            rows = torch.randint(len(x), (64,))
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    (finding,) = watcher.diagnosis.findings
    assert (finding.kind, finding.evidence["dead"]) == ("dead-units", 50)


def test_what_leaks_away_over_moments_is_found_above_the_spacing_of_float32():
    torch.manual_seed(0)
    read, again, out = nn.Linear(5, 16), nn.Linear(16, 16, bias=False), nn.Linear(16, 4)
    nn.init.normal_(again.weight, std=0.5 / 16**0.5)
    generator = torch.Generator().manual_seed(0)

    def loss():
        y = torch.randint(4, (64,), generator=generator)
        x = 0.1 * torch.randn(40, 64, 5, generator=generator)
        x[0, torch.arange(64), y] += 1
        h = torch.zeros(64, 16)
        for moment in x:
            h = 0.5 * h + 0.5 * torch.tanh(read(moment) + again(h))
        return F.cross_entropy(out(h), y)

    parameters = [*read.parameters(), *again.parameters(), *out.parameters()]
    (finding,) = _descend(parameters, loss).diagnosis.findings
    assert finding.kind == "vanishing-gradient"
    assert finding.evidence["attenuation"] > 2.0**-24


def test_a_norm_that_overflows_is_no_infinity():
    """Weights of 1e25 are a disaster, and numbers: their squares alone are none in float32."""
    torch.manual_seed(0)
    x, y = data()
    model = nn.Sequential(nn.Linear(INPUTS, 16), nn.ReLU(), nn.Linear(16, 1))
    with torch.no_grad():
        model[0].weight.mul_(1e25)
        model[2].weight.fill_(0.0)
    watcher = _descend(model.parameters(), lambda: model(x).squeeze(1).sub(y).abs().mean())
    assert torch.isinf(model[0].weight.norm())
    assert torch.isfinite(model[0].weight).all()
    assert "non-finite" not in {kind for kind, _, _ in _found(watcher)}


@pytest.mark.parametrize(("scale", "wrong"), [(3.0, True), (0.3, False)])
@pytest.mark.parametrize("loss", [F.mse_loss, lambda out, y: ((out - y) ** 2).mean()])
def test_heads_that_are_joined_have_the_range_of_each(loss, scale, wrong):
    torch.manual_seed(0)
    x, _ = data()
    y = scale * torch.stack([x[:, 0].sin(), x[:, 1].cos()], 1)
    body = nn.Sequential(nn.Linear(INPUTS, 16), nn.ReLU())
    heads = nn.ModuleList(nn.Sequential(nn.Linear(16, 1), nn.Tanh()) for _ in range(2))

    def error():
        h = body(x)
        return loss(torch.cat([head(h) for head in heads], 1), y)

    watcher = _descend([*body.parameters(), *heads.parameters()], error)
    wanted = [("output-loss-mismatch", "wrong-output-layer")] if wrong else []
    assert [(kind, cause) for kind, cause, _ in _found(watcher)] == wanted


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_lookup_tables_lose_small_steps_in_16_bits(dtype):
    torch.manual_seed(0)
    table, out = nn.Embedding(20, 8, dtype=dtype), nn.Linear(8, 1)
    picked = torch.randint(20, (200,))
    target = torch.randn(20)[picked]

    def error():
        return F.mse_loss(out(table(picked).float()).squeeze(1), target)

    watcher = _descend([*table.parameters(), *out.parameters()], error, steps=200, rate=3e-4)
    kinds = {kind for kind, _, _ in _found(watcher)}
    assert kinds == ({"underflow"} if dtype == torch.bfloat16 else set())


def test_what_bfloat16_swallows_counts_by_its_gradient():
    """Nine of ten weights stay where they are, and nearly all of the step is taken."""
    weight = nn.Parameter(torch.ones(1, 10, dtype=torch.bfloat16))
    slopes = torch.tensor([[1.0] + 9 * [2.0**-10]], dtype=torch.bfloat16)
    optimizer = torch.optim.SGD([weight], 0.125)
    with nonlin.watch(quiet=True, every=1) as watcher:
        for _ in range(4):
            optimizer.zero_grad()
            (weight * slopes).sum().backward()
            optimizer.step()
    assert (weight == 1).sum() == 9
    (parameter,) = watcher.run.parameters.values()
    _, table = parameter.series.table()
    assert table["lost"] == pytest.approx([9 / (1024 + 9)] * 4, rel=1e-6)
    assert _found(watcher) == []


def test_tables_that_hold_most_weights_lose_their_steps():
    torch.manual_seed(0)
    tables = nn.ModuleList(nn.Embedding(50, 8, dtype=torch.bfloat16) for _ in range(2))
    tower = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 8), nn.ReLU())
    model = nn.Sequential(*tower, nn.Linear(8, 1)).bfloat16()
    picked = torch.randint(50, (2, 400))
    target = (torch.randn(50)[picked[0]] * torch.randn(50)[picked[1]]).unsqueeze(1)

    def error():
        rows = torch.cat([table(at) for table, at in zip(tables, picked, strict=True)], 1)
        return F.mse_loss(model(rows).float(), target)

    watcher = _descend([*tables.parameters(), *model.parameters()], error, steps=200, rate=1e-3)
    assert [(kind, cause) for kind, cause, _ in _found(watcher)] == [("underflow", "dtype")]
    (finding,) = watcher.findings
    assert set(finding.evidence["lost_share"]) == {"weight", "Embedding#2.weight"}


class _Graph(nn.Module):
    """Layers that read their neighbours' sum, the graph's matrix given with the input."""

    def __init__(self, between, aggregate, depth=6):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(INPUTS if i == 0 else 16, 16) for i in range(depth))
        self.out = nn.Linear(16, 3)
        self.between, self.aggregate = between, aggregate

    def forward(self, x, graph):
        for layer in self.layers:
            x = self.between(self.aggregate(graph, layer(x)))
        return self.out(x)


def _summed(edges, h):
    target, source = edges
    return torch.zeros_like(h).index_add_(0, target, h[source])


def _graph(form):
    torch.manual_seed(0)
    x, y = data()
    matrix = (torch.rand(len(x), len(x)) < 0.01).float() + torch.eye(len(x))
    matrix = matrix / matrix.sum(1, keepdim=True)
    aggregate, graph = {
        "dense": (torch.matmul, matrix),
        "sparse": (torch.sparse.mm, matrix.to_sparse()),
        "edges": (_summed, matrix.nonzero().T),
    }[form]
    return x, y, graph, aggregate


@pytest.mark.parametrize("form", ["dense", "sparse", "edges"])
def test_layers_of_a_graph_network_are_told_apart(form):
    x, y, graph, aggregate = _graph(form)
    model = _Graph(F.elu, aggregate)
    watcher = _descend(model.parameters(), lambda: F.cross_entropy(model(x, graph), y), steps=3)
    assert list(watcher.diagnosis.activations) == [f"layers.{i}:elu" for i in range(6)]


@pytest.mark.parametrize("form", ["dense", "sparse", "edges"])
def test_a_graph_network_without_activations_is_linear(form):
    x, y, graph, aggregate = _graph(form)
    model = _Graph(nn.Identity(), aggregate)
    watcher = _descend(model.parameters(), lambda: F.cross_entropy(model(x, graph), y), steps=3)
    assert [kind for kind, _, _ in _found(watcher) if kind == "linear-network"]


def test_a_given_matrix_behind_the_signal_makes_no_linear_network():
    """It turns each row its own way, and two layers around it are not one."""
    torch.manual_seed(0)
    x, y = data()

    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(INPUTS, 16), nn.Linear(16, 3)

        def forward(self, x, turn):
            return self.second((self.first(x)[:, None] @ turn).squeeze(1))

    model, turn = Turned(), torch.randn(len(x), 16, 16) / 4
    watcher = _descend(model.parameters(), lambda: F.cross_entropy(model(x, turn), y))
    assert _found(watcher) == []


@pytest.mark.parametrize("join", [torch.add, torch.mul])
def test_layers_side_by_side_are_one_layer_where_they_are_added(join):
    torch.manual_seed(0)
    x, y = data()

    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.gate, self.up = (nn.Linear(INPUTS, 32, bias=False) for _ in range(2))
            self.down = nn.Linear(32, INPUTS, bias=False)
            self.out = nn.Linear(INPUTS, 3)

        def forward(self, x):
            return self.out(x + self.down(join(self.gate(x), self.up(x))))

    model = Gated()
    watcher = _descend(model.parameters(), lambda: F.cross_entropy(model(x), y))
    kinds = [kind for kind, _, _ in _found(watcher)]
    assert kinds == (["linear-network"] if join is torch.add else [])


def test_a_gradient_that_only_begins_too_large_over_the_moments_is_told():
    torch.manual_seed(0)
    x, y = data()
    lift, wide, narrow = nn.Linear(INPUTS, 16), nn.Linear(16, 32), nn.Linear(32, 16)
    with torch.no_grad():
        wide.weight.mul_(1.5)
    out = nn.Linear(16, 3)
    parameters = [p for m in (lift, wide, narrow, out) for p in m.parameters()]

    def error():
        h = lift(x)
        for _ in range(40):
            h = h + narrow(F.elu(wide(h)))
        return F.cross_entropy(out(h), y)

    watcher = _descend(parameters, error, rate=3e-3)
    (finding,) = [f for f in watcher.diagnosis.findings if f.kind == "exploding-gradient"]
    assert (finding.cause, finding.since_step) == ("init-scale", 0)


@pytest.mark.parametrize("moved", [False, True])
def test_a_network_that_only_acts_and_was_given_to_the_optimizer(moved):
    """An actor whose log-probabilities were kept under no_grad; a target network is no such."""
    torch.manual_seed(0)
    x, y = data()
    actor, critic = dense(nn.Tanh), dense(nn.Tanh)
    optimizer = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr=1e-3)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(30):
            with torch.no_grad():
                kept = F.log_softmax(actor(x), 1)[:, 0]
            optimizer.zero_grad()
            (F.cross_entropy(critic(x), y) - kept.mean()).backward()
            optimizer.step()
            if moved:
                with torch.no_grad():
                    for mine, theirs in zip(actor.parameters(), critic.parameters(), strict=True):
                        mine.lerp_(theirs, 0.1)
    found = [(f.kind, f.cause, f.layers[:1]) for f in watcher.diagnosis.findings]
    assert found == ([] if moved else [("blocked-gradient", "detach", ("Sequential.0",))])


@pytest.mark.parametrize("weights", [1.0, 3.0])
def test_branches_that_add_up_explode_and_weights_that_are_too_large_do_not_fit(weights):
    torch.manual_seed(0)
    x, y = data()
    width = 32
    stem, out = nn.Linear(INPUTS, width), nn.Linear(width, 3)
    branches = [nn.Linear(width, width) for _ in range(24)]
    for branch in branches:
        nn.init.kaiming_normal_(branch.weight, nonlinearity="relu")
        branch.weight.data.mul_(weights)

    def error():
        h = stem(x)
        for branch in branches:
            h = h + F.relu(branch(h))
        return F.cross_entropy(out(h), y)

    parameters = [p for layer in (stem, *branches, out) for p in layer.parameters()]
    kinds = {kind for kind, _, _ in _found(_descend(parameters, error, rate=1e-4, steps=20))}
    assert kinds == {"exploding-gradient"} | ({"init-mismatch"} if weights > 1 else set())


@pytest.mark.parametrize("cut", [True, False])
def test_units_that_die_before_a_cut_are_a_consequence(cut):
    torch.manual_seed(0)
    x, y = data()
    body, mean = nn.Sequential(nn.Linear(INPUTS, 32), nn.ReLU()), nn.Linear(32, 8)
    out = nn.Linear(8, 3)

    steps = iter(range(200))

    def error():
        if next(steps) == 20:
            body[0].bias.data.fill_(-30.0)
        posterior = torch.distributions.Normal(mean(body(x)), 1.0)
        return F.cross_entropy(out(posterior.sample() if cut else posterior.rsample()), y)

    parameters = [*body.parameters(), *mean.parameters(), *out.parameters()]
    # What reaches the body beside the cut keeps it from being one of no gradient at all.
    kinds = {
        kind
        for kind, _, _ in _found(
            _descend(parameters, lambda: error() + 1e-3 * mean(body(x)).square().mean(), steps=200)
        )
    }
    assert kinds == ({"blocked-gradient"} if cut else {"dead-units"})


@pytest.mark.parametrize("create_graph", [True, False])
def test_a_slope_of_a_network_that_is_a_constant_to_its_loss(create_graph):
    """As in a Hamiltonian network, whose output is the slope of an energy."""
    torch.manual_seed(0)
    energy = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
    scale = nn.Parameter(torch.ones(()))
    x = torch.randn(64, 2)

    def loss():
        at = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(energy(at).sum(), at, create_graph=create_graph)
        return F.mse_loss(scale * slope, x.flip(1).sin())

    watcher = _descend([*energy.parameters(), scale], loss)
    if create_graph:
        assert _found(watcher) == []
        assert "autograd.grad" not in " ".join(b.operation for b in watcher.run.blockers.values())
        return
    (found,) = watcher.findings
    assert (found.kind, found.cause) == ("blocked-gradient", "detach")
    assert found.evidence["operation"] == "autograd.grad without create_graph"
    assert [r.text for r in found.repairs] == ["Give torch.autograd.grad create_graph=True."]


def test_a_trunk_whose_output_is_copied_is_cut_off():
    """No layer behind it gets a gradient; what the loss is made of besides does."""
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
    scale = nn.Parameter(torch.ones(()))
    x = torch.randn(64, 2)
    watcher = _descend(
        [*trunk.parameters(), scale],
        lambda: F.mse_loss(scale * nn.Parameter(trunk(x)), x[:, :1].sin()),
    )
    (found,) = watcher.findings
    assert (found.kind, found.layers) == ("blocked-gradient", ("0", "2"))


def test_equal_units_need_no_activation_that_is_known():
    torch.manual_seed(0)
    x, y = data()
    params = nn.ParameterDict(
        {
            "first": nn.Parameter(torch.full((16, INPUTS), 0.01)),
            "last": nn.Parameter(torch.full((3, 16), 0.01)),
        }
    )

    def loss():
        h = F.linear(x, params["first"])
        return F.cross_entropy(F.linear(h * torch.cos(h), params["last"]), y)

    watcher = _descend(list(params.values()), loss)
    assert ("init-mismatch", "symmetric-units", "params['first']") in _found(watcher)
    assert set(watcher.run.parameters) == {"params['first']", "params['last']"}


def test_parameters_of_a_list_that_no_module_has_are_named_by_their_place():
    torch.manual_seed(0)
    x, y = data()
    layers = nn.ParameterList(
        nn.Parameter(torch.randn(n, m) / n**0.5) for n, m in ((INPUTS, 32), (32, 3))
    )
    optimizer = torch.optim.SGD(layers, lr=0.1)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(5):
            F.cross_entropy(torch.tanh(x @ layers[0]) @ layers[1], y).backward()
            optimizer.step()
    assert set(watcher.run.parameters) == {"layers[0]", "layers[1]"}


def test_equal_units_that_nothing_moves_are_no_finding():
    """A branch that is multiplied by 0 stays as it was drawn."""
    torch.manual_seed(0)
    x, y = data()
    off = torch.zeros(16, INPUTS).requires_grad_()
    on = (torch.randn(16, INPUTS) / INPUTS**0.5).requires_grad_()
    last = (torch.randn(3, 16) / 4).requires_grad_()

    def loss():
        h = F.linear(x, on)
        return F.cross_entropy(F.linear(h * torch.cos(h) + 0 * F.linear(x, off), last), y)

    watcher = _descend([off, on, last], loss)
    assert "init-mismatch" not in {kind for kind, _, _ in _found(watcher)}


class _Spectral(nn.Module):
    """The layer of a Fourier neural operator, whose weights are complex."""

    def __init__(self, width, modes=8):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(modes, width, width, dtype=torch.cfloat) / width)
        self.local, self.modes = nn.Linear(width, width), modes

    def forward(self, x):
        waves = torch.fft.rfft(x, dim=1)
        mixed = torch.zeros_like(waves)
        mixed[:, : self.modes] = torch.einsum("bki,kio->bko", waves[:, : self.modes], self.weight)
        return F.gelu(torch.fft.irfft(mixed, n=x.shape[1], dim=1) + self.local(x))


class _Complex(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Parameter(torch.randn(1, 16, dtype=torch.cfloat))
        self.last = nn.Linear(16, 1)

    def forward(self, x):
        h = torch.tanh((x.to(torch.cfloat) @ self.first) * 0.5)
        return self.last(torch.relu(h.real) + torch.relu(h.imag))


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Sequential(nn.Linear(1, 16), _Spectral(16), _Spectral(16), nn.Linear(16, 1)),
        _Complex,
    ],
)
@pytest.mark.filterwarnings("error:Casting complex")
def test_complex_numbers_are_no_finding(make):
    torch.manual_seed(0)
    x = torch.randn(32, 32, 1).cumsum(1) / 6
    model = make()
    watcher = _descend(model.parameters(), lambda: F.mse_loss(model(x), x.roll(3, 1)), rate=3e-3)
    assert watcher.diagnosis.notes == ()
    assert watcher.findings == ()
    assert len(watcher.run.sampled) > 4


HEADS = {
    "layer": lambda: nn.Linear(32, 5),
    "pooler": lambda: nn.Sequential(nn.Linear(32, 32), nn.Tanh()),
    "tower": lambda: nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 5)),
    "probabilities": lambda: nn.Sequential(nn.Linear(32, 5), nn.Softmax(1)),
}


class _TwoHeads(nn.Module):
    def __init__(self, unread, is_first):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(INPUTS, 32), nn.Tanh())
        self.head, self.unread, self.is_first = nn.Linear(32, 3), unread, is_first

    def forward(self, x):
        h = self.trunk(x)
        if self.is_first:
            unread = self.unread(h)
            return self.head(h), unread
        return self.head(h), self.unread(h)


@pytest.mark.parametrize("is_first", [False, True])
@pytest.mark.parametrize("kind", HEADS)
def test_a_head_that_the_loss_does_not_read_is_no_finding(kind, is_first):
    torch.manual_seed(0)
    x, y = data()
    model = _TwoHeads(HEADS[kind](), is_first)
    watcher = _descend(model.parameters(), lambda: F.cross_entropy(model(x)[0], y))
    assert _found(watcher) == []
    assert watcher.run.parameters["head.weight"].without == 0


def test_layers_that_are_called_one_by_one_and_a_head_that_the_loss_does_not_read():
    torch.manual_seed(0)
    x, y = data()
    trunk = nn.Sequential(nn.Linear(INPUTS, 32), nn.Tanh())
    head, unread = nn.Linear(32, 3), nn.Linear(32, 5)

    def loss():
        h = trunk(x)
        unread(h)
        return F.cross_entropy(head(h), y)

    models = nn.ModuleList([trunk, head, unread])
    assert _found(_descend(models.parameters(), loss)) == []


@pytest.mark.parametrize("is_module", [True, False])
@pytest.mark.parametrize("activation", [True, False])
def test_a_layer_whose_result_is_thrown_away(is_module, activation):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(INPUTS, 32), nn.Linear(32, 32)
            self.last, self.act = nn.Linear(32, 3), nn.ReLU()

        def forward(self, x):
            h = torch.relu(self.first(x))
            z = self.second(h) if is_module else F.linear(h, self.second.weight, self.second.bias)
            if activation:
                self.act(z)
            del z
            return self.last(h)

    torch.manual_seed(0)
    x, y = data()
    model = Net()
    watcher = _descend(model.parameters(), lambda: F.cross_entropy(model(x), y))
    (finding,) = [f for f in watcher.findings if f.kind == "blocked-gradient"]
    assert (finding.cause, finding.layers) == ("unused-result", ("second",))
    assert finding.summary.endswith("what second returns is thrown away.")
    assert finding.repairs[0].text.startswith("Use what second returns")


@pytest.mark.parametrize("is_module", [True, False])
@pytest.mark.parametrize("both", [True, False])
def test_an_activation_whose_result_is_thrown_away_is_told_as_that(is_module, both):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(INPUTS, 32), nn.Linear(32, 32)
            self.last, self.act = nn.Linear(32, 3), nn.LeakyReLU(0.1)

        def forward(self, x):
            act = self.act if is_module else partial(F.leaky_relu, negative_slope=0.1)
            h = self.first(x)
            act(h)
            h = self.second(h)
            if both:
                act(h)
            else:
                h = act(h)
            return self.last(h)

    torch.manual_seed(0)
    x, y = data()
    model = Net()
    watcher = _descend(model.parameters(), lambda: F.cross_entropy(model(x), y))
    (finding,) = watcher.findings
    assert (finding.kind, finding.cause) == ("linear-network", "missing-activation")
    assert finding.severity == ("problem" if both else "warning")
    assert "is computed and its result thrown away" in finding.summary
    (repair,) = finding.repairs
    change = repair.change["insert"]
    assert change["after"] == (["first", "second"] if both else ["first"])
    made = nonlin.get(change["activation"], **change["parameters"])
    assert made == nonlin.leaky_relu.bind(alpha=0.1)


class _Cut(torch.autograd.Function):
    """A copy that back-propagation does not go through."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, *gradients):
        return None


def test_a_trunk_that_is_cut_off_is_a_finding_beside_a_head_that_no_loss_reads():
    torch.manual_seed(0)
    x, y = data()
    model = _TwoHeads(nn.Linear(32, 5), True)
    model.trunk.register_forward_hook(lambda module, inputs, h: _Cut.apply(h))
    watcher = _descend(model.parameters(), lambda: F.cross_entropy(model(x)[0], y))
    assert [(kind, layer) for kind, _, layer in _found(watcher)] == [
        ("blocked-gradient", "trunk.0")
    ]


def test_steps_without_any_gradient_are_no_cut():
    """As of an optimizer that waits for its phase."""
    torch.manual_seed(0)
    model, other = nn.Linear(4, 2), nn.Linear(4, 2)
    x = torch.randn(16, 4)
    waits = torch.optim.SGD(model.parameters(), lr=0.1)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(10):
            model(x), other(x)
            waits.step()
    assert watcher.run.parameters["weight"].without > 1
    assert _found(watcher) == []


def _averaging(weight):
    nn.init.uniform_(weight, 0, 1 / weight.shape[1])


@pytest.mark.parametrize(
    ("draw", "is_found"),
    [(nn.init.uniform_, True), (_averaging, False), (nn.init.xavier_uniform_, False)],
)
def test_weights_of_one_sign_add_their_inputs_up(draw, is_found):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(48, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 3)
    )
    for layer in model[::2]:
        draw(layer.weight)
    x, y = torch.rand(96, 48), torch.randint(3, (96,))
    watcher = _descend(model.parameters(), lambda: F.cross_entropy(model(x), y))
    found = [f for f in watcher.findings if f.kind == "init-mismatch"]
    assert [f.cause for f in found] == (["init-scale"] if is_found else [])
    if is_found:
        assert found[0].summary.endswith("as their mean is not 0.")
        assert found[0].evidence["mean_over_rms"] == pytest.approx(0.866, abs=0.05)  # √3/2
        # √(48/3) by their RMS, times √(1 + 3/4·48) by what they have in common.
        assert found[0].evidence["largest_weights_over_gain"] == pytest.approx(24.3, rel=0.1)
