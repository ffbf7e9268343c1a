"""Layers that are products with parameters: several in one module, stacked ones, contractions."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import nonlin
from nonlin.diagnosis.contractions import Contraction, contraction
from nonlin.diagnosis.evidence import weights_in_order
from nonlin.diagnosis.statistics import Weight
from nonlin.report.terminal_diagnosis import is_shown

WIDTH = 48
PRODUCTS = {
    "matmul": lambda x, w: x @ w,
    "from the left": lambda x, w: (w.T @ x.T).T,
    "addmm": lambda x, w: torch.addmm(torch.zeros(()), x, w),
    "einsum": lambda x, w: torch.einsum("bi,ij->bj", x, w),
    "implicit einsum": lambda x, w: torch.einsum("bi, ij", x, w),
    "einsum of a list": lambda x, w: torch.einsum("...i,ij->...j", [x, w]),
    "linear": lambda x, w: F.linear(x, w.T),
}


class Products(nn.Module):
    """Layers in one list of parameters, or side by side in one module."""

    def __init__(self, act, product, depth=3, listed=True, bias=0.0):
        super().__init__()
        self.act, self.product, self.depth, self.listed = act, product, depth, listed
        sizes = [8, *[WIDTH] * depth, 1]
        shapes = list(itertools.pairwise(sizes))
        weights = [nn.Parameter(torch.randn(a, b) / math.sqrt(a)) for a, b in shapes]
        biases = [nn.Parameter(torch.full((b,), bias)) for _, b in shapes]
        if listed:
            self.w, self.b = nn.ParameterList(weights), nn.ParameterList(biases)
        else:
            for i, (weight, offset) in enumerate(zip(weights, biases, strict=True)):
                self.register_parameter(f"w{i}", weight)
                self.register_parameter(f"b{i}", offset)

    def forward(self, x):
        for i in range(self.depth + 1):
            w = self.w[i] if self.listed else getattr(self, f"w{i}")
            b = self.b[i] if self.listed else getattr(self, f"b{i}")
            x = self.product(x, w) + b
            if i < self.depth:
                x = self.act(x)
        return x


def watched(model, steps=80, rate=1e-3):
    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = (x[:, :1] * x[:, 1:2]).sin() + x[:, 2:3] ** 2
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(steps):
            optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()
            optimizer.step()
    return watcher


def kinds(watcher):
    return [f.kind for f in watcher.diagnosis.findings]


each_product = pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)
each_home = pytest.mark.parametrize("listed", [True, False], ids=["listed", "side by side"])


@each_product
@each_home
def test_each_weight_is_a_layer(product, listed):
    torch.manual_seed(0)
    watcher = watched(Products(torch.tanh, product, listed=listed), steps=20)
    dot = "." if listed else ""
    assert list(watcher.run.weights) == [f"w{dot}{i}" for i in range(4)]
    first, *_, last = watcher.run.weights.values()
    assert (first.fan_in, first.outputs, first.has_bias) == (8, WIDTH, True)
    assert (last.fan_in, last.outputs) == (WIDTH, 1)
    assert [s.producer for s in watcher.run.sites.values()] == [f"w{dot}{i}" for i in range(3)]
    layers = {p.layer for p in watcher.run.parameters.values() if p.is_weight}
    assert layers == set(watcher.run.weights)
    assert kinds(watcher) == []


@each_product
@each_home
def test_a_deep_stack_of_them_loses_its_gradient(product, listed):
    torch.manual_seed(0)
    found = watched(Products(torch.sigmoid, product, depth=12, listed=listed)).diagnosis.findings
    (finding,) = [f for f in found if f.kind == "vanishing-gradient"]
    assert finding.layer == ("w.0" if listed else "w0")


@each_product
def test_a_missing_activation_inside_a_module_is_found(product):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.up = nn.Parameter(torch.randn(16, 64) / 4)
            self.bias = nn.Parameter(torch.zeros(64))
            self.down = nn.Parameter(torch.randn(64, 16) / 8)

        def forward(self, x):
            return product(product(x, self.up) + self.bias, self.down)

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), Block(), nn.ReLU(), nn.Linear(16, 1))
    (finding,) = watched(model).diagnosis.findings
    assert (finding.kind, finding.layer) == ("linear-network", "2.up")


def test_a_bias_that_is_added_tells_why_units_died():
    torch.manual_seed(0)
    product = PRODUCTS["matmul"]
    found = watched(Products(torch.relu, product, depth=1, bias=-8.0)).diagnosis.findings
    assert [(f.kind, f.cause) for f in found] == [("dead-units", "negative-bias")]


@pytest.mark.parametrize(
    "add",
    [
        lambda x, w, b: torch.addmm(b, x, w),
        lambda x, w, b: F.linear(x, w.T, b),
        lambda x, w, b: x @ w + b,
        lambda x, w, b: x @ w + b[None],
    ],
    ids=["addmm", "linear", "added", "added as a row"],
)
@pytest.mark.parametrize("shape", [(WIDTH,), (1, WIDTH)], ids=["flat", "row"])
def test_a_bias_is_known_however_it_is_added(add, shape):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.randn(8, WIDTH) / math.sqrt(8))
            self.b = nn.Parameter(torch.full(shape, -8.0))
            self.out = nn.Linear(WIDTH, 1)

        def forward(self, x):
            return self.out(add(x, self.w, self.b).relu())

    torch.manual_seed(0)
    watcher = watched(Net())
    assert watcher.run.weights["w"].has_bias
    assert [(f.kind, f.cause) for f in watcher.diagnosis.findings] == [
        ("dead-units", "negative-bias")
    ]


def test_one_number_that_is_added_is_no_bias_of_units():
    torch.manual_seed(0)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.randn(8, WIDTH) / math.sqrt(8))
            self.shift, self.out = nn.Parameter(torch.zeros(())), nn.Linear(WIDTH, 1)

        def forward(self, x):
            return self.out((x @ self.w + self.shift).relu())

    model = Net()  # Held, as its bias is known for as long as it lives.
    weights = watched(model).run.weights
    assert weights["w"].has_bias
    assert weights["w"].bias() is None
    assert weights["out"].bias() is not None


def test_a_product_with_a_fixed_matrix_is_no_layer():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
    fixed = nn.Parameter(torch.eye(16), requires_grad=False)
    model.register_parameter("fixed", fixed)
    model[1].register_forward_hook(lambda module, args, out: out @ fixed)
    assert list(watched(model).run.weights) == ["0", "2"]


@pytest.mark.parametrize("scale", [8.0, 0.01])
def test_weights_of_another_scale_are_told_with_figures(scale):
    torch.manual_seed(0)
    model = Products(torch.tanh, PRODUCTS["einsum"])
    for weight in model.w:
        weight.data.mul_(scale)
    (finding, *_) = [f for f in watched(model).diagnosis.findings if f.kind == "init-mismatch"]
    shown = {k: v for k, v in finding.evidence.items() if is_shown(v)}
    # The first layer reads the input, for which 1 fits; the others read tanh.
    which, gain = ("largest", 1.0) if scale > 1 else ("smallest", nonlin.init.gain("tanh"))
    assert shown[f"{which}_weights_over_gain"] == pytest.approx(scale / gain, rel=0.1)
    assert shown["fan_in"] == (8 if scale > 1 else WIDTH)


def test_an_ensemble_of_stacked_weights():
    class Ensemble(nn.Module):
        def __init__(self, members=4):
            super().__init__()
            self.first = nn.Parameter(torch.randn(members, 8, WIDTH) / math.sqrt(8))
            self.second = nn.Parameter(torch.randn(members, WIDTH, 1) / math.sqrt(WIDTH))

        def forward(self, x):
            h = torch.einsum("bi,eio->ebo", x, self.first).relu()
            return torch.bmm(h, self.second).mean(0)

    torch.manual_seed(0)
    watcher = watched(Ensemble())
    weights = watcher.run.weights
    assert {k: (w.fan_in, w.outputs) for k, w in weights.items()} == {
        "first": (8, WIDTH),
        "second": (WIDTH, 1),
    }
    assert kinds(watcher) == []


class Stacked(nn.Module):
    """Layers whose weights lie in one parameter, and are taken out of it one by one."""

    def __init__(self, act, taken, depth=10):
        super().__init__()
        self.act, self.taken = act, taken
        self.into = nn.Parameter(torch.randn(8, WIDTH) / math.sqrt(8))
        self.body = nn.Parameter(torch.randn(depth, WIDTH, WIDTH) / math.sqrt(WIDTH))
        self.bias = nn.Parameter(torch.zeros(depth, WIDTH))
        self.out = nn.Parameter(torch.randn(WIDTH, 1) / math.sqrt(WIDTH))

    def forward(self, x):
        h = self.act(x @ self.into)
        for w, b in zip(self.taken(self.body), self.bias, strict=True):
            h = self.act(h @ w + b)
        return h @ self.out


TAKEN = {
    "iterated": lambda ws: ws,
    "by index": lambda ws: [ws[i] for i in range(len(ws))],
    "unbound": lambda ws: ws.unbind(0),
}


@pytest.mark.parametrize("taken", TAKEN)
def test_weights_that_lie_in_one_parameter_are_layers_each(taken):
    torch.manual_seed(0)
    watcher = watched(Stacked(torch.tanh, TAKEN[taken]), steps=20)
    names = [f"body[{i}]" for i in range(10)]
    assert list(watcher.run.weights) == ["into", *names, "out"]
    assert [s.layer for s in watcher.run.sites.values()][1:] == [f"{n}:tanh" for n in names]
    assert kinds(watcher) == []


@pytest.mark.parametrize("taken", TAKEN)
def test_a_deep_stack_of_weights_in_one_parameter_loses_its_gradient(taken):
    torch.manual_seed(0)
    assert kinds(watched(Stacked(torch.sigmoid, TAKEN[taken]))) == ["vanishing-gradient"]


def test_an_activation_is_missing_between_weights_in_one_parameter():
    torch.manual_seed(0)
    watcher = watched(Stacked(lambda z: z, TAKEN["by index"], depth=3))
    assert kinds(watcher) == ["linear-network"]
    assert "body[1]" in watcher.findings[0].layers


def test_rows_of_a_matrix_are_no_layers():
    class Rows(nn.Module):
        def __init__(self):
            super().__init__()
            self.into = nn.Linear(8, 16)
            self.rows = nn.Parameter(torch.randn(2, 16) / 4)

        def forward(self, x):
            h = torch.tanh(self.into(x))
            return (h @ self.rows[0] + (h * h) @ self.rows[1])[:, None]

    torch.manual_seed(0)
    assert list(watched(Rows(), steps=10).run.weights) == ["into", "rows"]


def test_the_run_of_each_of_two_networks_has_the_parameters_of_its_stacks():
    torch.manual_seed(0)
    models = nn.ModuleList(
        nn.Sequential(nn.Identity(), Stacked(torch.tanh, TAKEN["by index"], depth=3))
        for _ in range(2)
    )
    optimizer = torch.optim.SGD(models.parameters(), lr=0.01)
    x, y = torch.randn(64, 8), torch.randn(64, 1)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(5):
            sum(F.mse_loss(model(x), y) for model in models).backward()
            optimizer.step()
            optimizer.zero_grad()
    parts = watcher.run.networks()
    assert [len(weights_in_order(part)) for part in parts] == [5, 5]


def test_the_bias_of_stacked_units_is_the_largest_of_their_members():
    bias = torch.tensor([[[-9.0, -9.0, 1.0]], [[-8.0, 2.0, 0.0]]])
    weight = Weight("w", 0, (2, 4, 3), 4, 3)
    weight.keep_bias(bias)
    assert torch.equal(weight.bias(), torch.tensor([-8.0, 2.0, 1.0]))


def test_baddbmm_is_a_layer_with_its_bias():
    class Committee(nn.Module):
        def __init__(self, members=4):
            super().__init__()
            self.w = nn.Parameter(torch.randn(members, 8, WIDTH) / math.sqrt(8))
            self.b = nn.Parameter(torch.full((members, 1, WIDTH), -30.0))
            self.out = nn.Parameter(torch.randn(members, WIDTH, 1) / math.sqrt(WIDTH))

        def forward(self, x):
            h = torch.baddbmm(self.b, x.expand(len(self.w), -1, -1), self.w).relu()
            return torch.bmm(h, self.out).mean(0)

    torch.manual_seed(0)
    watcher = watched(Committee())
    assert [(f.kind, f.layer, f.cause) for f in watcher.findings] == [
        ("dead-units", "w:relu", "negative-bias")
    ]


def test_a_weight_of_another_layer_is_tied_and_ones_own_is_not():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.into, self.out = nn.Linear(8, 16), nn.Linear(16, 1)
            self.own = nn.Parameter(torch.randn(16, 16) / 4)

        def forward(self, x):
            h = F.linear(self.into(x).relu(), self.own).relu()
            return self.out(F.linear(F.linear(h, self.into.weight.T), self.into.weight).relu())

    torch.manual_seed(0)
    weights = watched(Net(), steps=10).run.weights
    assert {name: w.tied for name, w in weights.items()} == {
        "into": True,
        "own": False,
        "out": False,
    }


CONTRACTIONS = [
    # equation, shapes of x and weight, axis of the units and how many entries are summed
    ("bi,io->bo", (5, 3), (3, 7), Contraction(-1, 3)),
    ("oi,bi->bo", (5, 3), (7, 3), Contraction(-1, 3)),
    ("oi,bi->ob", (5, 3), (7, 3), Contraction(-2, 3)),
    ("mbi,mio->mbo", (2, 5, 3), (2, 3, 7), Contraction(-1, 3)),
    ("btd,dhk->bthk", (2, 5, 6), (6, 4, 3), Contraction(-1, 6)),
    ("bthk,hkd->btd", (2, 5, 4, 3), (4, 3, 6), Contraction(-1, 12)),
    ("...i,oi->...o", (2, 5, 3), (7, 3), Contraction(-1, 3)),
    ("i...,io->o...", (3, 2, 5), (3, 7), Contraction(0, 3)),
    ("bi,io", (5, 3), (3, 7), Contraction(-1, 3)),
    ("bi,i->bi", (5, 3), (3,), None),
    ("bi,o->bio", (5, 3), (7,), None),
    ("bi,i->b", (5, 3), (3,), None),
]


@pytest.mark.parametrize(("equation", "x", "weight", "expected"), CONTRACTIONS)
@pytest.mark.parametrize("listed", [False, True])
def test_what_a_contraction_sums_over(equation, x, weight, expected, listed):
    data, learned = torch.ones(x), torch.ones(weight)
    operands = [learned, data] if equation.startswith("oi") else [data, learned]
    result = torch.einsum(equation, *operands)
    found = contraction(
        "einsum", (equation, operands) if listed else (equation, *operands), learned, data
    )
    assert found == expected
    if found is not None:
        # Ones summed: the result says how many there were.
        assert result.flatten()[0] == found.fan_in
        assert result.shape[found.axis] in weight


def test_contractions_of_three_are_left_alone():
    x, w = torch.ones(5, 3), torch.ones(3, 7)
    assert contraction("einsum", ("bi,io,b->bo", x, w, torch.ones(5)), w, x) is None
    assert contraction("einsum", (x, [0, 1], w, [1, 2]), w, x) is None


@pytest.mark.parametrize("read", ["data", "detach", "module", "moved"])
def test_a_parameter_that_is_read_past_the_gradient(read):
    class Factors(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.other = nn.Embedding(16, 8), nn.Embedding(16, 8)

        def forward(self, k):
            weight = self.table.weight
            rows = self.table(k) if read == "module" else weight.detach()[k]
            rows = weight.data[k] if read == "data" else rows
            if read == "moved":  # As a codebook that follows its members' mean.
                weight.data.mul_(0.99)
            return (rows * self.other(k.flip(0))).sum(1)

    torch.manual_seed(0)
    model, k, y = Factors(), torch.arange(16), torch.randn(16)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(60):
            optimizer.zero_grad()
            F.mse_loss(model(k), y).backward()
            optimizer.step()
    found = [(f.kind, f.layer, f.severity) for f in watcher.diagnosis.findings]
    stuck = [("blocked-gradient", "table", "problem")]
    assert found == (stuck if read in ("data", "detach") else [])


def test_a_layer_that_is_cut_and_read_as_a_constant_is_told_once():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.into, self.out = nn.Linear(8, 16), nn.Linear(16, 1)

        def forward(self, x):
            return self.out(self.into(x).detach().relu()) + self.into.weight.data.mean()

    torch.manual_seed(0)
    (finding,) = watched(Net()).diagnosis.findings
    assert (finding.kind, finding.layer) == ("blocked-gradient", "into")


class Plain:
    """A layer of a program without modules."""

    def __init__(self, w, b):
        self.w, self.b = w, b


HOMES = {
    "pairs": (lambda w, b: (w, b), lambda layer: layer, ("layers[1][0]", "layers[1][1]")),
    "dictionaries": (
        lambda w, b: {"w": w, "b": b},
        lambda layer: (layer["w"], layer["b"]),
        ("layers[1]['w']", "layers[1]['b']"),
    ),
    "objects": (Plain, lambda layer: (layer.w, layer.b), ("layers[1].w", "layers[1].b")),
}


def _layer(make, a, b):
    return make(
        (torch.randn(a, b) / math.sqrt(a)).requires_grad_(), torch.zeros(b).requires_grad_()
    )


@pytest.mark.parametrize(("make", "read", "names"), HOMES.values(), ids=HOMES)
@pytest.mark.parametrize("by_key", [False, True])
def test_parameters_of_layers_without_modules_have_names(make, read, names, by_key):
    torch.manual_seed(0)
    x, y = torch.randn(64, 8), torch.randn(64, 1)
    layers = [_layer(make, a, b) for a, b in ((8, 16), (16, 16), (16, 1))]
    layers = dict(enumerate(layers)) if by_key else layers

    def model(h):
        for i in range(3):
            h = h @ read(layers[i])[0] + read(layers[i])[1]
            h = torch.tanh(h) if i < 2 else h
        return h

    optimizer = torch.optim.SGD([p for i in range(3) for p in read(layers[i])], lr=0.01)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(10):
            optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()
            optimizer.step()
    assert set(names) <= set(watcher.run.parameters)
    assert len(watcher.run.parameters) == 6
    assert list(watcher.run.weights) == [names[0].replace("1", str(i)) for i in range(3)]


def test_a_list_that_holds_itself_is_no_trap():
    loop = []
    loop.append(loop)
    w = torch.randn(8, 1, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.01)
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(5):
            optimizer.zero_grad()
            (torch.randn(16, 8) @ w).square().mean().backward()
            optimizer.step()
    assert set(watcher.run.parameters) == {"w"}
    assert not watcher.run.notes
