"""The page of `nonlin show --html`, and the docs, opened in a real browser."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nonlin
from browser import launch, opened, wait_until
from catalogue import RECORDS
from copies import copy_sources
from nonlin import cli
from nonlin.properties import PROPERTIES
from nonlin.report import description as say
from nonlin.report.activation_page import render
from test_show import ATTACK, HOSTILE

ROOT = Path(__file__).parent.parent
DRAWN = """[...document.querySelectorAll('.plotly-graph-div')].every(
    p => p.querySelector('.scatterlayer .trace path'))"""
RULE = '''
"""A record of one file: the square, which nobody else has."""

from nonlin.activation import Activation
from nonlin.facts import Contract, Facts, Range

square_rule = Activation(
    name="square_rule",
    class_name="SquareRule",
    aliases=("second_power",),
    text="x² & <more>",
    value=lambda x, xp: x * x,
    slope=lambda x, xp: 2.0 * x,
    identity="f′ = 2x",
    definition=lambda mp, x: x * x,
    facts_of=lambda: Facts(
        range=Range(0.0, float("inf"), low_reached=True),
        monotone=False,
        smoothness=float("inf"),
        lipschitz=float("inf"),
        limits=(float("inf"), float("inf")),
        slope_limits=(-float("inf"), float("inf")),
        minimum=(0.0, 0.0),
        homogeneous=2,
        polynomial=True,
    ),
    contract=Contract(value_ulp=0.5, derivative_ulp=0.5),
    references=("S3: a polynomial",),
)
'''


@pytest.fixture(scope="module")
def browser():
    with launch() as started:
        yield started


@pytest.fixture(scope="module")
def docs(tmp_path_factory):
    """The docs of the catalogue and of one record more, whose module is all that was added."""
    folder = tmp_path_factory.mktemp("docs")
    copied = copy_sources(folder)
    (copied / "functions" / "_square_rule.py").write_text(RULE, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "build.py"), str(folder / "out")],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "out"


def text_of(page) -> str:
    return re.sub(r"\s+", " ", page.locator("body").inner_text())


def test_page_draws_and_says_everything_offline(browser, tmp_path):
    names = ["relu", "gelu", "mish"]
    path = tmp_path / "page.html"
    assert cli.run(["show", *names, "--html", str(path)]) == 0
    for width in (400, 1280):
        with opened(browser, path, width) as (page, complaints):
            wait_until(page, DRAWN)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator(".js-plotly-plot").count() == 2
            told = text_of(page)
            for record in map(nonlin.get, names):
                for words in say.facts_in_words(record).values():
                    assert words in told
                for convention in record.conventions.values():
                    assert convention.call in told
                    assert convention.wrong in told
                for reference in record.references:
                    assert reference in told
            complaints.assert_none()


def test_a_name_hides_its_curve_in_both_panels(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(render([nonlin.relu, nonlin.gelu]), encoding="utf-8")
    visible = """[...document.querySelectorAll('.js-plotly-plot')].map(
        p => p.data.filter(t => t.visible !== false && t.mode === 'lines').length)"""
    with opened(browser, path) as (page, complaints):
        wait_until(page, DRAWN)
        assert page.evaluate(visible) == [2, 2]
        page.locator(".key button").first.click()
        wait_until(page, f"({visible}).every(n => n === 1)")
        complaints.assert_none()


def test_hostile_text_is_only_text(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(render([HOSTILE, nonlin.relu]), encoding="utf-8")
    with opened(browser, path) as (page, complaints):
        wait_until(page, DRAWN)
        assert page.locator("main b").count() == 0
        # Formula, derivative, parameter, call, note, error, reference.
        assert page.locator("main").inner_text().count(ATTACK) == 7
        complaints.assert_none()


def test_rendering_repeats_byte_for_byte():
    assert render([nonlin.relu]) == render([nonlin.relu])


def test_every_record_has_a_page_that_says_what_it_says(docs):
    pages = sorted(path.name for path in docs.iterdir())
    names = [*(record.name for record in RECORDS), "square_rule", "index"]
    assert pages == sorted([*(f"{name}.html" for name in names), "plotly.min.js"])
    for record in RECORDS:
        page = html.unescape((docs / f"{record.name}.html").read_text(encoding="utf-8"))
        assert len(page) < 200_000
        for text in (*record.references, *say.facts_in_words(record).values()):
            assert text in page
        assert page.count("plotly-graph-div") == 2


def test_a_new_module_is_documented_with_no_other_edit(browser, docs):
    with opened(browser, docs / "square_rule.html", 400) as (page, complaints):
        wait_until(page, DRAWN)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        told = text_of(page)
        assert "A record of one file: the square, which nobody else has." in told
        assert "f(x) = x² & <more>" in told
        assert "array([1., 0., 1.])" in told
        assert "S3: a polynomial" in told
        assert "UC Berkeley" in told
        page.locator("footer a", has_text="all").click()
        wait_until(page, "document.querySelector('.catalogue')")
        complaints.assert_none()


def test_index_filters_and_sorts(browser, docs):
    def shown(page) -> list[str]:
        rows = page.locator(".catalogue tbody tr:not([hidden])")
        return rows.locator("th a").all_inner_texts()

    with opened(browser, docs / "index.html") as (page, complaints):
        every = sorted([*(record.name for record in RECORDS), "square_rule"])
        assert shown(page) == every
        for name in ("polynomial", "saturating"):
            chip = page.locator(f"[data-property='{name}']")
            chip.click()
            expected = [r.name for r in RECORDS if PROPERTIES[name].of(r)]
            expected += ["square_rule"] * (name == "polynomial")
            assert shown(page) == sorted(expected)
            chip.click()
        page.locator("#search").fill("second_pow")
        assert shown(page) == ["square_rule"]
        page.locator("#search").fill("nothing like it")
        assert page.locator("#nothing").is_visible()
        page.locator("#search").fill("")
        button = page.locator(".catalogue thead button", has_text="mean")
        button.click()
        means = {r.name: getattr(r.facts, "mean", None) for r in RECORDS}
        order = [means[n] for n in shown(page) if means.get(n) is not None]
        assert [round(m, 3) for m in order] == sorted(round(m, 3) for m in order)
        button.click()
        assert page.locator("th[aria-sort='descending']").count() == 1
        complaints.assert_none()


@pytest.mark.parametrize("width", [400, 1280])
def test_index_fits_the_width_and_shows_thumbnails(browser, docs, width):
    with opened(browser, docs / "index.html", width) as (page, complaints):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        boxes = page.evaluate(
            "[...document.querySelectorAll('.thumbnail svg')]"
            ".map(s => s.getBoundingClientRect().width)"
        )
        assert len(boxes) == len(RECORDS) + 1
        assert min(boxes) > 100
        complaints.assert_none()
