"""What `initialize_` does to networks as people write them, and what it leaves alone."""

from __future__ import annotations

import ast
import importlib.util
import itertools
import math
import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import nonlin
from catalogue import ELEMENTWISE
from networks import GPT, Functional, Gated, ResNet
from nonlin.errors import NonlinError
from nonlin.init import critical_variances, gain, initialize_, second_moment, slope_moment
from tolerances import QUADRATURE, SIGMAS


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def snapshot(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def assert_deviation(weight: torch.Tensor, expected: float) -> None:
    slack = SIGMAS * expected / math.sqrt(2 * weight.numel())
    assert abs(weight.detach().double().square().mean().sqrt().item() - expected) < slack


@pytest.mark.parametrize("record", ELEMENTWISE, ids=lambda r: r.name)
def test_gains_of_both_directions_by_monte_carlo(record):
    z = torch.randn(2**19, generator=seeded(), dtype=torch.float64).numpy()
    for of, moment in ((record, second_moment), (record.derivative, slope_moment)):
        squares = of(math.sqrt(0.7) * z) ** 2
        slack = SIGMAS * squares.std() / math.sqrt(len(z)) + 1e-12
        assert abs(moment(record, 0.7) - squares.mean()) < slack
    moments = second_moment(record), slope_moment(record)
    if moments[1] == 0:
        with pytest.raises(NonlinError, match=r"E\[f′\(z\)²\] = 0.0 .*; no gain exists"):
            gain(record, "backward")
        return
    forward, backward, both = (gain(record, mode) for mode in nonlin.init.MODES)
    assert (forward, backward) == pytest.approx(tuple(m**-0.5 for m in moments))
    assert both == pytest.approx(math.sqrt(forward * backward))
    if record.facts.homogeneous == 1:
        assert forward == pytest.approx(backward, rel=QUADRATURE)


def test_published_gains():
    assert gain("relu") == pytest.approx(nn.init.calculate_gain("relu"), rel=QUADRATURE)
    # Klambauer et al. (2017): mean 0 and variance 1 are selu's fixed point.
    assert nonlin.selu.facts.mean == pytest.approx(0, abs=1e-12)
    assert nonlin.selu.facts.variance == pytest.approx(1, rel=1e-12)
    # calculate_gain's 5/3 is no moment; the value that keeps the variance is 1.5925
    # (Yang and Schoenholz 2017 use the same integral).
    assert gain("tanh") == pytest.approx(1.5925374, rel=1e-6)


def gammas() -> dict[str, float]:
    """timm's table of 1/√Var f(z), by Monte Carlo, for Brock et al. (2021), arXiv:2101.08692."""
    spec = importlib.util.find_spec("timm")
    assert spec is not None
    assert spec.submodule_search_locations
    file = Path(spec.submodule_search_locations[0]) / "models" / "nfnet.py"
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Assign) and "gamma" in ast.unparse(node.targets[0]):
            assert isinstance(node.value, ast.Call)
            return {k.arg: ast.literal_eval(k.value) for k in node.value.keywords if k.arg}
    raise AssertionError("timm has no table of gammas")


def test_timm_s_table():
    table = {name: gamma for name, gamma in gammas().items() if name != "log_softmax"}
    assert len(table) > 10
    for name, gamma in table.items():
        record = nonlin.get(name)
        assert 1 / math.sqrt(record.facts.variance) == pytest.approx(gamma, rel=5e-3), name


def test_moments_that_are_infinite_are_refused():
    with pytest.raises(NonlinError, match=r"E\[f\(z\)²\] is infinite for z ~ N\(0, 1\); no gain"):
        gain(nonlin.parse("exp(x*x)"))
    with pytest.raises(NonlinError, match=r"^relu: variance=-1; allowed: a number > 0$"):
        second_moment("relu", -1)
    with pytest.raises(NonlinError, match="mode='sideways'; allowed: forward, backward, compromis"):
        gain("relu", "sideways")
    assert second_moment(nonlin.parse("exp(3*x)")) == pytest.approx(math.exp(18), rel=1e-9)


@pytest.mark.parametrize("name", ["relu", "tanh", "gelu", "silu", "mish", "elu", "selu"])
def test_critical_variances_keep_both(name):
    weight, bias = critical_variances(name)
    assert weight * slope_moment(name) == pytest.approx(1)
    assert weight * second_moment(name) + bias == pytest.approx(1)


def test_some_functions_are_never_critical_at_1():
    with pytest.raises(NonlinError, match=r"^sigmoid: no critical point at variance 1"):
        critical_variances("sigmoid")


def test_a_resnet():
    model = ResNet()
    before = snapshot(model)
    done = initialize_(model, seeded(), inputs=torch.randn(2, 3, 32, 32, generator=seeded()))
    assert [row.name for row in done.drawn][:3] == ["conv1", "layer1.0.conv1", "layer1.0.conv2"]
    assert done["conv1"].feeds == "relu"
    assert (done["layer1.0.conv2"].scheme, done["layer1.0.conv2"].feeds) == ("He", "relu")
    assert_deviation(model.layer1[0].conv2.weight, math.sqrt(2 / (16 * 9)))
    assert "norm, whose scale decides" in done["layer1.0.conv2"].why
    # A sum of two has twice the variance: relu hands on as much as it was given.
    assert done["layer1.1.conv1"].gain == pytest.approx(1 / math.sqrt((0.5 + 1) / 2))
    norms = {row.name for row in done.left}
    assert "bn1" in norms
    assert "layer2.0.downsample.1" in norms
    for name, value in model.state_dict().items():
        if "bn" in name or "downsample.1" in name:
            assert torch.equal(value, before[name]), name


def test_a_gpt_keeps_its_embeddings_norms_and_tied_weights():
    model = GPT()
    before = snapshot(model)
    done = initialize_(model, seeded(), inputs=torch.randint(0, 17, (2, 8)))
    assert len(done.drawn) == 4 * 4
    for name, value in model.state_dict().items():
        kept = "wte" in name or "wpe" in name or "ln" in name or "lm_head" in name
        if kept or name.endswith("weight"):
            assert torch.equal(value, before[name]) is kept, name
    assert done["wte"].why == "tied to lm_head.weight"
    # GPT-2's 1/√(2·layers), on top of what gelu needs.
    assert done["blocks.3.c_proj"].gain == pytest.approx(8**-0.5)
    assert done["blocks.3.down"].gain == pytest.approx(gain("gelu_tanh") * 8**-0.5)
    assert done["blocks.0.up"].feeds == "gelu_tanh"
    assert not model.blocks[0].down.bias.any()


def test_a_functional_model():
    model = Functional()
    done = initialize_(model, seeded(), inputs=torch.randn(4, 28, 28))
    assert [(row.name, row.reads, row.feeds) for row in done.drawn] == [
        ("first", "input", "silu"),
        ("hidden", "silu", "tanh"),
        ("w", "tanh", "relu"),
        ("out", "relu", ""),
    ]
    assert_deviation(model.hidden.weight, gain("silu") / math.sqrt(128))
    assert_deviation(model.w, gain("tanh") / math.sqrt(128))
    blind = initialize_(model, seeded())
    assert blind["out"].reads == "input"
    assert "no inputs= were given" in str(blind)


def test_a_gated_block():
    done = initialize_(Gated(), seeded(), inputs=torch.randn(4, 64))
    assert done["down"].gain == pytest.approx(gain("silu"))


@pytest.mark.parametrize(
    ("written", "record"),
    [
        (lambda x: x * torch.sigmoid(x), nonlin.silu),
        (lambda x: torch.sigmoid(1.702 * x) * x, nonlin.quick_gelu),
        (lambda x: x * torch.tanh(F.softplus(x)), nonlin.mish),
        (lambda x: x.mul(x.tanh()), nonlin.lisht),
        (lambda x: F.relu(x) * F.relu(x), nonlin.relu2),
        (lambda x: F.relu(x + x) / 2, nonlin.relu),
    ],
)
def test_products_written_out(written, record):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(16, 16), nn.Linear(16, 16)

        def forward(self, x):
            return self.b(written(self.a(x)))

    done = initialize_(Net(), inputs=torch.randn(4, 16))
    assert done["b"].gain == pytest.approx(gain(record), rel=1e-6)


class Odd(nn.Module):
    """What cannot be initialised from a record, beside what can."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d, self.e = (nn.Linear(16, 16) for _ in range(5))
        self.f = nn.utils.parametrizations.weight_norm(nn.Linear(16, 16))
        self.unused = nn.Linear(3, 3)
        self.slope = nn.PReLU(16)
        self.c.weight.requires_grad_(False)

    def forward(self, x):
        x = self.b(torch.sin(self.a(x)))
        x = self.c(F.softmax(x, -1))
        x = self.d(F.relu(x))
        return self.f(self.slope(self.e(x.softmax(-1))))


def test_what_cannot_be_found_is_listed_and_left_as_it_was():
    model = Odd()
    before = snapshot(model)
    done = initialize_(model, inputs=torch.randn(4, 16))
    reasons = {row.name: row.why for row in done.left}
    assert reasons["b"].startswith("reads 'sin' of a, unknown here; if that is an activation")
    assert reasons["c"] == "frozen"
    assert reasons["e"].startswith("reads softmax, whose values depend on the length")
    assert reasons["linear"].startswith("its weight is computed")
    assert reasons["slope"] == "an activation's own parameters"
    assert reasons["unused"].startswith("Linear: no dense or convolutional layer that ran")
    changed = {n for n, v in model.state_dict().items() if not torch.equal(v, before[n])}
    assert changed == {"a.weight", "a.bias", "d.weight", "d.bias"}
    text = str(done)
    assert "left alone" in text
    assert re.search(r"d +relu +He|d +relu", text)


@pytest.mark.parametrize("name", ["relu", "tanh", "gelu"])
def test_refinement_brings_every_layer_to_variance_1(name):
    widths = (20, 20, 64, 48, 64, 64)
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nonlin.nn.from_record(nonlin.get(name))]
    model = nn.Sequential(*layers)
    batch = 3 + 5 * torch.rand(256, 20, generator=seeded())
    done = initialize_(model, seeded(), batch=batch)
    x = batch
    with torch.no_grad():
        for layer, row in zip(model[::2], done.drawn, strict=True):
            z = layer(x)
            assert z.var(correction=0).item() == pytest.approx(1, rel=1e-4)
            assert row.variance[1] == pytest.approx(1, rel=1e-4)
            x = nonlin.get(name)(z)
    assert done.drawn[0].variance[0] > 10
    assert "→ 1" in str(done)


def test_refinement_gives_branches_their_share():
    model = GPT()
    state = torch.random.get_rng_state()
    done = initialize_(model, seeded(), batch=torch.randint(0, 17, (8, 16), generator=seeded()))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert done["blocks.0.c_proj"].variance[1] == pytest.approx(1 / 8, rel=1e-3)
    assert done["blocks.0.up"].variance[1] == pytest.approx(1, rel=1e-3)


def test_modes_and_distributions():
    def model():
        return nn.Sequential(nn.Linear(64, 256), nn.Tanh(), nn.Linear(256, 256))

    x = torch.randn(2, 64)
    expected = {
        "forward": gain("tanh") / math.sqrt(256),
        "backward": gain("tanh", "backward") / math.sqrt(256),
        "compromise": gain("tanh", "compromise") / math.sqrt(256),
        "critical": math.sqrt(critical_variances("tanh")[0] / 256),
    }
    for mode, deviation in expected.items():
        net = model()
        done = initialize_(net, seeded(), inputs=x, mode=mode)
        assert done["2"].deviation == pytest.approx(deviation)
        assert_deviation(net[2].weight, deviation)
        bias = math.sqrt(critical_variances("tanh")[1]) if mode == "critical" else 0
        assert_deviation(net[2].bias, bias) if bias else None
        assert net[2].bias.any() == bool(bias)
    net = model()
    initialize_(net, seeded(), inputs=x, distribution="orthogonal")
    w = net[2].weight.detach()
    torch.testing.assert_close(w @ w.T, gain("tanh") ** 2 * torch.eye(256), rtol=1e-4, atol=1e-4)
    initialize_(net, seeded(), inputs=x, distribution="uniform")
    assert_deviation(net[2].weight, expected["forward"])
    assert net[2].weight.abs().max() <= math.sqrt(3) * expected["forward"]


def test_errors_leave_the_model_as_it_was():
    model = Functional()
    before = snapshot(model)
    for options, message in (
        (
            {"mode": "up"},
            "initialize_: mode='up'; allowed: forward, backward, compromise, critical",
        ),
        ({"distribution": "cauchy"}, "distribution='cauchy'; allowed: normal, uniform, orthogonal"),
        ({"inputs": torch.randn(4, 7)}, "running Functional on the example: raised RuntimeError"),
    ):
        with pytest.raises(NonlinError, match=re.escape(message)):
            initialize_(model, **options)
    with pytest.raises(NonlinError, match=r"got a str; allowed: a torch.nn.Module$"):
        initialize_("model")
    assert all(torch.equal(v, before[n]) for n, v in model.state_dict().items())


def test_an_activation_of_one_s_own():
    bent = nonlin.parse("x * tanh(2 * x)")
    model = nn.Sequential(nn.Linear(8, 8), nonlin.nn.from_record(bent), nn.Linear(8, 8))
    done = initialize_(model, inputs=torch.randn(2, 8))
    assert done["2"].gain == pytest.approx(gain(bent))


def test_slopes_that_were_learned_count():
    model = nn.Sequential(nn.Linear(8, 8), nn.PReLU(8, init=0.5), nn.Linear(8, 8))
    done = initialize_(model, inputs=torch.randn(2, 8))
    assert done["2"].gain == pytest.approx(gain(nonlin.leaky_relu.bind(alpha=0.5)))


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv1d(8, 64, 3, padding=1, padding_mode="circular"),
        nn.Conv2d(8, 64, 3, groups=4, padding=1, padding_mode="circular"),
        nn.Conv3d(8, 16, 3, padding=1, padding_mode="circular"),
        nn.ConvTranspose2d(64, 8, 4, stride=2),
        nn.ConvTranspose1d(64, 16, 3, groups=2),
    ],
    ids=str,
)
def test_every_convolution_keeps_the_variance(layer):
    """Away from the edges, where fewer inputs are read."""
    channels = layer.in_channels
    axes = layer.weight.ndim - 2
    x = torch.randn(32, channels, *(12,) * axes, generator=seeded(1))
    done = initialize_(nn.Sequential(layer), seeded(), inputs=x)
    assert len(done.drawn) == 1
    inner = layer(x)[(slice(None), slice(None), *(slice(4, -4),) * axes)]
    weights = layer.weight.numel()
    assert inner.var().item() == pytest.approx(1, abs=SIGMAS * math.sqrt(2 / weights) + 0.1)


def test_a_recurrent_layer_is_listed_and_what_reads_it_left():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.head = nn.LSTM(8, 16, batch_first=True), nn.Linear(16, 2)

        def forward(self, x):
            return self.head(self.lstm(x)[0])

    model = Net()
    before = snapshot(model)
    done = initialize_(model, inputs=torch.randn(2, 5, 8))
    assert "lstm.weight_hh_l0" in done["lstm"].why
    assert done["head"].why.startswith("reads 'lstm' of")
    assert all(torch.equal(v, before[n]) for n, v in model.state_dict().items())


def test_hugging_face_s_gpt2():
    """Attention in addmm with transposed weights, gelu_new as a module of several calls."""
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(
        GPT2Config(vocab_size=19, n_positions=16, n_embd=32, n_layer=2, n_head=2)
    )
    before = snapshot(model)
    tokens = torch.randint(0, 19, (2, 8), generator=seeded())
    done = initialize_(model, seeded(), inputs={"input_ids": tokens, "use_cache": False})
    assert len(done.drawn) == 2 * 4
    row = done["transformer.h.1.mlp.c_proj"]
    assert (row.reads, row.gain) == ("gelu_tanh", pytest.approx(gain("gelu_tanh") / 2))
    assert done["transformer.h.0.attn.c_proj"].gain == pytest.approx(0.5)
    assert_deviation(model.transformer.h[0].mlp.c_fc.weight, 1 / math.sqrt(32))
    for name in ("transformer.wte.weight", "transformer.wpe.weight", "transformer.ln_f.weight"):
        assert torch.equal(model.state_dict()[name], before[name])


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_fifty_plain_layers_learn_only_when_initialised(name):
    """The small version of benchmarks/init_study.py."""
    from sklearn.datasets import load_digits

    images, classes = load_digits(return_X_y=True)
    x = torch.tensor(images / 6.0 - 0.8, dtype=torch.float32)
    y = torch.tensor(classes)

    def accuracy(matched: bool) -> float:
        torch.manual_seed(0)
        sizes = [64] + [32] * 49
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nonlin.nn.from_record(nonlin.get(name))]
        model = nn.Sequential(*layers, nn.Linear(32, 10))
        if matched:
            initialize_(model, seeded(), batch=x[:256], mode="critical", distribution="orthogonal")
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
        for step in range(240):
            rows = slice(256 * (step % 6), 256 * (step % 6 + 1))
            optimiser.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimiser.step()
        with torch.no_grad():
            return (model(x[1536:]).argmax(1) == y[1536:]).double().mean().item()

    assert accuracy(matched=False) < 0.2
    assert accuracy(matched=True) > 0.6
