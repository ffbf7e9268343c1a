"""`nonlin signal`: what a user sees in the terminal, in JSON and in a real browser."""

from __future__ import annotations

import json
import re

import pytest

import nonlin
from browser import launch, opened
from nonlin import cli
from nonlin.report.signal_page import render
from nonlin.report.signal_text import signal_text
from nonlin.signal import propagate

ATTACK = "</script><script>alert(1)</script><b>$x$ &amp; %{y}"


class Hostile(type(nonlin.tanh)):
    """A record that prints as an attack on the page that shows it."""

    def __init__(self):
        object.__setattr__(self, "__dict__", dict(nonlin.tanh.__dict__))

    def __repr__(self):
        return ATTACK


SMALL = ("--depth", "12", "--width", "32", "--networks", "2")


def test_what_the_terminal_shows(capsys, tmp_path):
    figures = tmp_path / "signal.json"
    words = ("signal", "gelu", "sigmoid", *SMALL, "--init", "he", "--json", str(figures))
    assert cli.run(list(words)) == 0
    shown = capsys.readouterr().out
    assert "gelu  12 dense layers of width 32; he: σ_w = 1.414, σ_b = 0" in shown
    assert shown.count("- float16") == 2
    assert "Not covered: attention" in shown
    assert "95 % interval of 2 networks" in re.sub(r"\s+", " ", shown)
    gelu, sigmoid = json.loads(figures.read_text())
    assert (gelu["activation"], sigmoid["activation"]) == ("gelu", "sigmoid")
    assert len(gelu["theory"]["gradient"]) == 13
    assert len(gelu["simulation"]["variance"]["low"]) == 13
    assert gelu["verdict"][0] in re.sub(r"\s+", " ", shown)


def test_formulas_pairs_and_theory_alone(capsys):
    assert cli.run(["signal", "x*tanh(x)", "--init", "1.2,0.3", "--networks", "0"]) == 0
    shown = capsys.readouterr().out
    assert "given: σ_w = 1.2, σ_b = 0.3" in shown
    assert "networks of width" not in shown
    options = ["--residual", "--norm", "layer", "--stack", "conv", "--networks", "0"]
    assert cli.run(["signal", "relu", *options]) == 0
    assert "conv layers of width 500, residual, layer norm" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gleu"], "unknown activation 'gleu'; did you mean 'gelu'?"),
        (["gelu", "--depth", "0"], "propagate: depth=0; allowed: an integer >= 1"),
        (["gelu", "--width", "-5"], "propagate: width=-5; allowed: an integer >= 1"),
        (["gelu", "--init", "kaiming"], "propagate: init='kaiming'; allowed: he, xavier, lecun"),
        (["gelu", "--init", "1,b"], "propagate: init='1,b'"),
        (["softmax"], "softmax: propagate needs an elementwise activation"),
        (["exp(x*x)", "--networks", "0"], "is infinite for z ~ N(0, 1); no gain exists"),
        (["gelu", "gelu"], "gelu is named twice; name each once"),
        (["gelu", *SMALL, "--html", "/no/such/folder/page.html"], "--html /no/such/folder"),
    ],
    ids=str,
)
def test_errors_are_one_line(capsys, words, message):
    assert cli.run(["signal", *words]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1


def test_the_page_in_a_browser(tmp_path):
    results = [propagate(a, 20, 32, networks=2) for a in ("sigmoid", "relu", Hostile())]
    path = tmp_path / "signal.html"
    path.write_text(render(results), encoding="utf-8")
    with launch() as browser:
        for width in (1280, 420):
            with opened(browser, path, width=width) as (page, complaints):
                page.wait_for_selector("#chart-gradient .scatterlayer")
                assert page.locator(".plot .main-svg").count() >= 4
                assert page.inner_text("h1") == f"sigmoid, relu, {ATTACK}"
                verdicts = page.inner_text("#verdicts")
                assert "float16 loses the gradient" in verdicts
                overflow = "document.documentElement.scrollWidth > window.innerWidth"
                assert not page.evaluate(overflow)
                complaints.assert_none()


def test_python_prints_saves_and_shows_in_notebooks(tmp_path):
    result = propagate("tanh", 6, 16, networks=2)
    assert str(result) == signal_text([result])
    assert "χ = " in str(result)
    assert result._repr_html_().startswith("<div>")
    path = result.save_report(tmp_path / "deep" / "tanh.html")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
