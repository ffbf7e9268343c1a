"""Importing nonlin loads no framework."""

from __future__ import annotations

import subprocess
import sys

import pytest

import nonlin

HEAVY = ("torch", "jax", "pandas", "sklearn", "plotly", "pyarrow", "jinja2", "matplotlib")


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_loads_no_framework():
    code = (
        "import sys, nonlin\n"
        "nonlin.relu(1.0), nonlin.gelu.derivative(1.0), nonlin.get('mish').facts, dir(nonlin)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert run(code).strip() == "[]"


def test_torch_loads_with_nn():
    assert run("import sys, nonlin; nonlin.nn; print('torch' in sys.modules)").strip() == "True"


def test_without_torch_the_extra_is_named():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import nonlin\n"
        "try: nonlin.nn\n"
        "except nonlin.NonlinError as error: print(error)"
    )
    expected = "nonlin.nn needs torch, which is not installed; run: pip install 'nonlin[torch]'"
    assert run(code).strip() == expected


def test_public_names():
    assert set(nonlin.list_activations()) <= set(nonlin.__all__)
    for name in ("nn", "init", "swap", "relu", "get"):
        assert name in dir(nonlin)
    with pytest.raises(AttributeError, match=r"^module 'nonlin' has no attribute 'nothing'$"):
        _ = nonlin.nothing
