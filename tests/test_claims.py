"""Claims: declarations, verdicts from planted data, resuming, errors, the command, the pages."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest

import nonlin
from nonlin import cli
from nonlin.claims import get_claim, judge, list_claims, read_results, run_claim
from nonlin.claims.claim import Claim, Context, Exact, Panel, Sampled, Scores, Series, Step
from nonlin.claims.judging import verdict_of
from nonlin.claims.results import Result, committed_folder
from nonlin.claims.training import accuracy, points, speed, study
from nonlin.errors import NonlinError
from nonlin.report import claim_words as say
from nonlin.report.claim_figure import svg
from nonlin.report.claim_page import command, pages

CLAIMS = list_claims()
DOCS = Path(__file__).parents[1] / "docs"


def planted(*parts, data=None, number=1, **changes):
    """A claim whose experiment is a table of numbers."""
    found = data or {}
    given = {
        "number": number,
        "statement": "A planted claim.",
        "sources": ("S1",),
        "confirms": "this",
        "refutes": "that",
        "parts": parts,
        "steps": lambda: [Step("data", lambda context: found)],
        "measure": lambda steps: {
            name: Scores(*value) if isinstance(value, list) else value
            for name, value in steps["data"].items()
        },
        "picture": lambda steps: [],
        "settings": {"quick": {}, "full": {}},
    }
    return Claim(**{**given, **changes})


def verdict(claim, data, others=()):
    result = Result(claim.number, "full", {}, {}, [], {"data": data})
    return judge([claim, *others], {claim.number: result})[claim.number]


def drawn(mean, deviation=0.002, count=10, seed=0):
    """A paired sample: measured and reference."""
    noise = np.random.default_rng(seed).normal(0, 1, (2, count))
    reference = 0.9 + 0.01 * noise[0]
    return [(reference + mean + deviation * noise[1]).tolist(), reference.tolist()]


def test_every_claim_of_the_sources_is_there():
    assert [claim.number for claim in CLAIMS] == list(range(1, 25))
    # One module each, whose name begins with the number.
    stems = sorted(p.stem for p in Path(nonlin.claims.__file__).parent.glob("_[0-9]*.py"))
    assert [int(stem[1:3]) for stem in stems] == list(range(1, 25))


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.slug)
def test_declarations_are_complete(claim):
    assert claim.confirms.endswith(".")
    assert claim.refutes.endswith(".")
    assert claim.notes
    for mode in ("quick", "full"):
        settings = claim.settings[mode]
        json.dumps(settings)
        steps = claim.steps(**settings)
        assert len({step.name for step in steps}) == len(steps) > 0
        json.dumps([dict(step.settings) for step in steps])
        if mode == "quick":
            assert not any(step.needs for step in steps)
    assert ("--data-dir" in command(claim)) == claim.needs_data


def test_training_claims_use_all_of_mnist_and_pair_their_seeds():
    trained = [claim for claim in CLAIMS if claim.needs_data]
    assert len(trained) >= 12
    for claim in trained:
        for step in claim.steps(**claim.settings["full"]):
            if step.needs:
                assert step.needs == ("mnist",)
                assert step.settings["data"] == "mnist"
                assert step.settings["seeds"] >= 5
                # Chosen per activation, but where the rate is what is claimed about.
                assert len(step.settings["learning_rates"]) > 1 or claim.number in (6, 7)


def test_a_part_that_nothing_could_refute_is_refused():
    with pytest.raises(NonlinError, match="every number would confirm it"):
        planted(Exact("x"))
    with pytest.raises(NonlinError, match="can it be confirmed and refuted"):
        planted(Sampled("x", ("above", "below", "level"), 0.1))
    with pytest.raises(NonlinError, match="two parts have one name"):
        planted(Exact("x", 0), Exact("x", 1))
    with pytest.raises(NonlinError, match="every part is a control"):
        planted(Exact("x", 0, control=True))


def test_a_planted_effect_is_found():
    claim = planted(points("gain", ["above"]))
    found = verdict(claim, {"gain": drawn(0.02)})
    assert found.verdict == "holds"
    assert found.findings[0].relation == "above"
    interval = found.findings[0].interval
    assert interval.low < 0.02 < interval.high
    assert "over 10 runs" in say.sentences(found)[1]
    assert verdict(claim, {"gain": drawn(-0.02)}).verdict == "does not hold"


@pytest.mark.parametrize("seed", range(20))
def test_a_planted_null_is_never_better(seed):
    found = verdict(planted(points("gain", ["above"])), {"gain": drawn(0, seed=seed)})
    assert found.findings[0].relation in ("level", "undecided")
    assert found.verdict in ("does not hold", "undecided")


def test_noise_is_undecided_and_says_how_many_runs_would_tell():
    claim = planted(points("gain", ["above"]))
    found = verdict(claim, {"gain": drawn(0.004, deviation=0.02)})
    assert found.verdict == "undecided"
    assert found.more_runs > 10
    assert f"{found.more_runs} more runs would tell" in say.verdict_line(found)


def test_ties_of_few_runs_prove_nothing():
    """Two networks that each get the same test rows right are not proof of a level."""
    tie = [[0.9, 0.91], [0.9, 0.91], 1 / 360]
    claim = planted(points("gain", ["level"]))
    assert verdict(claim, {"gain": tie}).verdict == "undecided"


def test_the_whole_family_is_corrected():
    claim = planted(points("gain", ["above"]))
    weak = {"gain": drawn(0.008, deviation=0.004)}
    assert verdict(claim, weak).findings[0].p < 0.05
    # Others count whether or not they were run: a verdict does not hang on the order of runs.
    others = [planted(points("gain", ["above"]), number=n) for n in range(2, 200)]
    alone, among = verdict(claim, weak), verdict(claim, weak, others)
    assert among.findings[0].p == pytest.approx(min(1, 199 * alone.findings[0].p), rel=0.05)
    assert (alone.verdict, among.verdict) == ("holds", "undecided")


def test_verdicts_are_conjunctions_and_controls_guard_them():
    parts = (Exact("a", low=1), Exact("b", low=1), Exact("seen", low=1, control=True))
    claim = planted(*parts)

    def of(a, b, seen=1.0):
        return verdict(claim, {"a": a, "b": b, "seen": seen})

    assert of(1, 1).verdict == "holds"
    assert of(0, 0).verdict == "does not hold"
    part = of(1, 0)
    assert part.verdict == "holds in part"
    assert say.verdict_line(part) == "holds in part: “a”"
    assert of(1, 1, seen=0).verdict == "undecided"
    assert "the control “seen” was not seen" in say.verdict_line(of(1, 1, seen=0))
    assert of(float("nan"), 1).verdict == "holds in part"
    assert verdict_of(of(0, 1).findings) == "holds in part"


def test_what_was_not_run_says_so():
    found = judge([planted(Exact("a", low=1))], {})[1]
    assert (found.verdict, say.sentences(found)) == (
        "not run",
        ["Not run: there is no full run of it yet."],
    )


def test_an_activation_against_itself_is_not_better(tmp_path):
    """The planted null, through real training: swish with β = 1 under another name."""
    given = {"data": "digits", "seeds": 3, "epochs": 2, "rates": (1e-3,), "width": 16}
    step = study("null", "silu,swish", baseline="swish", **given)
    found = step.run(Context(tmp_path), **step.settings)
    claim = planted(points("gain", ["above"]), points("speed", ["above"]), data={})
    for scores in (accuracy, speed):
        null = scores(found, "silu", "swish")
        assert null.measured == null.reference
    null = accuracy(found, "silu", "swish")
    data = {"gain": [null.measured, null.reference, null.resolution]}
    data["speed"] = data["gain"]
    judged = verdict(claim, data)
    assert judged.verdict in ("undecided", "does not hold")
    assert {f.relation for f in judged.findings} <= {"level", "undecided"}
    assert found["constant"] == pytest.approx(0.1, abs=0.05)
    assert all(share >= 0 for share in found["activations"]["silu"]["blocked"])


def test_a_stopped_run_resumes(tmp_path):
    calls, folders = [], []

    def count(context, *, name):
        calls.append(name)
        context.folder.mkdir(parents=True, exist_ok=True)
        # What an interrupted step kept is there when it goes on, and at no other time.
        assert bool(list(context.folder.iterdir())) == (calls == ["first", "second", "second"])
        (context.folder / "kept").touch()
        folders.append(context.folder)
        if name == "second" and calls.count("second") == 1:
            raise KeyboardInterrupt
        return 2.0

    def steps():
        return [Step(name, count, {"name": name}) for name in ("first", "second")]

    claim = planted(
        Exact("a", low=1), steps=steps, measure=lambda found: {"a": min(found.values())}
    )
    given = {"out": tmp_path / "out", "work": tmp_path / "work"}
    with pytest.raises(KeyboardInterrupt):
        run_claim(claim, "full", **given)
    assert not (tmp_path / "out").exists()
    result = run_claim(claim, "full", **given)
    assert calls == ["first", "second", "second"]
    assert folders[1] == folders[2] != folders[0]
    assert result.steps == {"first": 2.0, "second": 2.0}
    assert not list((tmp_path / "work").iterdir())
    assert read_results([claim], tmp_path / "out")[1] == result
    # Other settings are another experiment.
    run_claim(dataclasses.replace(claim, settings={"quick": {}, "full": {}}), "quick", **given)
    assert calls[3:] == ["first", "second"]


def test_results_of_other_settings_or_damaged_ones_are_refused(tmp_path):
    claim = planted(Exact("a", low=1), data={"a": 2.0})
    run_claim(claim, "full", out=tmp_path, work=tmp_path)
    file = tmp_path / "01.json"
    kept = json.loads(file.read_text())
    assert kept["versions"]["nonlin"] == nonlin.__version__
    for change, message in (
        ({"settings": {"seeds": 3}}, "claim 1 is tested by other steps now"),
        ({"experiment": [["data", {"seeds": 3}]]}, "claim 1 is tested by other steps now"),
        ({"steps": {}}, "steps are missing"),
        ({"claim": 2}, "not a result of claim 1"),
    ):
        file.write_text(json.dumps({**kept, **change}))
        with pytest.raises(NonlinError, match=message):
            read_results([claim], tmp_path)
    file.write_text("{")
    with pytest.raises(NonlinError, match="cannot be read"):
        read_results([claim], tmp_path)
    refused = []
    assert read_results([claim], tmp_path, refused) == {}
    assert len(refused) == 1


def test_a_damaged_result_keeps_no_other_claim_from_running(tmp_path, capsys):
    (tmp_path / "18.json").write_text("{")
    words = ["claims", "run", "14", "--results", str(tmp_path), "--out", str(tmp_path), "--json"]
    assert cli.run(words) == 0
    shown = capsys.readouterr()
    assert "18.json: cannot be read" in shown.err
    assert json.loads(shown.out)[0]["verdict"] == "holds"
    assert cli.run(["claims", "page", "--results", str(tmp_path)]) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "25"], "unknown claim '25'; allowed: all, 1, 2"),
        (["run", "swish"], "unknown claim 'swish'"),
        (["run", "all", "3"], "run all: leave out the numbers"),
        (["run", "12", "--full"], "claim 12 trains on MNIST; name the folder of its files"),
        (["run", "12", "--full", "--data-dir", "/nowhere"], "no MNIST files there"),
        # Before the first claim is run.
        (["run", "all", "--full"], "claim 2 trains on MNIST"),
        (["run", "14", "--workers", "0"], "--workers 0; allowed: a whole number of 1 or more"),
        (["--results", "/nowhere"], "--results: no folder /nowhere"),
        (["page", "--results", "/nowhere"], "--results: no folder /nowhere"),
    ],
)
def test_errors_are_one_line(words, message, capsys):
    assert cli.run(["claims", *words]) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1


def test_a_quick_run_through_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["claims", "run", "14", "--quick"]) == 0
    shown = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "14. Swish with β = 0 is linear" in shown
    assert "Holds: every part is confirmed." in shown
    assert "A quick run: enough to see that it works, not to judge the claim" in shown
    kept = json.loads(Path("nonlin-results/claims/14.quick.json").read_text())
    assert kept["mode"] == "quick"
    # A quick run is no verdict.
    assert cli.run(["claims", "--results", "nonlin-results/claims", "--json"]) == 0
    assert {row["verdict"] for row in json.loads(capsys.readouterr().out)} == {"not run"}


def test_the_list_of_claims(capsys):
    assert cli.run(["claims"]) == 0
    shown = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "Two-class softmax is sigmoid" in shown
    assert cli.run(["claims", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["claim"] for row in told] == list(range(1, 25))
    by_number = {row["claim"]: row for row in told}
    assert by_number[20]["verdict"] == "holds"
    assert all(part["criterion"] for part in by_number[20]["parts"])


def _apart(text: str) -> tuple[list[str], list[float]]:
    """A text without its numbers, and these."""
    number = r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?"
    return re.split(number, text), [float(found) for found in re.findall(number, text)]


def test_pages_are_those_of_the_committed_data():
    results = read_results(CLAIMS)
    assert results
    made = pages(judge(CLAIMS, results), results)
    assert all(result.mode == "full" for result in results.values())
    for name, text in made.items():
        committed = (committed_folder() / name).read_text(encoding="utf-8")
        # The last digits of a mean are those of the processor's order of summing.
        words, numbers = _apart(committed)
        now, computed = _apart(text)
        assert now == words, name
        assert computed == pytest.approx(numbers, rel=1e-12, abs=1e-15), name
    kept = {path.name for path in committed_folder().iterdir() if path.suffix != ".json"}
    assert kept == {name for name in made if not name.endswith(".json")}


def test_committed_data_name_no_machine_and_no_path():
    for path in committed_folder().glob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"/(home|tmp|work|root|usr)/|hostname", text), path.name


def test_a_picture_draws_bands_gaps_and_hostile_names():
    series = Series("<b>$x$ & _", [1, 2, 4], [0.1, None, 0.3], [0.0, None, 0.2], [0.2, None, 0.4])
    drawn = svg([Panel("<i>$t$", "x", "y", [series], "x"), Panel("log", "x", "y", [series], "xy")])
    assert drawn == svg(
        [Panel("<i>$t$", "x", "y", [series], "x"), Panel("log", "x", "y", [series], "xy")]
    )
    assert "&lt;b&gt;$x$ &amp; _" in drawn
    assert "<b>" not in drawn


def test_every_erratum_has_a_test_and_every_test_a_line():
    named = set(re.findall(r"`(test_\w+)`", (DOCS / "errata.md").read_text(encoding="utf-8")))
    source = (Path(__file__).parent / "test_errata.py").read_text(encoding="utf-8")
    assert named == set(re.findall(r"^def (test_\w+)", source, flags=re.MULTILINE))


def test_numbers_of_claims_are_found():
    assert get_claim(12).number == get_claim("12").number == 12
