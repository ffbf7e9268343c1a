"""Each fault is found, with its cause; what only looks like one is not; repairs help."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import nonlin
from browser import launch, opened, wait_until
from nonlin.diagnosis import KINDS
from nonlin.diagnosis.finding import dumps
from nonlin.diagnosis.rules import judge
from nonlin.diagnosis.statistics import Run
from nonlin.diagnosis.thresholds import Thresholds
from trainings import INPUTS, data, dense, fit

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks" / "diagnose"))

import faulty  # noqa: E402
import healthy  # noqa: E402

# One fault of each kind, and of each way to find it; all of them are in the benchmark.
FAULTS = (
    "dead-negative-bias",
    "dead-adam-rate-1",
    "saturated-pixels",
    "saturated-functional-tanh",
    "vanishing-sigmoid-10",
    "exploding-depth-clipped",
    "exploding-targets",
    "non-finite-log",
    "non-finite-half",
    "linear-one-missing",
    "linear-slope-1",
    "blocked-sign",
    "blocked-data",
    "output-softmax-functional",
    "output-nll-softmax",
    "output-relu-negative",
    "init-constant",
    "init-tiny",
    "selu-dropout",
    "underflow-bfloat16-sgd",
    "underflow-half-gradient",
)
CONTROLS = (
    "healthy-sparse-living-relu",
    "healthy-converged-regression",
    "healthy-warm-up",
    "healthy-frozen-no-grad",
    "healthy-lstm-by-hand",
    "healthy-one-hot-attention",
    "healthy-residual-50",
    "healthy-selu-right",
    "healthy-matrix-factorisation",
    "healthy-lora",
    "healthy-gan",
    "healthy-straight-through",
    "healthy-amp-float16-scaled",
    "healthy-softmax-log-nll",
    "healthy-lbfgs",
    "healthy-checkpointed",
)
CASES = {case.name: case for case in (*faulty.cases(), *healthy.cases())}


def _watched(name: str, tmp_path: Path) -> nonlin.diagnosis.Diagnosis:  # type: ignore[name-defined]
    script = tmp_path / "train.py"
    script.write_text(CASES[name].text)
    with nonlin.watch(quiet=True) as watcher:
        runpy.run_path(str(script), run_name="__main__")
    diagnosis = watcher.diagnosis
    assert not [note for note in diagnosis.notes if "failed" in note], diagnosis.notes
    return diagnosis


@pytest.mark.parametrize("name", FAULTS)
def test_the_fault_is_found(name, tmp_path):
    case = CASES[name]
    diagnosis = _watched(name, tmp_path)
    mine = [f for f in diagnosis.findings if f.kind == case.kind]
    assert mine, diagnosis.kinds()
    assert {f.cause for f in mine} & set(case.causes), [f.cause for f in mine]
    assert set(diagnosis.kinds()) <= {case.kind, *case.also}
    for finding in diagnosis.findings:
        assert finding.repairs, finding.kind
        assert finding.since_step is not None
        assert finding.summary.endswith(".")
    # JSON holds no NaN, which the standard has no word for.
    json.loads(diagnosis.to_json(), parse_constant=lambda word: pytest.fail(word))


@pytest.mark.parametrize("name", CONTROLS)
def test_what_only_looks_like_a_fault_is_none(name, tmp_path):
    diagnosis = _watched(name, tmp_path)
    assert diagnosis.findings == (), str(diagnosis)
    assert diagnosis.steps > 0


def test_the_faults_are_of_every_kind():
    assert {CASES[name].kind for name in FAULTS} == set(KINDS)


def test_death_is_dated():
    torch.manual_seed(0)
    model = dense(nn.ReLU)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    batch = data()
    with nonlin.watch(model, every=1, quiet=True) as watcher:
        fit(model, optimizer, steps=20, batch=batch)
        with torch.no_grad():
            model[2].bias.fill_(-50.0)
        fit(model, optimizer, steps=20, batch=batch)
    (finding,) = watcher.diagnosis.findings
    assert (finding.kind, finding.layer, finding.since_step) == ("dead-units", "3", 20)
    assert finding.cause == "negative-bias"
    assert len(finding.units or ()) == 32


def test_a_gradient_that_vanished_before_units_saturated_is_found_beside_them():
    torch.manual_seed(0)
    model = dense(nn.Sigmoid, depth=8)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    batch = data()
    with nonlin.watch(model, every=1, quiet=True) as watcher:
        fit(model, optimizer, steps=20, batch=batch)
        with torch.no_grad():
            model[2].bias.fill_(12.0)
        fit(model, optimizer, steps=20, batch=batch)
    found = {f.kind: f for f in watcher.diagnosis.findings}
    assert {kind: f.since_step for kind, f in found.items()} == {
        "vanishing-gradient": 0,
        "saturated-units": 20,
    }

    # Where units were saturated from the start, they are why.
    torch.manual_seed(0)
    model = dense(nn.Sigmoid, depth=8)
    with torch.no_grad():
        model[2].bias.fill_(12.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with nonlin.watch(model, every=1, quiet=True) as watcher:
        fit(model, optimizer, steps=40, batch=batch)
    assert [f.kind for f in watcher.diagnosis.findings] == ["saturated-units"]


class Routed(nn.Module):
    """Five experts, of which a router chooses one."""

    def __init__(self, cut: bool) -> None:
        super().__init__()
        self.router = nn.Sequential(nn.Linear(INPUTS, 16), nn.Softplus(), nn.Linear(16, 5))
        self.experts = nn.ModuleList(nn.Linear(INPUTS, 3) for _ in range(5))
        self.cut = cut
        with torch.no_grad():
            # So that two are never chosen, the first among them.
            self.router[2].bias.copy_(torch.tensor([-9.0, 0.0, 0.0, 0.0, -9.0]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = self.router(x)
        shares = scores.softmax(-1)
        if self.cut:
            shares = F.one_hot(scores.argmax(-1), 5).to(x.dtype)
        return torch.einsum("nk,nkc->nc", shares, torch.stack([e(x) for e in self.experts], 1))


def test_a_router_cut_off_is_found_beside_experts_that_it_never_chooses():
    for cut in (True, False):
        torch.manual_seed(0)
        model = Routed(cut)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        with nonlin.watch(model, every=1, quiet=True) as watcher:
            fit(model, optimizer)
        found = [(f.kind, f.layer, f.evidence["operation"]) for f in watcher.diagnosis.findings]
        assert found == [("blocked-gradient", "router.2", "argmax")] * cut


def test_limits_can_be_set():
    torch.manual_seed(0)
    model = dense(nn.ReLU)
    with torch.no_grad():
        model[0].bias[:8] = -50.0

    def found(**thresholds: float) -> list[str]:
        return nonlin.check(model, data(), thresholds=thresholds).kinds()

    assert found() == []
    assert found(dead_share=0.05) == ["dead-units"]
    finding = nonlin.check(model, data(), thresholds={"dead_share": 0.05}).findings[0]
    assert finding.threshold is not None
    assert finding.threshold.source == "set by the caller"


def test_negative_units_of_smooth_functions_are_not_dead():
    for name in ("gelu", "silu", "leaky_relu", "mish", "elu"):
        torch.manual_seed(0)
        model = dense(lambda name=name: nonlin.nn.from_record(nonlin.get(name)))
        with torch.no_grad():
            model[0].bias.fill_(-1.5)
        assert nonlin.check(model, data()).findings == (), name


def test_a_failing_rule_is_a_note(monkeypatch):
    from nonlin.diagnosis import rules
    from nonlin.diagnosis.rules import output

    def fail(*args):
        raise ZeroDivisionError("broken on purpose")

    fail.__module__ = output.__name__
    monkeypatch.setattr(rules, "_BEFORE", (fail,))
    run = Run()
    assert judge(run, Thresholds()) == []
    assert run.notes == ["the rule 'output' failed (ZeroDivisionError: broken on purpose)"]


def test_numbers_that_json_cannot_hold_are_words():
    assert json.loads(dumps({"a": float("nan"), "b": (1, float("inf"))})) == {
        "a": "nan",
        "b": [1, "inf"],
    }


SCRIPT = """
import torch
from torch import nn
torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.randn(256, 8)
y = (x[:, 0] > 0).long()
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2), nn.Softmax(dim=1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(60):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


def test_a_repair_is_tried_and_helps(tmp_path, capsys, monkeypatch):
    from nonlin.cli import run

    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    script, out = tmp_path / "train.py", tmp_path / "out.json"
    script.write_text(SCRIPT)
    assert run(["repair", "--verify", "--seeds", "2", "--json", str(out), str(script)]) == 0
    (tried,) = json.loads(out.read_text())["verified"]
    assert tried["kind"] == "output-loss-mismatch"
    assert tried["change"] == {"remove": ["3"]}
    assert tried["loss_after"] < tried["loss_before"]
    assert "output-loss-mismatch in layer 3" in capsys.readouterr().out


def test_the_page_opens_offline_and_escapes_names(tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential()
    bad = "<img src=x onerror=alert(1)>"
    for number in range(8):
        model.add_module(f"fc{number}", nn.Linear(INPUTS, INPUTS))
        model.add_module(f"{bad}{number}", nn.Sigmoid())
    model.add_module("out", nn.Linear(INPUTS, 3))
    with nonlin.watch(model, quiet=True) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.1), steps=12)
    assert watcher.diagnosis.kinds() == ["vanishing-gradient"]
    page_file = tmp_path / "page.html"
    page_file.write_text(watcher.diagnosis.to_html(), "utf-8")
    with launch() as browser, opened(browser, page_file) as (page, complaints):
        wait_until(page, "document.querySelectorAll('.plotly .main-svg').length > 3")
        assert "vanishing-gradient" in page.inner_text("#findings")
        assert page.locator("#flow .heatmaplayer image").count() == 1
        assert page.locator("img").count() == 0
        complaints.assert_none()
    assert (
        "&lt;img" in watcher.diagnosis._repr_html_() or bad not in watcher.diagnosis._repr_html_()
    )


def test_the_summary_is_printed(capsys):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(INPUTS, 16), nn.Linear(16, 3))
    x, y = data()
    with nonlin.watch(model):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    told = capsys.readouterr()
    assert told.out == ""
    assert "linear-network" in told.err
    assert "cause    missing-activation" in told.err


def test_fail_on_raises_at_the_end():
    model = nn.Sequential(nn.Linear(INPUTS, 16), nn.Linear(16, 3))
    x, y = data()

    def train() -> None:
        with nonlin.watch(model, fail_on="warning", quiet=True):
            F.cross_entropy(model(x), y).backward()
            torch.optim.SGD(model.parameters(), lr=0.1).step()

    with pytest.raises(
        nonlin.NonlinError, match="fail_on='warning', found: linear-network in layer 0"
    ):
        train()


def test_a_repair_of_several_activations_can_be_copied():
    """What it says is Python: each activation by its name."""
    torch.manual_seed(0)
    layers = [
        part for i in range(9) for part in (nn.Linear(16, 16), nn.Tanh() if i % 5 else nn.Sigmoid())
    ]
    model = nn.Sequential(nn.Linear(INPUTS, 16), nn.Tanh(), *layers, nn.Linear(16, 3))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= 0.4
    with nonlin.watch(model, quiet=True) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.1), steps=12)
    (finding,) = [f for f in watcher.findings if f.kind == "vanishing-gradient"]
    said = next(r.text for r in finding.repairs if "nonlin.swap" in r.text)
    assert 'nonlin.swap(model, {"sigmoid": "relu", "tanh": "relu"})' in said
    swapped = nonlin.swap(model, json.loads(said[said.index("{") : said.index("}") + 1]))
    assert {type(m).__name__ for m in swapped.modules()}.isdisjoint({"Sigmoid", "Tanh"})


def test_a_gradient_of_0_has_no_logarithm_and_a_colour_of_its_own():
    from nonlin.report.diagnosis_figures import gradient_flow

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(INPUTS, 16), nn.ReLU(), nn.Linear(16, 3))
    with torch.no_grad():
        model[0].bias.fill_(-100.0)
    with nonlin.watch(model, quiet=True, every=1) as watcher:
        fit(model, torch.optim.SGD(model.parameters(), lr=0.1), steps=5)
    figure = gradient_flow(watcher.run)
    assert figure is not None
    scale, zeros = figure.data
    assert [list(row) for row in zeros.z] == [[0] * 5] * 2
    assert {value for row in scale.z for value in row} == {None}
    assert not scale.showscale
