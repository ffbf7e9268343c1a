"""`nonlin certify` as a user meets it: names, errors, exit codes, files, pages, interruption."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import nonlin
from browser import launch, opened, wait_until
from nonlin.certification import Certificate
from nonlin.certification.naming import find_reference
from nonlin.cli import run
from nonlin.report.certificate import render, render_inline

MODULE = """
import math
import numpy as np
import torch

def half(x):
    return 0.5 * x

def relu(x):
    return np.maximum(x, 0)

def summed(x):
    return x.sum()

def shorter(x):
    return x[1:]

def wider(x):
    return x.astype(np.float64)

def listed(x):
    return x.tolist()

def scalar_only(x):
    return math.exp(x)

def refuses(x):
    raise RuntimeError("not today")

limit = 3
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    (tmp_path / "mine_certify.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("mine_certify", None)
    yield tmp_path
    sys.modules.pop("mine_certify", None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["nowhere_certify:f"],
            "target 'nowhere_certify:f': no module 'nowhere_certify' in the current directory or "
            "installed; run from the directory that holds it",
        ),
        (
            ["mine_certify:relo"],
            r"target 'mine_certify:relo': 'mine_certify' \(.*mine_certify.py\) has no function "
            r"'relo'; did you mean 'relu'\? \(it has: half, listed, .*\)",
        ),
        (["mine_certify:limit"], "target 'mine_certify:limit': is a int; allowed: a function"),
        (
            ["torch.nn.functional:gelu", "--as", "gleu"],
            r"unknown activation 'gleu'; did you mean 'gelu'\? \(\d+ known: "
            r"nonlin.list_activations\(\)\)",
        ),
        (
            ["mine_certify:half"],
            "mine_certify:half: no activation is named 'half'; give --as NAME",
        ),
        (
            ["mine_certify:summed", "--as", "relu"],
            r"mine_certify:summed: returns shape \(\) for shape \(4,\); allowed: the shape of the "
            "input",
        ),
        (
            ["mine_certify:shorter", "--as", "relu"],
            r"mine_certify:shorter: returns shape \(3,\) for shape \(4,\); allowed: the shape of "
            "the input",
        ),
        (
            ["mine_certify:wider", "--as", "relu"],
            "mine_certify:wider: returns float64 for float32; allowed: the dtype of the input",
        ),
        (
            ["mine_certify:listed", "--as", "relu"],
            "mine_certify:listed: returns a list; allowed: an array of numpy, like the input",
        ),
        (
            ["mine_certify:scalar_only", "--as", "relu", "--framework", "numpy"],
            "mine_certify:scalar_only: does not accept an array of numpy in float32: TypeError: .*",
        ),
        (
            ["mine_certify:refuses", "--as", "relu"],
            "mine_certify:refuses: accepts no array of float32; numpy: RuntimeError: not today; "
            "torch: RuntimeError: not today; jax: RuntimeError: not today",
        ),
        (
            ["mine_certify:relu", "--order", "1"],
            "mine_certify:relu: NumPy differentiates nothing; give --backward module:function, "
            "called with x and the gradient of the value",
        ),
        (
            ["nonlin:softmax"],
            "softmax depends on a whole axis; certify judges elementwise functions",
        ),
        (
            ["nonlin:relu", "--dtype", "float23"],
            r"dtype 'float23'; did you mean '\w+'\? \(allowed: bfloat16, float16, float32, "
            r"float64\)",
        ),
        (["nonlin:relu", "--order", "2"], r"order 2; allowed: 0 \(value\), 1 \(gradient\)"),
        (
            ["nonlin:relu", "--dtype", "float64", "--exhaustive"],
            r"float64 has 2\^64 inputs; allowed: a sample \(--samples N\)",
        ),
        (
            ["nonlin:relu", "--arg", "x"],
            "--arg 'x'; allowed: key=value, such as approximate=tanh",
        ),
        (
            ["nonlin:relu", "--json", "mine_certify.py/x.json"],
            "cannot write 'mine_certify.py/x.json': Not a directory|"
            "cannot write 'mine_certify.py/x.json': File exists",
        ),
        (["nonlin:relu", "--html", "."], r"cannot write '\.': it is a folder"),
        (
            ["torch.nn.functional:gelu", "--device", "cuda"],
            ".*--device cuda: PyTorch finds no such device here.*",
        ),
        (
            ["nonlin:binary_step", "--order", "1", "--as", "binary_step(surrogate=sigmoid)"],
            r"binary_step\(surrogate=sigmoid\): its derivative stands in for one that does not "
            "exist; there is nothing true to hold a gradient to",
        ),
    ],
)
def test_errors_are_one_clear_line(mine, capsys, arguments, message):
    assert run(["certify", *arguments, "--quiet"]) == 2
    err = capsys.readouterr().err
    assert re.fullmatch(f"nonlin: (?:{message})\n", err), err


@pytest.mark.parametrize(
    ("text", "arguments", "expected"),
    [
        ("torch.nn.functional:gelu", {}, "gelu"),
        ("torch.nn.functional:leaky_relu", {"negative_slope": 0.2}, "leaky_relu(alpha=0.2)"),
        ("torch.nn:Mish", {}, "mish"),
        ("jax.nn:gelu", {}, "gelu(form=tanh)"),
        ("torch:sigmoid", {}, "sigmoid"),
        ("my.kernels:my.silu", {}, "silu"),
        ("keras.activations:leaky_relu", {}, "leaky_relu(alpha=0.2)"),
    ],
)
def test_the_activation_is_found_by_the_functions_name(text, arguments, expected):
    assert repr(find_reference(text, arguments, None)) == expected


def test_tanh_forms_are_told_apart():
    found = find_reference("torch.nn.functional:gelu", {"approximate": "tanh"}, None)
    assert found(1.0) == nonlin.gelu(1.0, form="tanh")
    with pytest.raises(nonlin.NonlinError, match=r"cannot tell which function it is with fast=1"):
        find_reference("torch.nn.functional:gelu", {"fast": 1}, None)


def test_the_exit_code_follows_the_bound(mine, capsys):
    command = ["certify", "mine_certify:relu", "--dtype", "float16", "--quiet"]
    assert run([*command, "--fail-above", "0"]) == 0
    assert run([*command, "--as", "elu", "--fail-above", "0.5"]) == 1
    err = capsys.readouterr().err
    assert re.search(r"nonlin: mine_certify:relu: \S+ ULP at x = -\S+, allowed 0.5\n", err)
    assert run([*command, "--as", "elu"]) == 0


def test_arguments_reach_the_function(capsys):
    command = ["certify", "torch.nn.functional:leaky_relu", "--dtype", "bfloat16", "--quiet"]
    assert run([*command, "--arg", "negative_slope=0.25", "--fail-above", "0.5"]) == 0
    out = capsys.readouterr().out
    assert "leaky_relu(negative_slope=0.25) judged as leaky_relu(alpha=0.25)" in out


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return nonlin.certify("torch.nn.functional:silu", dtype="bfloat16")


def test_a_certificate_survives_json(certificate, tmp_path):
    path = certificate.save(tmp_path / "deep" / "silu.json")
    text = path.read_text("utf-8")
    again = Certificate.from_json(text)
    assert again.to_json() == text
    assert again.max_ulp == certificate.max_ulp
    assert again.binades == certificate.binades
    assert str(again) == str(certificate)
    assert json.loads(text)["points"][1]["x"] == "-inf"
    with pytest.raises(nonlin.NonlinError, match=r"^certificate: not one of nonlin's: "):
        Certificate.from_json('{"schema": 1, "target": 3}')
    with pytest.raises(nonlin.NonlinError, match="made by another version"):
        Certificate.from_json('{"schema": 99}')


def test_the_certificate_says_what_it_rests_on(certificate):
    assert certificate.trust.checks > 1000
    assert 0 < certificate.trust.relative_error < 1e-14
    assert certificate.trust.rejudged > 0
    assert certificate.trust.disagreements == 0
    assert certificate.versions.keys() >= {"python", "nonlin", "torch", "mpmath"}
    assert os.uname().nodename not in certificate.to_json()
    text = str(certificate)
    for part in ("largest error", "bfloat16", "false zeros", "x = -inf", "run to run"):
        assert part in text


@pytest.fixture(scope="module")
def browser():
    with launch() as started:
        yield started


def test_the_page_shows_the_errors_by_binade(browser, certificate, tmp_path):
    path = certificate.save_report(tmp_path / "page.html")
    with opened(browser, path) as (page, complaints):
        wait_until(page, "!!document.querySelector('#chart-binades .bars path')")
        bars = page.evaluate("document.querySelectorAll('#chart-binades .bars path').length")
        assert bars > 50
        text = page.inner_text("main")
        assert "Wrong by up to" in text
        assert "result 0 where the true one rounds to a normal number" in text
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    complaints.assert_none()
    with opened(browser, path, width=420) as (page, complaints):
        wait_until(page, "!!document.querySelector('#chart-binades .bars path')")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    complaints.assert_none()


def test_two_implementations_stand_side_by_side(browser, capsys, tmp_path):
    html, record = tmp_path / "pair.html", tmp_path / "pair.json"
    arguments = ["--dtype", "bfloat16", "--quiet", "--html", str(html), "--json", str(record)]
    command = ["certify", "torch.nn.functional:silu", "--compare", "jax.nn:silu", *arguments]
    assert run(command) == 0
    out = capsys.readouterr().out
    assert "torch.nn.functional:silu" in out
    assert "jax.nn:silu" in out
    assert len(json.loads(record.read_text("utf-8"))) == 2
    with opened(browser, html) as (page, complaints):
        wait_until(page, "!!document.querySelector('#chart-binades .scatterlayer path')")
        assert page.locator(".compared thead th").all_inner_texts()[1:] == [
            "torch.nn.functional:silu",
            "jax.nn:silu",
        ]
    complaints.assert_none()


def test_names_are_escaped(browser, certificate, tmp_path):
    import dataclasses

    hostile = "</script><script>alert(1)</script><b>%{x}"
    named = dataclasses.replace(certificate, target=hostile, raised=(hostile,))
    assert "<script>alert" not in render_inline(named)
    path = tmp_path / "hostile.html"
    for several in ([named], [named, certificate]):
        path.write_text(render(several), encoding="utf-8")
        with opened(browser, path) as (page, complaints):
            wait_until(page, "!!document.querySelector('#chart-binades .xy')")
            assert hostile in page.inner_text("h1")
        complaints.assert_none()


SLOW = """
import time
import numpy as np

def relu(x):
    if len(x) > 100_000:
        with open("calls", "a") as file:
            file.write(".")
        time.sleep({pause})
    y = np.maximum(x, 0)
    y[x == np.float32(1.5)] = 1.25
    return y
"""
SWEEP = """
import nonlin
found = nonlin.certify(
    "slow_certify:relu", patterns=(0x3F000000, 0x3F000000 + 10 * 2**21), threads=1,
    resume_dir="state",
)
found.save("found.json")
"""


def test_a_killed_sweep_resumes(tmp_path):
    module = tmp_path / "slow_certify.py"
    module.write_text(SLOW.format(pause=0.05))
    command = [sys.executable, "-c", SWEEP]
    state = tmp_path / "state"
    child = subprocess.Popen(command, cwd=tmp_path)
    deadline = time.monotonic() + 60
    while not list(state.glob("*.npz")):
        assert child.poll() is None, "it ended before it kept anything"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "found.json").exists()
    before = (tmp_path / "calls").stat().st_size
    assert 8 <= before < 80
    subprocess.run(command, cwd=tmp_path, check=True)
    calls = (tmp_path / "calls").stat().st_size
    # Ten chunks of eight calls, and those again that were not kept yet.
    assert calls >= 80
    assert before + 80 > calls, "nothing was taken from the first run"
    found = Certificate.from_json((tmp_path / "found.json").read_text("utf-8"))
    assert found.n == 10 * 2**21
    assert (found.not_rounded, found.worst.x) == (1, 1.5)
    assert not list(state.iterdir()), "the progress of a finished sweep is removed"


def test_an_edited_function_does_not_resume(tmp_path, monkeypatch):
    from nonlin.certification import api
    from nonlin.certification.inputs import every_input
    from nonlin.certification.target import open_target
    from nonlin.certification.ulp import Format

    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    form, module = Format("float32"), tmp_path / "edited_certify.py"
    keys = []
    for pause in (0, 1):
        module.write_text(SLOW.format(pause=pause))
        sys.modules.pop("edited_certify", None)
        target = open_target("edited_certify:relu", form)
        known = sys.modules["edited_certify"].relu
        keys.append(api._key(target, nonlin.relu, every_input(form), known, None))
    assert keys[0] != keys[1]


def test_a_folder_that_cannot_hold_progress_is_told(tmp_path):
    blocked = Path(tmp_path / "file")
    blocked.write_text("")
    with pytest.raises(nonlin.NonlinError, match=r"^--resume-dir '.*': "):
        nonlin.certify(nonlin.relu, patterns=(0, 100), resume_dir=blocked / "state")
