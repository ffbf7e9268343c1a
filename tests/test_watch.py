"""Watching changes nothing, sees what there is, and never takes the training down."""

from __future__ import annotations

import copy
import json
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import nonlin
from nonlin import init
from nonlin.diagnosis import KINDS, evidence, measuring
from nonlin.diagnosis.series import Series
from trainings import CLASSES, INPUTS, Functional, data, dense, fit


def _busy() -> nn.Module:
    """Everything that draws, writes in place or shares."""
    shared = nn.ReLU(inplace=True)
    return nn.Sequential(
        nn.Unflatten(1, (1, INPUTS)),
        nn.Conv1d(1, 8, 3, padding=1),
        nn.BatchNorm1d(8),
        shared,
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(8 * INPUTS, 32),
        nn.RReLU(inplace=True),
        nn.Linear(32, 32),
        shared,
        nonlin.nn.Swish(learn="beta"),
        nn.Dropout(0.3),
        nn.Linear(32, CLASSES),
    )


def _trained(watched: bool, every: int | None) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    torch.manual_seed(0)
    model = _busy()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    if watched:
        with nonlin.watch(model, optimizer, every=every, quiet=True) as watcher:
            fit(model, optimizer)
        assert watcher.diagnosis.steps == 40
        assert len(watcher.run.sites) == 4
    else:
        fit(model, optimizer)
    return model.state_dict(), torch.rand(4)


@pytest.mark.parametrize("every", [1, None])
def test_the_weights_are_the_same_bit_for_bit(every):
    plain, numbers = _trained(False, None)
    watched, same_numbers = _trained(True, every)
    for name, value in plain.items():
        assert torch.equal(value, watched[name]), name
    assert torch.equal(numbers, same_numbers)


def test_nothing_is_left_behind():
    model = dense(nn.ReLU)
    before = {
        k: len(v)
        for k, v in vars(nn.modules.module).items()
        if k.startswith("_global") and isinstance(v, dict)
    }
    with nonlin.watch(model, quiet=True):
        fit(model, torch.optim.SGD(model.parameters(), lr=0.1), steps=3)
        # In the middle of a step.
        model(torch.randn(4, INPUTS)).sum().backward()
    after = {
        k: len(v)
        for k, v in vars(nn.modules.module).items()
        if k.startswith("_global") and isinstance(v, dict)
    }
    assert before == after
    assert torch.overrides._len_torch_function_stack() == 0
    assert all(not m._forward_hooks for m in model.modules())


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (F.relu, "relu"),
        (torch.tanh, "tanh"),
        (lambda x: x.sigmoid(), "sigmoid"),
        (lambda x: F.leaky_relu(x, 0.2), "leaky_relu"),
        (lambda x: x.clone().relu_(), "relu"),
        (nonlin.mish, "mish"),
    ],
)
def test_calls_are_seen_as_modules_are(call, name):
    model = Functional(call)
    with nonlin.watch(model, quiet=True) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.1), steps=3)
    assert set(watcher.run.sites) == {f"fc1:{name}", f"fc2:{name}"}
    site = watcher.run.sites[f"fc2:{name}"]
    assert site.producer == "fc2"
    assert site.gradient.table()[1]["norm"][0] > 0


def test_figures_agree_with_autograd():
    torch.manual_seed(1)
    z = torch.randn(200, 7, dtype=torch.float64, requires_grad=True)
    for record in map(nonlin.get, nonlin.list_activations()):
        if not isinstance(record.facts, nonlin.Facts) or record.draws != "never":
            continue
        if record.facts.surrogate:
            continue
        rows = z.detach()
        figures, unit, _ = measuring.measure_call(record, rows, measuring.rms(rows), 0, {})
        (slope,) = torch.autograd.grad(record(z).sum(), z)
        torch.testing.assert_close(unit.slope_mean, slope.abs().mean(0))
        torch.testing.assert_close(unit.slope_high, slope.abs().amax(0))
        torch.testing.assert_close(figures[0], z.detach().square().mean().sqrt())
        torch.testing.assert_close(figures[4], slope.square().mean().sqrt())


def test_the_gradient_is_that_of_autograd():
    torch.manual_seed(2)
    model = dense(nn.Tanh)
    x, y = data()
    hidden = {}
    handle = model[1].register_forward_hook(lambda m, i, o: hidden.update(out=o))
    with nonlin.watch(model, every=1, quiet=True) as watcher:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        before = copy.deepcopy(model.state_dict())
        loss = F.cross_entropy(model(x), y)
        (wanted,) = torch.autograd.grad(loss, hidden["out"], retain_graph=True)
        loss.backward()
        gradient = model[2].weight.grad.norm()
        optimizer.step()
    handle.remove()
    norm = watcher.run.sites["1"].gradient.table()[1]["norm"][0]
    assert norm == pytest.approx(float(wanted.norm()), rel=1e-5)
    table = watcher.run.parameters["2.weight"].series.table()[1]
    assert table["gradient"][0] == pytest.approx(float(gradient), rel=1e-5)
    moved = measuring.followed(model[2].weight - before["2.weight"])
    assert table["update"][0] == pytest.approx(float(moved.detach().norm()), rel=1e-5)
    assert watcher.run.loss.table()[1]["loss"][0] == pytest.approx(float(loss), rel=1e-6)


def test_a_tensor_that_is_overwritten_is_measured_anew():
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(inplace=True), nn.Linear(8, 2))
    with torch.inference_mode():
        x = torch.randn(64, 6)
    model[0].requires_grad_(False)
    with nonlin.watch(model, every=1, quiet=True) as watcher:
        optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
        h = F.linear(x.clone(), model[0].weight, model[0].bias)
        model(x).square().mean().backward()
        optimizer.step()
    table = watcher.run.sites["1"].series.table()[1]
    assert table["z_rms"][0] == pytest.approx(float(h.square().mean().sqrt()), rel=1e-5)
    assert table["out_rms"][0] == pytest.approx(float(h.relu().square().mean().sqrt()), rel=1e-5)
    read = watcher.run.weights["2"].input.table()[1]
    assert read["rms"][0] == table["out_rms"][0]


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_a_program_with_another_default_dtype_is_measured(dtype):
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        model = nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 2))
        with nonlin.watch(model, every=1, quiet=True) as watcher:
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for _ in range(6):
                model(torch.randn(64, 6)).square().mean().backward()
                optimizer.step()
    finally:
        torch.set_default_dtype(usual)
    assert not watcher.run.notes
    assert len(watcher.run.sites["1"].series) == len(watcher.run.parameters["0.weight"].series) == 6
    lost = watcher.run.parameters["0.weight"].series.table()[1]["lost"]
    assert np.isfinite(lost).sum() == (2 if dtype == torch.float64 else 6)


def test_expected_slope_agrees_with_drawing():
    z = torch.randn(1 << 18, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for name in ("relu", "tanh", "sigmoid", "gelu", "elu"):
        record = nonlin.get(name)
        slopes = record.derivative(z).abs()
        error = 5 * float(slopes.std()) / 512
        assert abs(float(slopes.mean()) - evidence.expected_slope(record)) < error, name


def test_the_loss_scale_of_amp_is_taken_out():
    def run(scaled: bool):
        torch.manual_seed(0)
        model = dense(nn.Tanh)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, enabled=scaled)
        x, y = data()
        with nonlin.watch(model, every=1, quiet=True) as watcher:
            for _ in range(5):
                loss = F.cross_entropy(model(x), y)
                optimizer.zero_grad()
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
        return watcher.run.parameters["0.weight"].series.table()[1]["gradient"]

    torch.testing.assert_close(torch.tensor(run(True)), torch.tensor(run(False)), rtol=1e-5, atol=0)


def test_several_models_and_optimizers_are_one_training():
    torch.manual_seed(0)
    first, second = dense(nn.ReLU), dense(nn.GELU)
    optimizers = [torch.optim.SGD(m.parameters(), lr=0.05) for m in (first, second)]
    x, y = data()
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(6):
            for model, optimizer in zip((first, second), optimizers, strict=True):
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
    assert watcher.diagnosis.steps == 6
    records = {s.name for s in watcher.run.sites.values()}
    assert records == {"relu", "gelu"}
    assert watcher.diagnosis.findings == ()


def test_trainings_one_after_the_other_are_all_seen():
    import gc
    import weakref

    gone = []
    with nonlin.watch(quiet=True) as watcher:
        for fold in range(3):
            torch.manual_seed(fold)
            model = dense(nn.ReLU)
            if fold == 2:
                with torch.no_grad():
                    model[0].bias.fill_(-50.0)
            fit(model, torch.optim.SGD(model.parameters(), lr=0.05), steps=60)
            gone.append(weakref.ref(model))
            del model
    gc.collect()
    assert [ref() for ref in gone] == [None] * 3
    assert [(f.kind, f.layer) for f in watcher.diagnosis.findings] == [
        ("dead-units", "Sequential#3.1")
    ]
    assert 170 < watcher.diagnosis.steps <= 180


def test_frozen_sparse_and_missing_gradients_are_understood():
    torch.manual_seed(0)
    embed = nn.Embedding(50, 8, sparse=True)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
    model[0].requires_grad_(False)
    unused = nn.Linear(3, 3)
    optimizer = torch.optim.SGD(
        [*embed.parameters(), *model.parameters(), *unused.parameters()], lr=0.1
    )
    with nonlin.watch(every=1, quiet=True) as watcher:
        for _ in range(8):
            value = F.cross_entropy(model(embed(torch.randint(50, (64,)))), torch.randint(3, (64,)))
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    assert watcher.diagnosis.findings == ()
    assert watcher.run.notes == []


def test_a_gradient_that_fails_to_be_measured_is_noted(monkeypatch):
    from nonlin.diagnosis.gradients import Gradient

    def fail(self, gradient):
        raise ArithmeticError("planted")

    monkeypatch.setattr(Gradient, "_note", fail)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with nonlin.watch(model, optimizer, every=1, quiet=True) as watcher:
        for _ in range(3):
            model(torch.ones(2, 4)).sum().backward()
            optimizer.step()
    noted = [note for note in watcher.diagnosis.notes if "planted" in note]
    assert noted == ["a gradient at 1 was not measured: ArithmeticError('planted')"]


def test_a_failing_measurement_is_switched_off_with_one_warning(monkeypatch):
    def fail(*args):
        raise ZeroDivisionError("broken on purpose")

    monkeypatch.setattr(measuring, "measure_call", fail)
    torch.manual_seed(0)
    model = dense(nn.ReLU)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with nonlin.watch(model, every=1, quiet=True) as watcher:
            fit(model, torch.optim.SGD(model.parameters(), lr=0.1), steps=5)
    told = [str(w.message) for w in caught if "nonlin" in str(w.message)]
    assert len(told) == 1
    assert "broken on purpose" in told[0]
    assert watcher.run.steps == 5
    assert any("broken on purpose" in note for note in watcher.diagnosis.notes)


def test_the_users_own_modes_stay_in_force():
    from torch.overrides import TorchFunctionMode

    class Count(TorchFunctionMode):
        calls = 0

        def __torch_function__(self, func, types, args=(), kwargs=None):
            Count.calls += 1
            return func(*args, **(kwargs or {}))

    model = dense(nn.ReLU)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with nonlin.watch(model, every=1, quiet=True) as watcher:
        for _ in range(2):
            with Count():
                loss = model(torch.randn(8, INPUTS)).sum()
            seen = Count.calls
            loss.backward()
            optimizer.step()
            assert Count.calls == seen
    assert Count.calls > 0
    assert len(watcher.run.sites) == 2


def test_a_series_is_thinned_and_keeps_its_ends():
    series = Series(("a",))
    for step in range(5000):
        series.add(step, torch.tensor([float(step)]))
    steps, table = series.table()
    assert len(steps) <= 513
    assert steps[0] == 0
    assert steps[-1] == 4999
    assert (table["a"] == steps).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"overhead": 2.0}, "overhead=2.0; allowed: a share between 0 and 1"),
        ({"every": 0}, "every=0; allowed: a number of steps"),
        ({"fail_on": "bad"}, "fail_on='bad'; allowed: problem, warning, info"),
        ({"thresholds": {"dead_shar": 0.1}}, "did you mean 'dead_share'"),
        ({"thresholds": {"dead_share": -1}}, "allowed: a positive number"),
        ({"model": 3}, "got a int; allowed: a torch.nn.Module"),
    ],
)
def test_bad_arguments_are_told_in_one_line(arguments, said):
    with pytest.raises(nonlin.NonlinError, match=said):
        nonlin.watch(**arguments)


def test_an_optimizer_of_another_model_is_told():
    one, other = dense(nn.ReLU), dense(nn.ReLU)
    with pytest.raises(nonlin.NonlinError, match="trains no parameter of the Sequential"):
        nonlin.watch(one, torch.optim.SGD(other.parameters(), lr=0.1))


def test_compiled_regions_are_told_and_left_alone():
    torch.manual_seed(0)
    model = dense(nn.ReLU)
    compiled = torch.compile(model, backend="eager")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with nonlin.watch(quiet=True, every=1) as watcher:
        fit(compiled, optimizer, steps=4)
    assert any("is compiled" in note for note in watcher.diagnosis.notes)
    assert watcher.run.parameters
    assert watcher.run.notes == []


def test_scripted_modules_are_told():
    torch.manual_seed(0)
    model = torch.jit.script(dense(nn.ReLU))
    with nonlin.watch(quiet=True, every=1) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.1), steps=4)
    assert any("RecursiveScriptModule is compiled" in note for note in watcher.diagnosis.notes)
    assert not any("no activation was seen" in note for note in watcher.diagnosis.notes)
    assert watcher.run.parameters


def test_compiled_functions_are_not_compiled_anew():
    torch.manual_seed(0)
    compiled = torch.compile(lambda h: F.relu(h) * 2, backend="eager")
    model = Functional(compiled)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with nonlin.watch(quiet=True, every=1) as watcher:
        fit(model, optimizer, steps=3)
        frames = torch._dynamo.utils.counters["frames"]["total"]
        fit(model, optimizer, steps=5)
    assert torch._dynamo.utils.counters["frames"]["total"] == frames
    assert watcher.run.notes == []
    assert any("is compiled" in note for note in watcher.diagnosis.notes)


SCRIPT = """
import sys, torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 1))
with torch.no_grad():
    model[0].bias.fill_(-30.0)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(30):
    loss = model(torch.randn(64, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("arguments", sys.argv[1:], __name__, flush=True)
"""


def _nonlin(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nonlin", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


def test_a_script_runs_as_it_is(tmp_path):
    (tmp_path / "helper.py").write_text("VALUE = 7\n")
    (tmp_path / "train.py").write_text(SCRIPT + "import helper\nsys.exit(helper.VALUE)\n")
    got = _nonlin(
        "watch", "--json", "out.json", "train.py", "--epochs", "3", "--json", cwd=tmp_path
    )
    assert got.returncode == 7, got.stderr
    # The script's output is its own; the findings go to standard error.
    assert got.stdout == "arguments ['--epochs', '3', '--json'] __main__\n"
    assert "dead-units" in got.stderr
    found = json.loads((tmp_path / "out.json").read_text())["findings"]
    assert [f["kind"] for f in found] == ["dead-units"]
    assert {"kind", "severity", "layer", "cause", "since_step", "evidence", "repairs"} <= set(
        found[0]
    )
    assert (found[0]["layer"], found[0]["cause"], found[0]["since_step"]) == (
        "1",
        "negative-bias",
        0,
    )
    assert found[0]["repairs"][0]["text"]


def test_a_scripts_exception_is_pythons_own(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT + "raise KeyError('mine')\n")
    plain = subprocess.run(
        [sys.executable, "train.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    got = _nonlin("watch", "--fail-on", "problem", "train.py", cwd=tmp_path)
    assert got.returncode == plain.returncode == 1
    assert got.stderr.startswith(plain.stderr)
    assert "dead-units" in got.stderr


def test_fail_on_fails_a_script_that_succeeds(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    assert _nonlin("watch", "--fail-on", "problem", "train.py", cwd=tmp_path).returncode == 1


def test_an_interrupt_ends_as_it_does_without(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT + "import time\ntime.sleep(60)\n")
    command = [sys.executable, "-m", "nonlin", "watch", "train.py"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("arguments")
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in told
    assert "dead-units" in told


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        (None, ("absent.py",), "absent.py: no such file; name a Python script"),
        ("def (:\n", ("train.py",), "train.py: is not Python (invalid syntax, line 1)"),
        ("x = 1\n", ("train.py",), "no optimizer step was seen"),
        ("x = 1\n", ("--json", "none/out.json", "train.py"), "--json none/out.json: No such file"),
        ("x = 1\n", ("--fail-on", "bad", "train.py"), "--fail-on 'bad'; allowed: problem"),
        ("x = 1\n", ("--threshold", "a", "train.py"), "--threshold 'a'; allowed: name=number"),
    ],
)
def test_errors_of_the_command(tmp_path, capsys, monkeypatch, content, arguments, said):
    from nonlin.cli import run

    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "train.py").write_text(content)
    assert run(["watch", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_check_leaves_model_and_random_numbers_alone():
    torch.manual_seed(0)
    model = _busy()
    kept = copy.deepcopy(model.state_dict())
    batch = data()
    state = torch.get_rng_state()
    nonlin.check(model, batch)
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in model.state_dict().items():
        assert torch.equal(value, kept[name]), name
    assert all(p.grad is None for p in model.parameters())


def test_check_command(tmp_path, monkeypatch, capsys):
    from nonlin.cli import run

    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine_for_check.py").write_text(
        "import torch\nfrom torch import nn\n"
        "def build():\n"
        "    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), nn.Softmax(-1))\n"
        "    return model, (torch.randn(64, 4), torch.randint(3, (64,)))\n"
        "def wrong():\n    return 3\n"
        "def of(activation, width=3):\n    return activation\n"
    )
    assert run(["check", "mine_for_check:build", "--fail-on", "warning"]) == 1
    assert "output-loss-mismatch" in capsys.readouterr().out
    assert run(["check", "mine_for_check:wrong"]) == 2
    assert "returned int; allowed: (model, batch)" in capsys.readouterr().err
    assert run(["check", "mine_for_check:of"]) == 2
    assert "takes activation; allowed: a function without arguments" in capsys.readouterr().err


def test_every_kind_is_explained():
    text = (Path(__file__).parents[1] / "docs" / "findings.md").read_text("utf-8")
    for kind in KINDS:
        assert f"\n## {kind}\n" in text, kind


def test_lecun_is_what_selu_asks_for():
    assert init.gain("selu") == pytest.approx(1.0)
