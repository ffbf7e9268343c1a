"""Adding an activation is adding one module: it is found, tested, documented and drawn."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nonlin
from copies import copy_sources

ROOT = Path(__file__).parent.parent
MODULE = '''"""The cube, which nobody should train with."""

from nonlin.activation import Activation
from nonlin.facts import Contract, Facts, Range

INF = float("inf")

cube = Activation(
    name="cube",
    class_name="Cube",
    aliases=("third_power",),
    text="x³",
    value=lambda x, xp: x * x * x,
    slope=lambda x, xp: 3.0 * x * x,
    identity="f′ = 3x²",
    definition=lambda mp, x: x**3,
    facts_of=lambda: Facts(
        range=Range(-INF, INF),
        monotone=True,
        smoothness=INF,
        lipschitz=INF,
        limits=(-INF, INF),
        slope_limits=(INF, INF),
        zero_centred=True,
        homogeneous=3,
        polynomial=True,
    ),
    contract=Contract(value_ulp=1.5, derivative_ulp=2),
    references=("A test",),
)
'''


@pytest.fixture
def copied(tmp_path) -> Path:
    """A copy of the sources and the tests, to which a module can be added."""
    ignored = shutil.ignore_patterns("__pycache__", "test_new_record.py")
    (tmp_path / "src").mkdir()
    copy_sources(tmp_path / "src")
    for folder in ("tests", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def add(copied: Path, module: str) -> None:
    (copied / "src" / "nonlin" / "functions" / "_cube.py").write_text(module, "utf-8")


def run(copied: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        env={**os.environ, "PYTHONPATH": str(copied / "src")},
        cwd=copied,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_found_differentiated_and_a_module(copied):
    add(copied, MODULE)
    code = (
        "import nonlin, torch\n"
        f"assert nonlin.__file__.startswith({str(copied)!r})\n"
        "assert 'cube' in nonlin.list_activations() and 'cube' in nonlin.__all__\n"
        "assert nonlin.get('third_power') is nonlin.cube and nonlin.cube(2.0) == 8.0\n"
        "x = torch.tensor([2.0], requires_grad=True)\n"
        "nonlin.nn.Cube()(x).backward()\n"
        "assert x.grad.item() == 12.0\n"
        "print(len(nonlin.list_activations()))"
    )
    done = run(copied, "-c", code)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(nonlin.list_activations()) + 1


def test_it_is_tested(copied):
    add(copied, MODULE)
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "cube"]
    chosen = ["tests/test_formulas.py", "tests/test_facts.py"]
    done = run(copied, *words, *chosen)
    assert done.returncode == 0, done.stdout
    assert int(done.stdout.splitlines()[-1].split()[0]) > 30
    for true, false in (
        ("homogeneous=3", "homogeneous=2"),
        ("3.0 * x * x", "3.00001 * x * x"),
        ("limits=(-INF, INF)", "limits=(INF, INF)"),
    ):
        add(copied, MODULE.replace(true, false))
        done = run(copied, *words, "-x", *chosen)
        assert done.returncode == 1, f"{false} went unseen"


def test_it_is_documented_and_drawn(copied):
    add(copied, MODULE)
    done = run(copied, "-m", "nonlin", "show", "third_power", "--json")
    assert done.returncode == 0, done.stderr
    assert "x³" in json.dumps(json.loads(done.stdout), ensure_ascii=False)
    done = run(copied, "docs/build.py", "site")
    assert done.returncode == 0, done.stderr
    (page,) = (copied / "site").rglob("cube.html")
    assert "which nobody should train with" in page.read_text("utf-8")
