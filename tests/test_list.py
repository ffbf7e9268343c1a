"""`nonlin list`: what it prints, and filters that agree with the facts."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest

from catalogue import RECORDS
from nonlin import cli
from nonlin.conventions import FRAMEWORKS
from nonlin.facts import Facts
from nonlin.properties import PROPERTIES


@pytest.fixture
def listed(capsys):
    """Run the command with --json; the names it gives."""

    def listed(*options: str) -> list[str]:
        assert cli.run(["list", *options, "--json"]) == 0
        return [item["name"] for item in json.loads(capsys.readouterr().out)]

    return listed


def test_lists_every_record_with_its_aliases_and_formula(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    assert cli.run(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line for line in lines[2:] if line[:1].strip()}
    assert list(rows) == [record.name for record in RECORDS]
    for record in RECORDS:
        line = rows[record.name]
        assert record.text in line
        if sum(map(len, record.aliases)) < 20:
            assert ", ".join(record.aliases) in line


@pytest.mark.parametrize("width", [60, 80, 100, 150])
def test_fits_the_width(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    assert cli.run(["list"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= width
    assert "\x1b" not in out
    for record in RECORDS:
        assert any(line.startswith(f"{record.name} ") for line in out.splitlines())


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_parts_the_records_it_speaks_of(listed, name):
    have, lack = listed(f"--{name}"), listed(f"--no-{name}")
    silent = [record.name for record in RECORDS if PROPERTIES[name].of(record) is None]
    assert sorted(have + lack + silent) == [record.name for record in RECORDS]
    opposite = PROPERTIES[name].opposite
    assert not opposite or listed(f"--{opposite}") == lack


def names(holds) -> list[str]:
    return [r.name for r in RECORDS if isinstance(r.facts, Facts) and holds(r.facts)]


EXPECTED = {
    "--smooth": lambda f: math.isinf(f.smoothness),
    "--no-continuous": lambda f: f.smoothness == -1,
    "--monotone": lambda f: f.monotone,
    "--bounded-below": lambda f: math.isfinite(f.range.low),
    "--bounded-above": lambda f: math.isfinite(f.range.high),
    "--zero-centred": lambda f: abs(f.mean) < 1e-12 and f.zero_centred,
    "--self-gated": lambda f: f.self_gated,
    "--saturating": lambda f: 0 in f.slope_limits,
    "--no-saturating": lambda f: 0 not in f.slope_limits,
    "--polynomial": lambda f: f.polynomial,
}


@pytest.mark.parametrize("option", EXPECTED)
def test_filters_agree_with_the_facts(listed, option):
    assert listed(option, "--elementwise") == names(EXPECTED[option])
    assert listed(option, "--elementwise"), "a filter that nothing passes tests nothing"


def test_filters_join(listed):
    both = listed("--smooth", "--bounded-below", "--elementwise")
    assert both == names(lambda f: math.isinf(f.smoothness) and math.isfinite(f.range.low))
    assert listed("--vector") == [r.name for r in RECORDS if not isinstance(r.facts, Facts)]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_framework_lists_what_it_offers(listed, framework):
    expected = [record.name for record in RECORDS if framework in record.conventions]
    assert listed("--framework", framework) == expected
    assert expected


def test_nothing_found_is_said_in_a_line(capsys):
    assert cli.run(["list", "--vector", "--polynomial"]) == 0
    assert capsys.readouterr().out == "no activation has all of these properties\n"
    assert cli.run(["list", "--vector", "--polynomial", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_help_tells_every_filter(capsys):
    assert cli.run(["list", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for name, item in PROPERTIES.items():
        assert f"--{name} / --no-{name}" in told
        assert item.help[1:] in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--framework", "jaxx"], "--framework 'jaxx'; did you mean 'jax'?; allowed: torch, jax"),
        (["--smoth"], "--smoth"),
        (["relu"], "relu"),
    ],
)
def test_bad_input_is_one_line(capsys, words, told):
    assert cli.run(["list", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert told in printed.err


def test_loads_no_framework_and_nothing_to_draw_with():
    heavy = (
        "torch",
        "jax",
        "pandas",
        "plotly",
        "jinja2",
        "matplotlib",
        "plotext",
        "scipy",
        "numpy",
    )
    code = (
        "import sys\nfrom nonlin import cli\n"
        "assert cli.run(['list', '--smooth']) == 0\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
