"""The comparison's report, looked at in a real browser."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from browser import launch, opened, wait_until
from nonlin.report import words
from nonlin.report.comparison import render
from nonlin.report.layer_figure import layers
from nonlin.report.looks import PALETTE, assign_looks
from nonlin.report.summaries import band, paired_differences
from report_sample import sample

CHARTS = ["differences", "learning-curves", "layers", "learning-rates", "functions", "step-times"]
PANELS_WITH_MARKS = """[...document.querySelectorAll('.js-plotly-plot')].map(p =>
    [...p.querySelectorAll('.cartesianlayer > .subplot')]
        .filter(s => s.querySelector('.trace path')).length)"""
HOSTILE = ("</script><script>alert(1)</script>", "<b>x</b>", "%{y} & ${x}", "1e5", "__proto__")


@pytest.fixture(scope="module")
def browser():
    with launch() as started:
        yield started


@pytest.fixture
def write(tmp_path):
    def write(comparison) -> Path:
        path = tmp_path / "report.html"
        path.write_text(render(comparison), encoding="utf-8")
        return path

    return write


def drawn_charts(page) -> list[str]:
    """The charts that hold at least one visible mark, in the order of the page."""
    wait_until(
        page,
        "[...document.querySelectorAll('.plotly-graph-div')].every(p => p.querySelector('.xy'))",
    )
    return page.evaluate(
        """[...document.querySelectorAll('.js-plotly-plot')]
        .filter(p => [...p.querySelectorAll('.trace path')]
            .some(m => m.getBoundingClientRect().width + m.getBoundingClientRect().height > 0))
        .map(p => p.id.replace('chart-', ''))"""
    )


def leaderboard(page) -> list[str]:
    return page.locator(".leaderboard tbody .name > span").all_inner_texts()


@pytest.mark.parametrize("width", [800, 1280])
def test_page_draws_everything_offline_and_fits_the_width(browser, write, width):
    comparison = sample()
    with opened(browser, write(comparison), width) as (page, complaints):
        assert drawn_charts(page) == CHARTS
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert leaderboard(page) == [row.name for row in comparison.leaderboard]
        assert page.evaluate(PANELS_WITH_MARKS) == [1, 2, 4, 1, 2, 1]
        for chart in page.locator(".js-plotly-plot").all():
            box = chart.bounding_box()
            assert box is not None
            assert box["width"] > 0.85 * width
        complaints.assert_none()


def test_answer_and_table_give_the_figures_of_the_leaderboard(browser, write):
    comparison = sample()
    with opened(browser, write(comparison)) as (page, complaints):
        assert page.locator(".answer h2").inner_text() == "gelu beats relu."
        answer = page.locator(".answer p").inner_text()
        best = comparison.leaderboard[0]
        assert f"gelu has the highest mean test accuracy, {100 * best.mean:.2f} %" in answer
        assert "silu (−0.03 points) is equivalent to relu within ±0.25 points." in answer
        assert "mish (+0.36 points; 7 more seeds would tell)" in answer
        pills = page.locator(".pill").all_inner_texts()
        assert [pill.split()[-1] for pill in pills] == [
            str(row.verdict).partition(":")[0] for row in comparison.leaderboard
        ]
        first = page.locator(".leaderboard tbody tr").first.inner_text()
        assert re.search(r"\+0\.39 to \+0\.75 points", first)
        assert "1 diverged" in page.locator(".leaderboard tbody tr").last.inner_text()
        assert page.locator(".runs tbody tr").count() == len(comparison.runs)
        complaints.assert_none()


def test_hostile_text_is_only_text(browser, write):
    comparison = sample(names=("relu", *HOSTILE), seeds=3, depth=3, epochs=4)
    attack = "<img src=x onerror=alert(2)><script>alert(3)</script>"
    comparison.settings |= {"data": attack, attack: attack}
    comparison.versions[attack] = attack
    comparison.notes.append(attack)
    comparison.data_summary = comparison.command = comparison.python = attack
    comparison.runs["error"] = attack
    comparison.layers["name"] = attack
    for row in comparison.leaderboard:
        row.explanation = attack
    with opened(browser, write(comparison)) as (page, complaints):
        assert drawn_charts(page) == CHARTS
        assert sorted(leaderboard(page)) == sorted(["relu", *HOSTILE])
        labels = page.locator("#chart-step-times .ytick").all_text_contents()
        assert {"<b>x</b>", "</script><script>alert(1)…", "%{y} & ${x}", "1e5"} <= set(labels)
        page.locator("#chart-layers .point").last.hover(force=True)
        hover = page.locator("#chart-layers .hovertext").first
        assert "<img src=x" in hover.text_content()
        assert page.locator("img[src=x]").count() == 0
        assert page.locator(".plot b, .plot img").count() == 0
        assert page.evaluate("[...document.scripts].every(s => !/^\\s*alert/.test(s.text))")
        complaints.assert_none()


def test_key_hides_an_activation_in_every_chart(browser, write):
    visible = (
        "[...document.querySelectorAll('.js-plotly-plot')].map(p => "
        "p._fullData.filter(t => t.meta === 1 && t.visible === true).length)"
    )
    with opened(browser, write(sample(seeds=3, epochs=6))) as (page, complaints):
        drawn_charts(page)
        before = page.evaluate(visible)
        assert min(before) > 0
        buttons = page.locator(".key button", has_text="gelu")
        buttons.first.click()
        assert page.evaluate(visible) == [0] * len(CHARTS)
        assert {b.get_attribute("aria-pressed") for b in buttons.all()} == {"false"}
        buttons.last.click()
        assert page.evaluate(visible) == before
        complaints.assert_none()


def test_slider_shows_the_layers_of_its_epoch(browser, write):
    comparison = sample(seeds=3, epochs=6)
    gradients = comparison.layers.query("activation == 'relu' and layer == 0")
    medians = gradients.groupby("epoch")["gradient_rms"].median()
    # The first trace is the state before training, the second moves with the slider.
    shown = "document.getElementById('chart-layers')._fullData[1].y[0]"
    with opened(browser, write(comparison)) as (page, complaints):
        drawn_charts(page)
        assert page.evaluate(shown) == pytest.approx(medians[6], rel=1e-3)
        page.locator("#chart-layers .slider-rail-touch-rect").click(position={"x": 4, "y": 4})
        wait_until(page, f"Math.abs({shown} / {medians[0]} - 1) < 1e-3")
        assert "after epoch 0" in (page.locator("#chart-layers").text_content() or "")
        complaints.assert_none()


def test_buttons_show_the_rows_far_from_the_baseline(browser, write):
    axis = "document.getElementById('chart-differences').layout.xaxis.range[0]"
    marks = "#chart-differences .annotation-text:has-text('out of view')"
    with opened(browser, write(sample())) as (page, complaints):
        drawn_charts(page)
        assert page.evaluate(axis) > -3
        assert page.locator(marks).count() == 1
        page.locator(".updatemenu-button", has_text="Everything").click()
        wait_until(page, f"{axis} < -50")
        assert page.locator(marks).count() == 0
        page.locator(".updatemenu-button", has_text="Second half").click()
        wait_until(
            page, "document.getElementById('chart-learning-curves').layout.xaxis.range[0] === 10"
        )
        complaints.assert_none()


def test_paper_shows_charts_at_its_width_and_every_run(browser, write, tmp_path):
    with opened(browser, write(sample(seeds=3, epochs=4)), 1280) as (page, complaints):
        drawn_charts(page)
        page.emulate_media(media="print")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(
            "Math.max(...[...document.querySelectorAll('.main-svg')].map(s => s.clientWidth))"
        ) == pytest.approx(690)
        assert page.locator("details[open]").count() == 1
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert page.locator("details[open]").count() == 0
        assert page.pdf(path=tmp_path / "report.pdf").startswith(b"%PDF")
        complaints.assert_none()


def test_one_seed_says_that_nothing_can_be_decided(browser, write):
    with opened(browser, write(sample(seeds=1, diverged=()))) as (page, complaints):
        assert drawn_charts(page) == CHARTS
        assert "Undecided" in page.locator(".answer h2").inner_text()
        assert "One finished seed" in page.locator(".footnotes").inner_text()
        assert "no interval" in page.locator("#chart-differences").text_content()
        complaints.assert_none()


def test_all_failed_says_why(browser, write):
    names = ("relu", "gelu")
    with opened(browser, write(sample(names, failed=names, diverged=()))) as (page, complaints):
        assert drawn_charts(page) == ["functions"]
        assert page.locator(".answer h2").inner_text() == "No network finished training."
        assert "ValueError: it broke" in page.locator(".answer p").inner_text()
        assert page.locator(".missing").count() == len(CHARTS) - 1
        complaints.assert_none()


def test_failed_baseline_leaves_no_verdicts(browser, write):
    comparison = sample(("relu", "gelu", "mish"), failed=("relu",), diverged=())
    for row in comparison.leaderboard:
        row.verdict = "failed" if row.name == "relu" else "no baseline to compare with"
    with opened(browser, write(comparison)) as (page, complaints):
        assert "differences" not in drawn_charts(page)
        title = page.locator(".answer h2").inner_text()
        assert title == "No verdicts: the baseline relu did not finish."
        complaints.assert_none()


def test_all_diverged_and_single_layer_are_drawn(browser, write):
    names = ("relu", "gelu")
    comparison = sample(names, seeds=1, depth=1, diverged=names)
    for frame in (comparison.runs, comparison.layers):
        frame.loc[:, frame.columns.intersection(["test_loss", "gradient_rms"])] = np.nan
    with opened(browser, write(comparison)) as (page, complaints):
        assert drawn_charts(page) == CHARTS
        notes = page.locator(".footnotes").inner_text()
        assert "gradient ratio" in notes
        assert "constant prediction" in notes
        complaints.assert_none()


@pytest.mark.parametrize("what", ["tune", "layers", "epochs", "curves", "runs"])
def test_missing_measurements_are_told(what):
    comparison = sample(seeds=2, epochs=3)
    if what == "tune":
        comparison.runs = comparison.runs.query("phase == 'final'")
    elif what == "curves":
        comparison.curves = []
    else:
        setattr(comparison, what, getattr(comparison, what).iloc[:0])
    assert 'class="missing"' in render(comparison)


def test_only_the_baseline():
    page = render(sample(("relu",), seeds=2, epochs=3, diverged=()))
    assert "Only relu was measured." in page
    assert "There are no paired differences to draw" in page


def test_rendering_changes_nothing_and_repeats_byte_for_byte():
    comparison = sample(seeds=2, epochs=3)
    before = copy.deepcopy(comparison)
    first = render(comparison)
    assert first == render(comparison)
    for name in ("runs", "epochs", "layers"):
        pd.testing.assert_frame_equal(getattr(comparison, name), getattr(before, name))
    assert comparison.leaderboard == before.leaderboard
    assert comparison.settings == before.settings


def test_file_is_little_more_than_plotly():
    from plotly.offline import get_plotlyjs

    assert len(render(sample())) - len(get_plotlyjs()) < 300_000


def test_lower_is_better_turns_the_words():
    comparison = sample(("relu", "gelu"), seeds=2, epochs=3, diverged=())
    object.__setattr__(comparison.metric, "higher_is_better", False)
    page = render(comparison)
    assert "lowest mean test accuracy" in page
    assert "\\u2190 better" in page


def test_long_lists_are_counted_in_the_answer():
    names = ("relu", *(f"act{i}" for i in range(9)))
    _, sentences = words.headline(sample(names, seeds=2, epochs=1))
    assert "and 5 more are undecided." in sentences[-1]


def test_band_is_the_t_interval_of_the_seeds():
    values = [0.2, 0.5, 0.9]
    epochs = pd.DataFrame({"epoch": 1, "loss": values})
    low, high = stats.t.interval(0.9, 2, np.mean(values), stats.sem(values))
    row = band(epochs, "loss", 0.9).loc[1]
    assert [row["low"], row["high"], row["count"]] == pytest.approx([low, high, 3])
    logs = np.log(values)
    low, high = np.exp(stats.t.interval(0.9, 2, np.mean(logs), stats.sem(logs)))
    row = band(epochs, "loss", 0.9, log=True).loc[1]
    assert [row["mean"], row["low"], row["high"]] == pytest.approx([stats.gmean(values), low, high])


def test_band_leaves_out_what_is_not_finite_and_has_no_width_for_one_seed():
    epochs = pd.DataFrame({"epoch": [0, 0, 1], "loss": [1.0, np.inf, np.nan]})
    table = band(epochs, "loss", 0.95)
    assert table.index.tolist() == [0]
    assert table.loc[0, "mean"] == 1
    assert np.isnan(table.loc[0, "low"])


def test_differences_are_paired_by_seed():
    runs = pd.DataFrame(
        {
            "activation": ["relu", "relu", "gelu", "gelu", "gelu"],
            "phase": ["final"] * 4 + ["tune"],
            "seed": [0, 1, 1, 2, 0],
            "status": "done",
            "test_metric": [0.5, 0.6, 0.9, 0.8, 0.7],
        }
    )
    paired = paired_differences(runs, "gelu", "relu")
    assert paired["difference"].to_dict() == pytest.approx({1: 0.3})


def test_zero_gradient_stays_in_the_chart():
    comparison = sample(("relu", "gelu"), seeds=2, epochs=2, diverged=())
    frame = comparison.layers
    frame.loc[(frame["layer"] == 0) & (frame["activation"] == "gelu"), "gradient_rms"] = 0.0
    figure = layers(comparison, assign_looks(["relu", "gelu"], "relu"))
    assert figure is not None
    lowest = frame.loc[frame["gradient_rms"] > 0, "gradient_rms"].min()
    drawn = [trace.y[0] for trace in figure.data if trace.meta == 1][:2]
    assert all(0 < y < lowest for y in drawn)


def test_each_activation_has_a_look_of_its_own():
    looks = assign_looks([f"a{i}" for i in range(4 * len(PALETTE))], "a0")
    assert len({(look.colour, look.dash) for look in looks.values()}) == len(looks)


def test_importing_nonlin_loads_no_plotting():
    code = "import nonlin, nonlin.report, sys; print({'plotly', 'pandas'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
