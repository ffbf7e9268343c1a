"""`nonlin compare` from end to end, on real data."""

from __future__ import annotations

import json
import math
import shlex
import shutil
import subprocess
import sys

import pytest
import torch

import nonlin
from browser import launch, opened
from nonlin import cli
from nonlin.comparison import data as datasets
from nonlin.comparison.metrics import constant_score
from nonlin.comparison.training import TUNING_SEED
from nonlin.report.terminal import leaderboard_text

QUICK = {"epochs": 2, "learning_rates": (1e-3, 1e-2), "quiet": True}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("compare")
    return nonlin.compare("digits", "tanh,relu,swish(learned)", seeds=3, out=out, **QUICK)


def test_every_activation_gets_the_same_runs(finished):
    runs = finished.runs
    for name in ("tanh", "relu", "swish(learned)"):
        own = runs[runs["activation"] == name]
        tuned, final = own[own["phase"] == "tune"], own[own["phase"] == "final"]
        assert sorted(tuned["lr"]) == [1e-3, 1e-2]
        assert set(tuned["seed"]) == {TUNING_SEED}
        assert sorted(final["seed"]) == [0, 1, 2]
        best = tuned.loc[tuned["validation_metric"].idxmax(), "lr"]
        assert set(final["lr"]) == {best}


def test_test_rows_are_looked_at_by_final_runs_alone(finished):
    tuned = finished.runs["phase"] == "tune"
    assert finished.runs[tuned]["test_metric"].isna().all()
    assert finished.runs[~tuned]["test_metric"].notna().all()


def test_leaderboard_is_sorted_and_complete(finished):
    means = [row.mean for row in finished.leaderboard]
    assert means == sorted(means, reverse=True)
    assert {row.name for row in finished.leaderboard} == {"tanh", "relu", "swish(learned)"}
    for row in finished.leaderboard:
        own = finished.runs[(finished.runs["activation"] == row.name)]
        final = own[own["phase"] == "final"]
        assert row.mean == pytest.approx(final["test_metric"].mean())
        assert row.interval.low < row.mean < row.interval.high
        assert row.milliseconds_per_step > 0
        assert 0 <= row.blocked_share <= 1
        assert row.gradient_ratio_start > 0
        assert row.explanation
    assert next(r for r in finished.leaderboard if r.name == "relu").verdict == "baseline"


def test_difference_is_paired_by_seed(finished):
    final = finished.runs[finished.runs["phase"] == "final"]
    by_seed = final.pivot(index="seed", columns="activation", values="test_metric")
    row = next(row for row in finished.leaderboard if row.name == "tanh")
    assert row.difference == pytest.approx((by_seed["tanh"] - by_seed["relu"]).mean())


def test_same_call_repeats_nothing_and_more_seeds_add(finished, tmp_path):
    call = {"out": shutil.copytree(finished.folder, tmp_path / "copy"), **QUICK}
    again = nonlin.compare("digits", "tanh,relu,swish(learned)", seeds=3, **call)
    assert again.runs.equals(finished.runs)
    more = nonlin.compare("digits", "tanh,relu,swish(learned)", seeds=4, **call)
    assert len(more.runs) == len(finished.runs) + 3
    fewer = nonlin.compare("digits", "tanh,relu,swish(learned)", seeds=3, **call)
    assert [row.mean for row in fewer.leaderboard] == [row.mean for row in finished.leaderboard]


def test_workers_find_what_one_process_finds(finished, tmp_path):
    shared = nonlin.compare(
        "digits", "tanh,relu,swish(learned)", seeds=3, out=tmp_path, workers=2, **QUICK
    )
    key = ["activation", "phase", "seed", "lr"]
    figures = [*key, "status", "steps", "validation_loss", "test_loss", "test_metric"]
    ours, theirs = (
        c.runs.sort_values(key)[figures].reset_index(drop=True) for c in (finished, shared)
    )
    assert ours.equals(theirs)


def test_results_open_as_data_frames(finished):
    assert nonlin.open_results(finished.folder).equals(finished.runs)
    layers = nonlin.open_results(finished.folder, "layers")
    assert set(layers["layer"]) == {0, 1, 2, 3}
    assert set(nonlin.open_results(finished.folder, "epochs")["epoch"]) == {0, 1, 2}
    assert list(finished.to_dataframe()["name"]) == [row.name for row in finished.leaderboard]


def test_results_open_while_a_comparison_writes(finished):
    from nonlin.comparison.store import Store

    with Store(finished.folder, Store(finished.folder).identity()):
        assert len(nonlin.open_results(finished.folder)) == len(finished.runs)


def test_printed_command_repeats_the_comparison(finished, capsys):
    words = shlex.split(finished.command)
    assert words[:2] == ["nonlin", "compare"]
    assert cli.run([*words[1:], "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in answer["leaderboard"]] == [r.name for r in finished.leaderboard]
    assert len(nonlin.open_results(finished.folder)) >= len(finished.runs)


def test_printed_python_repeats_the_comparison(finished):
    script = finished.folder / "repeat.py"
    script.write_text(f"{finished.python}\nprint(len(result.runs))\n")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert int(done.stdout) >= len(finished.runs)


def test_command_prints_leaderboard_and_report(tmp_path, capsys):
    arguments = "compare --data digits --activations relu,tanh --seeds 2 --epochs 1"
    options = ["--learning-rates", "1e-3", "--workers", "1", "--out", str(tmp_path)]
    assert cli.run([*arguments.split(), *options]) == 0
    printed = capsys.readouterr()
    assert "relu" in printed.out
    assert "baseline" in printed.out
    assert f"report: {tmp_path / 'report.html'}" in printed.out
    assert (tmp_path / "report.html").stat().st_size > 1_000_000
    assert "1,221 training" in printed.err


def test_quiet_prints_the_answer_alone(tmp_path, capsys):
    arguments = "compare --data digits --activations relu,tanh --seeds 1 --epochs 1 --quiet"
    options = ["--learning-rates", "1e-3", "--workers", "1", "--out", str(tmp_path)]
    assert cli.run([*arguments.split(), *options]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "undecided: 4 more seeds would tell" in printed.out


def test_divergence_is_a_result(tmp_path):
    result = nonlin.compare(
        "digits",
        "relu,identity",
        seeds=2,
        epochs=2,
        optimizer="sgd",
        learning_rates=(1e9,),
        out=tmp_path,
        quiet=True,
    )
    assert set(result.runs["status"]) == {"diverged"}
    assert result.failed_runs == 0
    score = constant_score(datasets.load("digits"))
    assert [row.mean for row in result.leaderboard] == [score, score]
    assert "2 of 2 networks diverged" in result.leaderboard[0].explanation


def test_activation_against_itself_is_never_better(tmp_path):
    result = nonlin.compare(
        "digits",
        "leaky_relu(alpha=0.25),leaky_relu(alpha=0.25,at_kink=right)",
        seeds=5,
        epochs=1,
        learning_rates=(1e-3,),
        out=tmp_path,
        quiet=True,
    )
    other = next(row for row in result.leaderboard if row.verdict != "baseline")
    assert other.difference == 0
    assert other.verdict == "equivalent"


@pytest.mark.parametrize("model", ["cnn", "transformer"])
def test_other_models_learn_digits(model, tmp_path):
    result = nonlin.compare(
        "digits",
        "relu,gelu",
        model=model,
        depth=2,
        width=16,
        seeds=1,
        epochs=6,
        learning_rates=(1e-2,),
        out=tmp_path,
        quiet=True,
    )
    assert all(row.mean > 0.5 for row in result.leaderboard)


def test_text_model_beats_character_frequencies(tmp_path):
    text = tmp_path / "song.txt"
    text.write_text("the cat sat on the mat, and the dog lay by the log.\n" * 200)
    result = nonlin.compare(
        f"text:{text}",
        "relu,gelu",
        depth=1,
        width=32,
        seeds=1,
        epochs=8,
        learning_rates=(1e-2,),
        out=tmp_path / "out",
        quiet=True,
    )
    assert result.metric.name == "bits per character"
    unigram = constant_score(datasets.load(f"text:{text}"))
    assert all(row.mean < unigram / 2 for row in result.leaderboard)


def test_regression_is_scored_in_the_target_s_units(tmp_path):
    import pandas

    rows = torch.randn(400, 3, generator=torch.Generator().manual_seed(0)).double().numpy()
    table = pandas.DataFrame(rows, columns=["a", "b", "c"])
    table["price"] = 1000 + 200 * table["a"] - 100 * table["b"]
    table.to_csv(tmp_path / "houses.csv", index=False)
    result = nonlin.compare(
        f"table:{tmp_path / 'houses.csv'}",
        "relu,identity",
        target="price",
        seeds=2,
        epochs=30,
        learning_rates=(3e-3,),
        out=tmp_path / "out",
        quiet=True,
    )
    assert not result.metric.higher_is_better
    best = result.leaderboard[0]
    assert best.name == "identity"
    assert (
        best.mean
        < 20
        < constant_score(datasets.load(f"table:{tmp_path / 'houses.csv'}", target="price"))
    )
    assert math.isclose(result.margin, 0.02 * 223.6, rel_tol=0.1)


def test_report_of_a_real_comparison_draws_in_a_browser(finished, tmp_path):
    path = finished.save_report(tmp_path / "report.html")
    with launch() as browser, opened(browser, path) as (page, complaints):
        page.wait_for_selector(".js-plotly-plot .main-svg")
        assert page.locator(".js-plotly-plot").count() >= 5
        names = page.locator("#leaderboard tbody tr").all_inner_texts()
        shown = [row.name for row in finished.leaderboard]
        assert [any(name in text for text in names) for name in shown] == [True] * 3
        for row in finished.leaderboard:
            assert row.explanation in page.inner_text("body").replace("\n", " ")
        complaints.assert_none()


@pytest.mark.parametrize("width", [80, 100, 120, 140])
def test_leaderboard_fits_the_terminal_and_cuts_no_figure(finished, width):
    text = leaderboard_text(finished, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert ("ms/step" in text) == (width >= 116)
