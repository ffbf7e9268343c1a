"""Every error a user of `nonlin compare` can meet: one line, exit code 2, nothing written over."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import nonlin
from nonlin import cli
from nonlin.comparison.store import FILE_NAME

QUICK = ["--seeds", "1", "--epochs", "1", "--learning-rates", "1e-3", "--workers", "1"]


@pytest.fixture
def fails(capsys, tmp_path, monkeypatch):
    """Run `nonlin compare`, and return the one line it failed with."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        code = cli.run(["compare", *QUICK, *arguments])
        lines = capsys.readouterr().err.splitlines()
        assert code == 2
        assert len(lines) == 1
        assert lines[0].startswith("nonlin: ")
        return lines[0]

    return run


@pytest.fixture
def code(tmp_path, monkeypatch):
    """Write the user's module and return its name."""

    def write(source: str, name: str = "mine") -> str:
        (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.delitem(sys.modules, name, raising=False)
        return name

    return write


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--activations relu,gleu", "unknown activation 'gleu'; did you mean 'gelu'?"),
        ("--activations relu", "got relu; allowed: two or more"),
        ("--activations relu,relu", "relu is named twice"),
        ("--activations relu,softmax", "softmax works on whole vectors"),
        ("--activations relu,swish(bta=1)", "unknown parameter 'bta'; did you mean 'beta'?"),
        ("--activations relu,elu(alpha=-1)", "alpha=-1; allowed: a finite number > 0"),
        ("--activations relu,elu(alpha=1", "cannot read it from position 5"),
        ("--baseline mish", "--baseline mish; allowed: one of relu, tanh"),
        ("--model mpl", "'mpl': unknown; did you mean 'mlp'? (known: mlp, cnn, transformer"),
        ("--seeds 0", "--seeds 0; allowed: a whole number of 1 or more"),
        ("--epochs -1", "--epochs -1; allowed: a whole number of 1 or more"),
        ("--batch-size 0", "--batch-size 0; allowed"),
        ("--depth 0", "--depth 0; allowed"),
        ("--width -3", "--width -3; allowed"),
        ("--workers 0", "--workers 0; allowed"),
        ("--learning-rates 0", "--learning-rates 0.0; allowed: finite numbers > 0"),
        ("--learning-rates fast", "--learning-rates 'fast'; allowed: numbers"),
        ("--margin 0", "--margin 0.0; allowed: finite numbers > 0"),
        ("--norm batch --model transformer", "--norm, --residual: model transformer does not"),
        ("--block 0", "--block 0; allowed"),
        ("--block 9", "block"),
        ("--baseline relu,tanh", "'relu,tanh' names 2 activations; allowed: one"),
        ("--init he", "--init 'he'; allowed: matched, default"),
        ("--norm group", "--norm 'group'; allowed: none, batch, layer"),
        ("--optimizer lion", "--optimizer 'lion'; allowed: adam, sgd"),
        ("--replace relu", "model mlp takes the activation itself"),
        ("--seeds many", "Invalid value for '--seeds'"),
        ("--sedes 3", "No such option: --sedes"),
    ],
)
def test_bad_option(fails, arguments, told):
    words = arguments.split()
    common = ["--data", "digits"]
    if "--activations" not in words:
        common += ["--activations", "relu,tanh"]
    assert told in fails(*common, *words)
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("digit", "did you mean 'digits'?"),
        ("text:missing.txt", "missing.txt"),
        ("table:missing.csv", "missing.csv"),
        ("nowhere:load", "no module 'nowhere'"),
    ],
)
def test_bad_data(fails, data, told):
    assert told in fails("--data", data, "--activations", "relu,tanh")


ROWS = "".join(f"{i},{i % 2}\n" for i in range(30))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a,b\n" + ROWS, "--target 'y': no such column in 'table:t.csv' (columns: a, b)"),
        ("a,y\n" + ROWS.replace(",1", ",0"), "holds one value, '0'; there is nothing to learn"),
        ("a,y\n" + ROWS.replace("7,", "x,"), "text"),
        (
            "a,y\n" + ROWS.replace("7,", ","),
            "columns with missing or infinite values: 'a' (1, first in row 8)",
        ),
        ("a,y\n" + ROWS.replace("29,1", "29,2"), "class '2' has one sample"),
        ('a,y\n"1,2\n', "not a readable .csv table"),
        ("", "the file is empty"),
    ],
)
def test_bad_table(fails, tmp_path, content, told):
    (tmp_path / "t.csv").write_text(content)
    line = fails("--data", "table:t.csv", "--target", "y", "--activations", "relu,tanh")
    assert told in line


def test_model_that_does_not_take_the_data(fails, tmp_path):
    (tmp_path / "t.txt").write_text("to be or not to be, " * 100)
    line = fails("--data", "text:t.txt", "--model", "mlp", "--activations", "relu,tanh")
    assert "allowed: transformer, module:function" in line


def test_user_model_without_an_activation(fails, code):
    code("from torch import nn\ndef build(): return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))")
    line = fails("--data", "digits", "--model", "mine:build", "--activations", "relu,tanh")
    assert "no module activation to swap in Sequential; use modules such as nn.ReLU" in line


def test_user_model_with_several_kinds(fails, code):
    code(
        "from torch import nn\n"
        "def build():\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(64, 9), nn.ReLU(), nn.Tanh(),"
        " nn.Linear(9, 10))"
    )
    arguments = ["--data", "digits", "--model", "mine:build", "--activations", "relu,tanh"]
    assert "several kinds of activation (relu ×1, tanh ×1)" in fails(*arguments)
    assert "no module activation 'gelu'" in fails(*arguments, "--replace", "gelu")
    assert cli.run(["compare", *QUICK, *arguments, "--replace", "tanh", "--quiet"]) == 0


def test_user_model_that_returns_something_else(fails, code):
    code("def build(): return 3")
    line = fails("--data", "digits", "--model", "mine:build", "--activations", "relu,tanh")
    assert "returned int; allowed: nn.Module" in line


@pytest.mark.parametrize("workers", ["1", "2"])
def test_user_model_that_raises_fails_its_runs_alone(code, capsys, tmp_path, monkeypatch, workers):
    monkeypatch.chdir(tmp_path)
    code(
        "from torch import nn\n"
        "def build(activation):\n"
        "    if 'Tanh' in str(activation()):\n"
        "        raise RuntimeError('no tanh here')\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), activation(), nn.Linear(8, 10))"
    )
    arguments = ["--data", "digits", "--model", "mine:build", "--activations", "relu,tanh,elu"]
    code_ = cli.run(["compare", *QUICK, "--workers", workers, *arguments, "--out", "out"])
    assert code_ == 1
    printed = capsys.readouterr()
    assert printed.err.count("RuntimeError: no tanh here") == 1
    assert 'mine.py", line 4, in build' in printed.err
    runs = nonlin.open_results("out")
    assert dict(zip(runs["activation"], runs["status"], strict=True)) == {
        "relu": "done",
        "tanh": "failed",
        "elu": "done",
    }
    assert "failed" in printed.out


def test_user_data_that_raise_show_their_traceback(code, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code("def load():\n    raise OSError('disk on fire')")
    assert cli.run(["compare", "--data", "mine:load", "--activations", "relu,tanh"]) == 2
    printed = capsys.readouterr().err
    assert 'mine.py", line 2, in load' in printed
    assert printed.splitlines()[-1].startswith("nonlin: --data 'mine:load': raised OSError")


class TestOut:
    ARGUMENTS = ("--data", "digits", "--activations", "relu,tanh", "--out", "out")

    @pytest.fixture
    def made(self, fails):
        assert cli.run(["compare", *QUICK, *self.ARGUMENTS, "--quiet"]) == 0
        return Path("out", FILE_NAME)

    @staticmethod
    def unchanged(path: Path, act):
        before = path.read_bytes()
        line = act()
        assert path.read_bytes() == before
        return line

    def test_other_settings(self, fails, made, capsys):
        capsys.readouterr()
        line = self.unchanged(made, lambda: fails(*self.ARGUMENTS, "--width", "32"))
        assert "made by other settings (width was 64, is 32); choose another --out" in line

    def test_newer_version(self, fails, made, capsys):
        capsys.readouterr()
        with sqlite3.connect(made) as database:
            database.execute("PRAGMA user_version = 99")
        line = self.unchanged(made, lambda: fails(*self.ARGUMENTS))
        assert "made by a newer version of nonlin (format 99" in line

    @pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\0" * 9])
    def test_not_a_database(self, fails, content):
        Path("out").mkdir()
        path = Path("out", FILE_NAME)
        path.write_bytes(content)
        line = self.unchanged(path, lambda: fails(*self.ARGUMENTS))
        assert "not a readable SQLite file" in line

    def test_corrupt(self, fails, made, capsys):
        capsys.readouterr()
        content = bytearray(made.read_bytes())
        content[4096 : 3 * 4096] = os.urandom(2 * 4096)
        made.write_bytes(content)
        assert "not a readable SQLite file" in self.unchanged(made, lambda: fails(*self.ARGUMENTS))

    def test_another_program_s_database(self, fails):
        Path("out").mkdir()
        path = Path("out", FILE_NAME)
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE mine (x)")
        line = self.unchanged(path, lambda: fails(*self.ARGUMENTS))
        assert "an SQLite file that nonlin did not make" in line

    def test_used_by_another_comparison(self, fails, made, capsys):
        capsys.readouterr()
        hold = (
            "import filelock, sys; lock = filelock.FileLock('out/lock'); lock.acquire();"
            "print('held', flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            assert "another nonlin compare is writing there" in fails(*self.ARGUMENTS)
            holder.communicate()

    def test_locked_by_another_program(self, fails, made, capsys):
        capsys.readouterr()
        other = sqlite3.connect(made)
        other.execute("BEGIN EXCLUSIVE")
        assert "locked by another program" in fails(*self.ARGUMENTS)
        other.close()

    def test_a_file_in_its_place(self, fails):
        Path("out").write_text("mine")
        assert "--out out: File exists" in fails(*self.ARGUMENTS)
        assert Path("out").read_text() == "mine"

    def test_nothing_to_open(self, tmp_path):
        with pytest.raises(nonlin.NonlinError, match=r"no results\.sqlite here"):
            nonlin.open_results(tmp_path)
        with pytest.raises(nonlin.NonlinError, match="allowed: runs, epochs, layers"):
            nonlin.open_results(tmp_path, "rnus")


def test_full_disk_keeps_what_is_finished(tmp_path):
    """A file-size limit of the kernel stands for the full disk: writes fail from there on."""
    command = [sys.executable, "-m", "nonlin", "compare", "--data", "digits", "--workers", "1"]
    command += ["--activations", "relu,tanh", "--epochs", "1", "--seeds", "60"]
    command += ["--learning-rates", "1e-3", "--quiet", "--out", str(tmp_path / "out")]

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, 64 * 1024))

    done = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "finished runs are kept" in done.stderr
    runs = nonlin.open_results(tmp_path / "out")
    assert 0 < len(runs) < 120
    assert set(runs["status"]) == {"done"}


def test_missing_extra_names_the_install(tmp_path):
    """With the extra's packages hidden from the import system, as on a bare install."""
    hide = (
        "import sys\n"
        "class Hide:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'plotly':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name='plotly')\n"
        "sys.meta_path.insert(0, Hide())\n"
        "from nonlin import cli\n"
        "cli.main(['compare', '--data', 'digits'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", hide], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 2
    assert done.stderr == (
        "nonlin: nonlin compare needs plotly, which is not installed; "
        "run: pip install 'nonlin[lab]'\n"
    )


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: nonlin.compare("digits", "relu,tanh", sedes=3), "unknown setting 'sedes'"),
        (lambda: nonlin.compare("digits", ["relu"]), "two or more"),
        (lambda: nonlin.compare("digits", 5), "activations 5; allowed: names separated"),
        (lambda: nonlin.compare("digits", ["relu", 3]), "activations 3; allowed"),
        (lambda: nonlin.compare("digits", ["relu,tanh", "elu"]), "names 2 activations"),
        (lambda: nonlin.compare("digits", "relu,tanh", seeds="5"), "--seeds '5'; allowed"),
        (lambda: nonlin.compare("digits", "relu,tanh", seeds=2.5), "--seeds 2.5; allowed"),
        (lambda: nonlin.compare("digits", "relu,tanh", workers="2"), "--workers '2'; allowed"),
        (lambda: nonlin.compare("digits", "relu,tanh", learning_rates=("a",)), "--learning-rates"),
        (lambda: nonlin.compare("digits", "relu,tanh", baseline=nonlin.elu), "--baseline elu"),
        (
            lambda: nonlin.compare("digits", "relu,tanh", model=torch.nn.Linear(2, 2)),
            "got a Linear; allowed: a function that returns one",
        ),
        (lambda: nonlin.compare(3, "relu,tanh"), "data of type int; allowed: a string, a function"),
    ],
)
def test_python_calls_raise_the_same(call, told):
    with pytest.raises(nonlin.NonlinError, match=told):
        call()
