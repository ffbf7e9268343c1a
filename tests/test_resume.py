"""Nothing is lost: real processes are killed and interrupted, and resume."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import nonlin
from nonlin.comparison import data as datasets
from nonlin.comparison import execution
from nonlin.comparison.store import FILE_NAME
from nonlin.comparison.training import RunKey

ARGUMENTS = "--data digits --activations relu,tanh --seeds 8 --epochs 8 --learning-rates 1e-3"
RUNS = 16
FIGURES = ["activation", "seed", "lr", "status", "steps", "validation_loss", "test_metric"]


def start(out: Path, workers: int) -> subprocess.Popen[str]:
    words = [*ARGUMENTS.split(), "--workers", str(workers), "--quiet", "--out", str(out)]
    return subprocess.Popen(
        [sys.executable, "-m", "nonlin", "compare", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(condition: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def kept(out: Path):
    """The runs that are committed so far."""
    return nonlin.open_results(out) if (out / FILE_NAME).exists() else []


def has_runs(out: Path, count: int) -> bool:
    # Between creating the file and the schema's commit there is nothing to open yet.
    with contextlib.suppress(nonlin.NonlinError):
        return len(kept(out)) >= count
    return False


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole")
    process = start(out, workers=2)
    assert process.wait() == 0
    return kept(out).sort_values(FIGURES[:2])[FIGURES].reset_index(drop=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_kill_9_loses_only_runs_in_flight(tmp_path, uninterrupted, workers):
    process = start(tmp_path, workers)
    wait_until(lambda: has_runs(tmp_path, 3))
    started = children(process.pid)
    process.kill()
    process.wait()
    before = kept(tmp_path)
    assert 3 <= len(before) < RUNS
    wait_until(lambda: not any(map(is_alive, started)), seconds=10)

    assert start(tmp_path, workers).wait() == 0
    after = kept(tmp_path)
    assert after.head(len(before)).equals(before)
    assert after.sort_values(FIGURES[:2])[FIGURES].reset_index(drop=True).equals(uninterrupted)


def test_killed_worker_is_replaced(tmp_path, uninterrupted):
    process = start(tmp_path, workers=2)
    wait_until(lambda: has_runs(tmp_path, 3))
    workers = [pid for pid in children(process.pid) if "spawn_main" in command_line(pid)]
    os.kill(workers[0], signal.SIGKILL)
    assert process.wait() == 0
    after = kept(tmp_path).sort_values(FIGURES[:2])[FIGURES].reset_index(drop=True)
    assert after.equals(uninterrupted)


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupt_exits_130_and_keeps_runs(tmp_path, workers):
    process = start(tmp_path, workers)
    wait_until(lambda: has_runs(tmp_path, 2))
    started = children(process.pid)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told == "nonlin: interrupted; the same command resumes\n"
    wait_until(lambda: not any(map(is_alive, started)), seconds=10)
    assert 2 <= len(kept(tmp_path)) < RUNS


def test_worker_left_with_an_unread_result_ends_in_silence(capfd):
    """As after Ctrl-C: the parent closes the pipe, whose result nobody read."""
    given = execution._arrays(datasets.load("digits"))
    worker = execution._Worker((pickle.dumps(None), pickle.dumps(given)))
    while not worker.is_idle:
        worker.comes_up()
    worker.give(RunKey("relu", "final", 0, 1e-3))
    assert worker.pipe.poll(60)
    worker.pipe.close()
    worker.process.join(60)
    assert worker.process.exitcode == 0
    assert capfd.readouterr().err == ""


def test_user_code_that_kills_its_process_fails_alone(tmp_path, monkeypatch):
    (tmp_path / "deadly.py").write_text(
        "import os\n"
        "from torch import nn\n"
        "def build(activation):\n"
        "    if 'Tanh' in str(activation()):\n"
        "        os._exit(9)\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), activation(), nn.Linear(8, 10))\n"
    )
    monkeypatch.chdir(tmp_path)
    words = (
        "--data digits --model deadly:build --activations relu,tanh,elu --seeds 2 --epochs 1 "
        "--learning-rates 1e-3 --workers 2 --out out"
    )
    done = subprocess.run(
        [sys.executable, "-m", "nonlin", "compare", *words.split()],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "the worker process died" in done.stderr
    runs = kept(tmp_path / "out")
    failed = runs[runs["status"] == "failed"]
    assert set(failed["activation"]) == {"tanh"}
    assert len(runs) == 6
