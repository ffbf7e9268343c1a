"""What a comparison promises, at the places where it could be broken unseen."""

from __future__ import annotations

import functools
import inspect
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
import torch
from torch import nn

import nonlin
from nonlin import cli
from nonlin.cli.compare import compare as command
from nonlin.comparison import data as datasets
from nonlin.comparison import training
from nonlin.comparison.measure import measure_layers
from nonlin.comparison.settings import DEFAULT_ACTIVATIONS, Settings
from nonlin.comparison.store import Store
from nonlin.comparison.training import RunKey, RunResult, batches_of, train
from nonlin.naming import parse_activations

QUICK = {"seeds": 1, "epochs": 1, "learning_rates": (1e-3,), "quiet": True}


def build(activation, width=8):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, width), activation(), nn.Linear(width, 10))


def test_two_models_of_one_name_do_not_share_results(tmp_path):
    narrow, wide = functools.partial(build, width=4), functools.partial(build, width=8)
    nonlin.compare("digits", "relu,tanh", model=narrow, out=tmp_path, **QUICK)
    with pytest.raises(nonlin.NonlinError, match="made by other settings"):
        nonlin.compare("digits", "relu,tanh", model=wide, out=tmp_path, **QUICK)


def test_an_edited_model_does_not_share_results(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = "compare --data digits --model edited:build --activations relu,tanh --seeds 1"
    words = [*arguments.split(), "--epochs", "1", "--learning-rates", "1e-3", "--out", "out"]
    source = (
        "from torch import nn\n"
        "def build(activation):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), activation(), nn.Linear(8, 10))\n"
    )
    (tmp_path / "edited.py").write_text(source)
    monkeypatch.delitem(sys.modules, "edited", raising=False)
    assert cli.run([*words, "--workers", "1"]) == 0
    (tmp_path / "edited.py").write_text(source.replace("8", "16"))
    monkeypatch.delitem(sys.modules, "edited")
    assert cli.run([*words, "--workers", "1"]) == 2
    assert "model_fingerprint was" in capsys.readouterr().err


def test_test_rows_are_looked_at_once_per_judged_network(tmp_path, monkeypatch):
    looks = []
    evaluate = training.evaluate

    def counting(dataset, model, x, y):
        looks.append(x is dataset.x_test)
        return evaluate(dataset, model, x, y)

    monkeypatch.setattr(training, "evaluate", counting)
    asked = {**QUICK, "seeds": 2, "epochs": 3, "learning_rates": (1e-3, 1e-2)}
    nonlin.compare("digits", "relu,tanh", out=tmp_path, **asked)
    assert sum(looks) == 4
    assert len(looks) > 8


def test_fewer_seeds_and_fewer_activations_are_judged_alone(tmp_path):
    nonlin.compare("digits", "relu,tanh,elu", out=tmp_path, **{**QUICK, "seeds": 3})
    fewer = nonlin.compare("digits", "elu,tanh", out=tmp_path, **{**QUICK, "seeds": 2})
    assert set(fewer.runs["activation"]) == {"elu", "tanh"}
    assert set(fewer.runs["seed"]) == set(fewer.layers["seed"]) == {0, 1}
    assert {row.name: row.verdict for row in fewer.leaderboard}["elu"] == "baseline"
    assert len(nonlin.open_results(tmp_path)) == 9


def test_margin_is_in_one_unit(tmp_path):
    first = nonlin.compare("digits", "relu,tanh", out=tmp_path, **QUICK)
    again = nonlin.compare("digits", "relu,tanh", out=tmp_path, margin=first.margin, **QUICK)
    assert again.margin == again.settings["margin"] == first.margin == 0.005
    assert again.leaderboard == first.leaderboard


def test_network_whose_test_loss_overflows_has_diverged():
    digits = datasets.load("digits")
    import dataclasses

    outlier = torch.full_like(digits.x_test, 3e38)
    broken = dataclasses.replace(digits, x_test=outlier)
    asked = Settings(
        data="digits", model="mlp", activations=parse_activations("relu,elu"), epochs=1,
        init="matched",
    )  # fmt: skip
    run = train(asked, broken, nonlin.relu, RunKey("relu", "final", 0, 1e-3))
    assert run.status == "diverged"
    assert 0 < run.test_metric < 0.2


def test_last_batch_is_never_a_single_row():
    order = torch.Generator().manual_seed(0)
    sizes = [len(batch) for batch in batches_of(21, 5, order)]
    assert sizes == [5, 5, 5, 6]
    assert [len(batch) for batch in batches_of(20, 5, order)] == [5, 5, 5, 5]
    assert [len(batch) for batch in batches_of(1, 5, order)] == [1]


@pytest.mark.parametrize("width", [50, 7, 16])
def test_transformer_takes_any_width(width, tmp_path):
    size = {"model": "transformer", "width": width, "depth": 1}
    result = nonlin.compare("digits", "relu,tanh", out=tmp_path, **size, **QUICK)
    assert result.failed_runs == 0


def test_models_that_draw_from_other_generators_are_paired(tmp_path):
    """A model initialised by NumPy is the same for every activation and every repetition."""
    first = nonlin.compare("digits", "relu,elu", model=drawn_by_numpy, out=tmp_path / "a", **QUICK)
    again = nonlin.compare("digits", "elu,relu", model=drawn_by_numpy, out=tmp_path / "b", **QUICK)
    losses = [
        dict(zip(r.runs["activation"], r.runs["test_loss"], strict=True)) for r in (first, again)
    ]
    assert losses[0] == losses[1]


def drawn_by_numpy(activation):
    import numpy as np

    model = build(activation)
    with torch.no_grad():
        model[1].weight.copy_(torch.from_numpy(np.random.standard_normal((8, 64)) / 8))
    return model


def test_compare_leaves_the_caller_s_random_numbers_alone(tmp_path):
    state = torch.get_rng_state()
    nonlin.compare("digits", "relu,tanh", out=tmp_path, **QUICK)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("workers", [1, 2])
def test_user_code_that_exits_fails_its_runs(tmp_path, monkeypatch, capsys, workers):
    (tmp_path / "leaving.py").write_text("import sys\ndef build(activation): sys.exit(0)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "leaving", raising=False)
    words = "compare --data digits --model leaving:build --activations relu,tanh --seeds 1"
    options = f"--epochs 1 --learning-rates 1e-3 --out out --workers {workers}"
    assert cli.run([*words.split(), *options.split()]) == 1
    assert "SystemExit: 0" in capsys.readouterr().err
    assert set(nonlin.open_results("out")["status"]) == {"failed"}


def test_model_with_two_outputs_is_told_in_one_line(tmp_path):
    class Two(nn.Module):
        def __init__(self, activation):
            super().__init__()
            self.inner = build(activation)

        def forward(self, x):
            return self.inner(x), 0

    with pytest.raises(nonlin.NonlinError, match="the output is a tuple; allowed: a tensor"):
        nonlin.compare("digits", "relu,tanh", model=Two, out=tmp_path, **QUICK)
    with pytest.raises(nonlin.NonlinError, match=r"shape \(2, 3\); digits needs \(2, 10\)"):
        nonlin.compare("digits", "relu,tanh", model=three_outputs, out=tmp_path, **QUICK)


def three_outputs(activation):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), activation(), nn.Linear(8, 3))


def test_script_without_a_guard_is_told_so(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(
        "import nonlin\n"
        "nonlin.compare('digits', 'relu,tanh', seeds=1, epochs=1, learning_rates=1e-3,"
        " workers=2, quiet=True, out='out')\n"
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert "a worker process could not start" in done.stderr.splitlines()[-1]
    assert "if __name__ == '__main__':" in done.stderr.splitlines()[-1]


def test_interrupt_of_the_whole_terminal_while_workers_start(tmp_path):
    words = "compare --data digits --activations relu,tanh --workers 2 --quiet --out"
    process = subprocess.Popen(
        [sys.executable, "-m", "nonlin", *words.split(), str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + 60
    while not (tmp_path / "out" / "results.sqlite").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told == "nonlin: interrupted; the same command resumes\n"


class TestStore:
    RESULT = RunResult(RunKey("relu", "final", 0, 1e-3), "done", error="x" * 100_000)

    def test_full_disk_is_told_and_keeps_what_is_there(self, tmp_path):
        with Store(tmp_path, {"a": 1}) as store:
            store.add(self.RESULT, {})
            (pages,) = store._database.execute("PRAGMA page_count").fetchone()
            store._database.execute(f"PRAGMA max_page_count = {pages}")
            later = RunResult(RunKey("relu", "final", 1, 1e-3), "done", error="x" * 100_000)
            with pytest.raises(nonlin.NonlinError, match="the disk is full; free some space"):
                store.add(later, {})
            assert list(store.statuses()) == [self.RESULT.key]

    def test_half_made_file_is_told_as_corrupt(self, tmp_path):
        Store(tmp_path, {"a": 1}).close()
        with sqlite3.connect(tmp_path / "results.sqlite") as database:
            database.execute("DELETE FROM experiment")
        with pytest.raises(nonlin.NonlinError, match="not a readable SQLite file"):
            Store(tmp_path, {"a": 1})

    def test_failed_run_is_replaced_and_a_finished_one_is_not_lost(self, tmp_path):
        with Store(tmp_path, {"a": 1}) as store:
            store.add(RunResult(self.RESULT.key, "failed", error="boom"), {})
            store.add(self.RESULT, {})
            assert store.statuses() == {self.RESULT.key: "done"}


def test_in_place_activations_are_measured_as_they_are():
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
    with torch.no_grad():
        plain[0].bias.copy_(torch.tensor([-100.0, -100.0, 1.0, 1.0]))
    in_place = nn.Sequential(plain[0], nn.ReLU(inplace=True), plain[2])
    x, y = torch.randn(9, 2), torch.zeros(9, 1)
    measured = [measure_layers(m, nn.functional.mse_loss, x, y) for m in (plain, in_place)]
    assert measured[0] == measured[1]
    assert measured[0][0].blocked == 0.5
    assert in_place[1].inplace


def test_command_and_python_have_the_same_defaults():
    options = {name: p.default for name, p in inspect.signature(command).parameters.items()}
    ours = {item: field.default for item, field in Settings.__dataclass_fields__.items()}
    for name in options.keys() & ours.keys() - {"data", "activations", "learning_rates"}:
        assert options[name] == ours[name], name
    assert options["activations"] == DEFAULT_ACTIVATIONS
