"""Trainings without an optimizer of PyTorch: the program moves its parameters itself."""

from __future__ import annotations

import copy
import json
import math
import weakref

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import nonlin
from nonlin.diagnosis.byhand import KIND
from nonlin.diagnosis.mode import CallMode
from nonlin.diagnosis.trial import run_trial

STEPS, RATE = 60, 0.01


def network(bias=-50.0):
    """One of whose two layers of ReLU all units are dead."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1)
    )
    with torch.no_grad():
        model[2].bias.fill_(bias)
    return model


def data(rows=128):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(rows, 6, generator=generator)
    return x, (x[:, :1] * x[:, 1:2]).sin()


def in_place(parameters, rate=RATE):
    with torch.no_grad():
        for p in parameters:
            p.sub_(rate * p.grad)
            p.grad.zero_()


def on_data(parameters):
    for p in parameters:
        p.data.add_(p.grad, alpha=-RATE)
        p.grad = None


def exchanged(parameters):
    for p in parameters:
        p.data = p.data - RATE * p.grad.data
        p.grad = None


class Momentum:
    """As a course writes it: no torch.optim.Optimizer."""

    def __init__(self, parameters):
        self.speed = [torch.zeros_like(p) for p in parameters]

    def __call__(self, parameters):
        with torch.no_grad():
            for p, v in zip(parameters, self.speed, strict=True):
                v.mul_(0.9).add_(p.grad)
                p.sub_(RATE * v)
                p.grad.zero_()


WAYS = {
    "in place": lambda parameters: in_place,
    "on data": lambda parameters: on_data,
    "exchanged": lambda parameters: exchanged,
    "momentum": Momentum,
}


def trained(model, step=in_place, steps=STEPS, watched=True):
    """Train, and return the watcher."""
    x, y = data()
    parameters = list(model.parameters())
    watcher = nonlin.watch(quiet=True)
    if watched:
        watcher.start()
    for _ in range(steps):
        F.mse_loss(model(x), y).backward()
        step(parameters)
    if watched:
        watcher.stop()
    return watcher


@pytest.mark.parametrize("way", WAYS)
def test_units_die_however_parameters_are_moved(way):
    model = network()
    watcher = trained(model, WAYS[way](list(model.parameters())))
    assert [(f.kind, f.layer, f.cause) for f in watcher.findings] == [
        ("dead-units", "3", "negative-bias")
    ]
    assert watcher.run.steps == STEPS
    assert any("moves its parameters itself" in note for note in watcher.diagnosis.notes)


@pytest.mark.parametrize("way", WAYS)
def test_living_units_are_no_finding(way):
    model = network(bias=0.0)
    assert trained(model, WAYS[way](list(model.parameters()))).findings == ()


@pytest.mark.parametrize("way", WAYS)
def test_the_weights_are_the_same_bit_for_bit(way):
    plain, same = network(0.0), network(0.0)
    trained(plain, WAYS[way](list(plain.parameters())), watched=False)
    trained(same, WAYS[way](list(same.parameters())))
    for one, other in zip(plain.parameters(), same.parameters(), strict=True):
        assert torch.equal(one, other)


def test_figures_are_those_of_an_optimizer():
    by_hand = trained(network(0.0)).run.parameters
    model = network(0.0)
    optimizer = torch.optim.SGD(model.parameters(), RATE)

    def step(parameters):
        optimizer.step()
        optimizer.zero_grad()

    by_optimizer = trained(model, step).run.parameters
    assert by_hand.keys() == by_optimizer.keys()
    for name, parameter in by_hand.items():
        assert (parameter.optimizer, by_optimizer[name].optimizer) == (KIND, "SGD")
        _, figures = parameter.series.table()
        _, others = by_optimizer[name].series.table()
        for field in ("gradient", "weight", "update", "slice"):
            # Both look at the first steps; the steps after them depend on the clock.
            assert figures[field][:4] == pytest.approx(others[field][:4], rel=1e-5), field
        # All entries move but those of which the gradient is 0: no number of a share's is lost.
        assert figures["lost"][0] == pytest.approx(others["lost"][0], abs=1e-6, nan_ok=True)


def test_gradients_of_several_batches_are_one_step():
    model, (x, y) = network(0.0), data()
    with nonlin.watch(quiet=True, every=1) as watcher:
        for _ in range(20):
            for rows in range(0, 128, 32):
                (F.mse_loss(model(x[rows : rows + 32]), y[rows : rows + 32]) / 4).backward()
            in_place(model.parameters())
    assert watcher.run.steps == 20
    steps, table = watcher.run.parameters["4.weight"].series.table()
    assert steps.tolist() == list(range(20))
    assert table["update"] == pytest.approx(RATE * table["gradient"], rel=1e-4)


def test_steps_between_looks_are_counted_where_batches_are_summed():
    model, (x, y) = network(0.0), data()
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(100):
            for rows in (slice(0, 64), slice(64, 128)):
                (F.mse_loss(model(x[rows]), y[rows]) / 2).backward()
            in_place(model.parameters())
    assert len(watcher.run.sampled) < 100
    assert watcher.run.steps == 100


def test_of_two_networks_each_has_its_own_steps():
    """As in a GAN: the gradient reaches both, and one is moved."""
    torch.manual_seed(0)
    maker = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2))
    critic = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    real = torch.randn(64, 2)

    def move(network):
        in_place(network.parameters())
        for p in (*maker.parameters(), *critic.parameters()):
            p.grad = None

    with nonlin.watch(quiet=True, every=1) as watcher:
        for _ in range(15):
            fake = maker(torch.randn(64, 4))
            (F.softplus(critic(fake.detach())) + F.softplus(-critic(real))).mean().backward()
            move(critic)
            F.softplus(-critic(maker(torch.randn(64, 4)))).mean().backward()
            move(maker)
    assert watcher.run.steps == 30
    assert watcher.findings == ()
    seen = {p.series.table()[0][0] % 2 for p in watcher.run.parameters.values()}
    assert seen == {0, 1}
    for parameter in watcher.run.parameters.values():
        steps, table = parameter.series.table()
        assert len(set(steps % 2)) == 1, parameter.name
        assert (table["update"] > 0).all()


def test_tensors_of_no_module_have_the_names_of_their_variables():
    generator = torch.Generator().manual_seed(0)
    x, y = data()
    W1 = torch.randn(6, 48, generator=generator) / math.sqrt(6)
    b1 = torch.full((48,), -40.0)
    W2 = torch.randn(48, 1, generator=generator) / math.sqrt(48)
    parameters = [W1, b1, W2]
    for p in parameters:
        p.requires_grad = True
    # A network that is dead as a whole: nothing moves, but its steps are steps.
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(STEPS):
            loss = F.mse_loss(F.relu(x @ W1 + b1) @ W2, y)
            loss.backward()
            on_data(parameters)
    assert watcher.run.steps == STEPS
    assert set(watcher.run.parameters) == {"W1", "b1", "W2"}
    assert [(f.kind, f.layer, f.cause) for f in watcher.findings] == [
        ("dead-units", "W1:relu", "negative-bias")
    ]


def bare(steps, after=lambda step: None, **options):
    """Train a network of plain tensors that is well."""
    generator = torch.Generator().manual_seed(0)
    x, y = data()
    first = (torch.randn(6, 32, generator=generator) / math.sqrt(6)).requires_grad_()
    last = (torch.randn(32, 1, generator=generator) / math.sqrt(32)).requires_grad_()
    with nonlin.watch(quiet=True, **options) as watcher:
        for step in range(steps):
            F.mse_loss(torch.tanh(x @ first) @ last, y).backward()
            after(step)
            on_data([first, last])
    return watcher


def test_the_program_s_own_step_is_no_part_of_the_pass():
    watcher = bare(30, every=1)
    assert watcher.findings == ()
    assert watcher.run.read_as_constants == {}
    assert watcher.run.blockers == {}
    (site,) = watcher.run.sites.values()
    # From the second look on, and then once a step.
    assert site.calls == len(watcher.run.sampled) - 2


def test_between_looks_no_call_goes_through_the_watcher():
    modes = []
    watcher = bare(400, lambda step: modes.append(modes_in_place()), overhead=1e-9)
    plain = set(range(400)) - set(watcher.run.sampled)
    # A look is prepared in the step before it.
    idle = [modes[step] for step in plain if step + 1 not in watcher.run.sampled]
    assert len(idle) > 300
    assert set(idle) == {0}
    assert modes_in_place() == 0


def modes_in_place():
    return torch.overrides._len_torch_function_stack()


def test_a_mode_that_is_taken_off_amid_a_call_is_gone_after_it():
    shown = []

    def show(function, args, kwargs):
        shown.append(function.__name__)
        mode.remove()
        mode.insert()
        mode.remove()
        return function(*args, **kwargs)

    mode = CallMode(show)
    mode.insert()
    torch.ones(2).sum()
    mode.settle()
    assert modes_in_place() == 0
    torch.ones(2).sum()
    assert shown == ["ones", "sum"]


INPUTS = {
    "list": lambda model: list(model.parameters()),
    "generator": lambda model: model.parameters(),  # which can be gone through once
    "dictionary": lambda model: dict(model.named_parameters()).values(),
    "edges": lambda model: [torch.autograd.graph.get_gradient_edge(p) for p in model.parameters()],
}


@pytest.mark.parametrize("inputs", INPUTS)
def test_gradients_that_are_returned(inputs):
    model, (x, y) = network(), data()
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(STEPS):
            loss = F.mse_loss(model(x), y)
            found = torch.autograd.grad(loss, INPUTS[inputs](model))
            with torch.no_grad():
                for p, gradient in zip(model.parameters(), found, strict=True):
                    p -= RATE * gradient
    assert not any("measurement failed" in note for note in watcher.diagnosis.notes)
    if inputs == "edges":
        return  # They name no tensors: the steps are not seen, and the training goes on.
    assert watcher.run.steps == STEPS
    assert [f.kind for f in watcher.findings] == ["dead-units"]


def test_a_gradient_of_the_input_is_no_step():
    """Between back-propagation and step the program asks for a map of what matters."""
    model, (x, y) = network(), data()
    with nonlin.watch(quiet=True, every=1) as watcher:
        for _ in range(20):
            F.mse_loss(model(x), y).backward()
            asked = x.clone().requires_grad_()
            torch.autograd.grad(model(asked).sum(), asked)
            in_place(model.parameters())
    assert watcher.run.steps == 20
    assert [f.kind for f in watcher.findings] == ["dead-units"]
    assert "3" in watcher.findings[0].layer


def test_a_penalty_of_gradients_is_part_of_the_loss():
    model, (x, y) = network(0.0), data()
    with nonlin.watch(quiet=True, every=1) as watcher:
        for _ in range(10):
            asked = x.clone().requires_grad_()
            out = model(asked)
            slope = torch.autograd.grad(out.sum(), asked, create_graph=True)[0]
            (F.mse_loss(out, y) + 1e-3 * slope.square().mean()).backward()
            in_place(model.parameters())
    assert watcher.run.steps == 10
    assert watcher.findings == ()
    # The forward pass is not over with it: what comes after is seen.
    assert {name for name, _ in watcher.run.losses} == {"mse_loss"}


def test_a_step_that_is_left_out_is_none():
    model, (x, y) = network(0.0), data()
    with nonlin.watch(quiet=True, every=1) as watcher:
        for i in range(20):
            F.mse_loss(model(x), y).backward()
            if i % 4 == 3:
                model.zero_grad()
            else:
                in_place(model.parameters())
    assert watcher.run.steps == 15


def test_layers_that_get_no_gradient_are_found():
    class Cut(nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk, self.head = nn.Linear(6, 32), nn.Linear(32, 1)

        def forward(self, x):
            return self.head(torch.relu(self.trunk(x)).detach())

    def step(parameters):
        in_place([p for p in parameters if p.grad is not None])

    watcher = trained(Cut(), step)
    assert [(f.kind, f.cause) for f in watcher.findings] == [("blocked-gradient", "detach")]


def test_a_copy_that_follows_slowly_is_no_finding():
    """An average of the weights, as in BYOL, gets no gradient by intent."""
    model, (x, y) = network(0.0), data()
    follower = copy.deepcopy(model)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(STEPS):
            aim = follower(x).detach()
            (F.mse_loss(model(x), y) + 0.1 * F.mse_loss(model(x), aim)).backward()
            in_place(model.parameters())
            with torch.no_grad():
                for p, q in zip(model.parameters(), follower.parameters(), strict=True):
                    q.lerp_(p, 0.05)
    assert watcher.findings == ()
    assert watcher.run.steps == STEPS


def test_steps_that_bfloat16_swallows():
    model = network(0.0).bfloat16()
    x, y = (t.bfloat16() for t in data())
    with nonlin.watch(quiet=True, every=1) as watcher:
        for _ in range(30):
            F.mse_loss(model(x), y).backward()
            in_place(model.parameters(), rate=1e-4)
    assert [f.kind for f in watcher.findings] == ["underflow"]


SCRIPT = """
import torch
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)
net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2), nn.Softmax(dim=1))
x = torch.randn(256, 8)
y = (x[:, 0] > 0).long()
for step in range(60):
    nn.functional.cross_entropy(net(x), y).backward()
    for p in net.parameters():
        p.data.add_(p.grad, alpha=-{rate})
        p.grad = None
"""


def commanded(arguments, capsys):
    from nonlin.cli import run

    code = run(arguments)
    return code, capsys.readouterr()


def test_commands(tmp_path, capsys):
    script, out = tmp_path / "train.py", tmp_path / "out.json"
    script.write_text(SCRIPT.format(rate=0.1))
    code, said = commanded(["watch", "--json", str(out), str(script)], capsys)
    assert code == 0
    assert [f["kind"] for f in json.loads(out.read_text())["findings"]] == ["output-loss-mismatch"]
    assert "the program moves its parameters itself" in " ".join(said.err.split())


def test_a_rate_that_no_optimizer_has_cannot_be_lowered(tmp_path, capsys, monkeypatch):
    # In this process: tests/test_repairs.py has the runs in their own.
    monkeypatch.setattr(
        "nonlin.diagnosis.verifying.in_a_process",
        lambda script, arguments, change, seed: run_trial(change, seed, script, arguments),
    )
    script, out = tmp_path / "train.py", tmp_path / "out.json"
    script.write_text(SCRIPT.format(rate=3e3))
    asked = ["repair", "--verify", "--seeds", "2", "--jobs", "1", "--json", str(out), str(script)]
    code, said = commanded(asked, capsys)
    assert code == 0
    tried = {v["repair"]: v for v in json.loads(out.read_text())["verified"]}
    (lower,) = [v for text, v in tried.items() if text.startswith("Lower the learning rate")]
    assert (lower["has_effect"], lower["helps"]) == (False, False)
    assert "changed nothing, there is nothing here that it can be tried on: Lower" in said.out


def test_a_program_that_exchanges_its_only_parameter(tmp_path, capsys):
    script = tmp_path / "train.py"
    script.write_text(
        "import torch\n"
        "w = torch.ones(3, requires_grad=True)\n"
        "for _ in range(9):\n"
        "    (g,) = torch.autograd.grad((w * w).sum(), w)\n"
        "    w = (w - 0.1 * g).detach().requires_grad_()\n"
    )
    code, said = commanded(["watch", str(script)], capsys)
    assert code == 0
    assert "9 steps" in " ".join(said.err.split())


def test_pytorch_is_left_as_it_was():
    plain = torch.autograd.backward, torch.autograd.grad
    model, (x, y) = network(0.0), data()
    optimizer = torch.optim.SGD(model.parameters(), RATE)
    with nonlin.watch(quiet=True) as watcher:
        assert torch.autograd.backward is not plain[0]
        F.mse_loss(model(x), y).backward()
        optimizer.step()
        # With the first step of an optimizer nothing is left in the way of a back-propagation.
        assert (torch.autograd.backward, torch.autograd.grad) == plain
    assert (watcher.run.steps, watcher.run.optimizers) == (1, {"SGD"})
    trained(network(0.0), steps=3)
    assert (torch.autograd.backward, torch.autograd.grad) == plain


def test_another_tool_may_stand_around_a_back_propagation():
    plain = torch.autograd.backward
    watcher = nonlin.watch(quiet=True).start()
    ours, calls = torch.autograd.backward, []

    def around(*args, **kwargs):
        calls.append(1)
        return ours(*args, **kwargs)

    torch.autograd.backward = around
    try:
        watcher.stop()
        assert torch.autograd.backward is around
        model, (x, y) = network(0.0), data()
        F.mse_loss(model(x), y).backward()
        assert calls == [1]
        assert model[0].weight.grad is not None
    finally:
        torch.autograd.backward = plain


def test_transforms_of_functions_are_let_through():
    x, y = data()
    model = network(0.0)
    weights = {k: v.detach() for k, v in model.named_parameters()}

    def loss(weights):
        return F.mse_loss(torch.func.functional_call(model, weights, (x,)), y)

    plain = torch.func.grad(loss)(weights)
    with nonlin.watch(quiet=True) as watcher:
        found = torch.func.grad(loss)(weights)
    assert all(torch.equal(plain[k], found[k]) for k in plain)
    assert watcher.run.steps == 0


def test_a_failed_back_propagation_is_the_program_s_own():
    model, (x, y) = network(0.0), data()
    with nonlin.watch(quiet=True) as watcher:
        loss = F.mse_loss(model(x), y)
        loss.backward()
        with pytest.raises(RuntimeError, match="second time"):
            loss.backward()
        in_place(model.parameters())
    assert watcher.run.steps == 1


@pytest.mark.parametrize("place", ["leaves", "pushed"])
def test_a_failure_to_find_gradients_does_not_reach_the_training(place, monkeypatch):
    from nonlin.diagnosis import backpropagation

    def fails(*_):
        raise ValueError("on purpose")

    monkeypatch.setattr(backpropagation._Backward, place, fails)
    model = network(0.0)
    with pytest.warns(RuntimeWarning, match="the training goes on"):
        watcher = trained(model, steps=5)
    assert "on purpose" in watcher.diagnosis.notes[0]
    assert model[0].weight.grad is not None


def test_only_the_network_that_is_named_is_watched():
    model, other, (x, y) = network(), network(), data()
    with nonlin.watch(model, quiet=True) as watcher:
        for _ in range(20):
            for each in (model, other):
                F.mse_loss(each(x), y).backward()
                in_place(each.parameters())
    assert watcher.run.steps == 20
    assert set(watcher.run.parameters) == {name for name, _ in model.named_parameters()}


def leaves(bias=0.0):
    """Weights and biases of plain tensors, those of the last hidden layer as given."""
    generator = torch.Generator().manual_seed(0)
    sizes = [(6, 32), (32, 32), (32, 1)]
    weights = [torch.randn(n, m, generator=generator) * math.sqrt(2 / n) for n, m in sizes]
    biases = [torch.zeros(32), torch.full((32,), bias), torch.zeros(1)]
    return [p.requires_grad_() for p in (*weights, *biases)]


def run_of(p, x):
    h = torch.relu(x @ p[0] + p[3])
    h = torch.relu(h @ p[1] + p[4])
    return h @ p[2] + p[5]


def by_list(p, x, y):
    grads = torch.autograd.grad(F.mse_loss(run_of(p, x), y), p)
    return [(w - RATE * g).detach().requires_grad_() for w, g in zip(p, grads, strict=True)]


def by_backward(p, x, y):
    F.mse_loss(run_of(p, x), y).backward()
    with torch.no_grad():
        return [(w - RATE * w.grad).requires_grad_() for w in p]


def by_copy(p, x, y):
    """The leaves are made anew for each pass, of tensors that need no gradient."""
    work = [w.detach().clone().requires_grad_() for w in p]
    F.mse_loss(run_of(work, x), y).backward()
    return [w.detach() - RATE * v.grad for w, v in zip(p, work, strict=True)]


EXCHANGES = {"list": by_list, "backward": by_backward, "copy": by_copy}


def exchanging(exchange, p, steps=STEPS, **options):
    x, y = data()
    with nonlin.watch(quiet=True, **options) as watcher:
        for _ in range(steps):
            p = exchange(p, x, y)
    return watcher, p


@pytest.mark.parametrize("exchange", EXCHANGES)
@pytest.mark.parametrize("every", [None, 1, 7])
def test_parameters_that_a_step_exchanges(exchange, every):
    steps = 20 if every == 1 else STEPS
    watcher, _ = exchanging(EXCHANGES[exchange], leaves(-50.0), steps, every=every)
    assert [(f.kind, f.cause) for f in watcher.findings] == [("dead-units", "negative-bias")]
    # What a function calls its own is gone when it ends, and its last step with it.
    assert steps - 1 <= watcher.run.steps <= steps
    assert len(watcher.run.parameters) == 6
    assert watcher.findings[0].layer.endswith("[1]:relu")


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_parameters_that_a_step_exchanges_and_that_are_well(exchange):
    watcher, p = exchanging(EXCHANGES[exchange], leaves())
    assert watcher.findings == ()
    plain = leaves()
    x, y = data()
    for _ in range(STEPS):
        plain = EXCHANGES[exchange](plain, x, y)
    assert all(map(torch.equal, p, plain))
    (weight,) = [q for q in watcher.run.parameters.values() if q.name.endswith("[2]")]
    steps, table = weight.series.table()
    assert steps.tolist() == watcher.run.sampled
    assert table["update"] == pytest.approx(RATE * table["gradient"], rel=1e-3)


def test_a_batch_that_needs_gradients_is_no_parameter_however_often_it_is_another():
    generator = torch.Generator().manual_seed(2)
    p = leaves()
    with nonlin.watch(quiet=True, every=1) as watcher:
        for _ in range(20):
            x = torch.randn(32, 6, generator=generator).requires_grad_()
            F.mse_loss(run_of(p, x), x.detach()[:, :1]).backward()
            p = [(w - RATE * w.grad).detach().requires_grad_() for w in p]
    assert watcher.run.steps == 20
    assert set(watcher.run.parameters) == {f"p[{i}]" for i in range(6)}
    assert watcher.findings == ()


def test_steps_of_adam_that_exchange():
    x, y = data()
    p, step = leaves(-50.0), 0
    m, v = [torch.zeros_like(w) for w in p], [torch.zeros_like(w) for w in p]
    with nonlin.watch(quiet=True) as watcher:
        for step in range(1, STEPS + 1):
            grads = torch.autograd.grad(F.mse_loss(run_of(p, x), y), p)
            m = [0.9 * a + 0.1 * g for a, g in zip(m, grads, strict=True)]
            v = [0.999 * a + 0.001 * g * g for a, g in zip(v, grads, strict=True)]
            grow, widen = 1 - 0.9**step, 1 - 0.999**step
            p = [
                (w - 1e-3 * (a / grow) / ((b / widen).sqrt() + 1e-8)).detach().requires_grad_()
                for w, a, b in zip(p, m, v, strict=True)
            ]
    assert watcher.run.steps == STEPS
    assert [(f.kind, f.layer) for f in watcher.findings] == [("dead-units", "p[1]:relu")]


def test_a_module_s_parameters_are_exchanged():
    model, (x, y) = network(), data()
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(STEPS):
            F.mse_loss(model(x), y).backward()
            for layer in model:
                for name, p in list(layer.named_parameters()):
                    setattr(layer, name, nn.Parameter(p.detach() - RATE * p.grad))
    assert watcher.run.steps == STEPS
    assert set(watcher.run.parameters) == {name for name, _ in model.named_parameters()}
    assert [(f.kind, f.layer) for f in watcher.findings] == [("dead-units", "3")]


def test_what_the_program_s_functions_hold_is_not_kept():
    """To look for the names of tensors is to look into the program's functions."""

    def descend():
        p, other = leaves(), torch.zeros(3)
        F.mse_loss(run_of(p, x), y).backward()
        in_place(p)
        gone = weakref.ref(other)
        del other
        return gone()

    x, y = data()
    with nonlin.watch(quiet=True, every=1):
        assert descend() is None


def test_a_copy_in_16_bits_of_weights_in_32_loses_nothing():
    """Mixed precision that is written out: most of the copies stay where they were, by rounding."""
    x, y = (t.bfloat16() for t in data())
    p, stayed = [w.detach() for w in leaves()], []
    with nonlin.watch(quiet=True, every=1) as watcher:
        for _ in range(20):
            work = [w.bfloat16().requires_grad_() for w in p]
            F.mse_loss(run_of(work, x), y).backward()
            moved = [w - 2e-4 * v.grad for w, v in zip(p, work, strict=True)]
            stayed.append((moved[1].bfloat16() == p[1].bfloat16()).float().mean().item())
            p = moved
    assert min(stayed) > 0.9
    assert {f"work[{i}]" for i in range(6)} == set(watcher.run.parameters)
    assert watcher.findings == ()
