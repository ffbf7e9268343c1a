"""A made-up comparison with the shape of a real one, for tests of the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from nonlin.curves import Curve

FUNCTIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "gelu": lambda x: x * stats.norm.cdf(x),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}
_GAIN = {"relu": 0.0, "gelu": 0.52, "mish": 0.31, "silu": 0.06, "tanh": -0.9, "sigmoid": -24.0}
_RATES = [0.001, 0.003, 0.01, 0.03, 0.1]


@dataclass(frozen=True)
class Accuracy:
    """The metric that the sample is scored with."""

    name: str = "accuracy"
    unit: str = "%"
    higher_is_better: bool = True
    scale: float = 100.0

    def format(self, value: float) -> str:
        return f"{value * self.scale:.2f} %"

    def format_difference(self, value: float) -> str:
        return f"{value * self.scale:+.2f} points"


def sample(
    names: Sequence[str] = ("relu", "gelu", "mish", "silu", "tanh", "sigmoid"),
    seeds: int = 8,
    depth: int = 6,
    diverged: Sequence[str] = ("sigmoid",),
    failed: Sequence[str] = (),
    epochs: int = 20,
) -> Any:
    """A comparison of made-up networks.

    Args:
        names: activations; the first is the baseline.
        seeds: networks per activation.
        depth: activation layers in each network.
        diverged: activations whose last seed diverges.
        failed: activations of which no network runs.
        epochs: epochs after the untrained state.
    """
    random = np.random.default_rng(7)
    split = random.normal(0, 0.5, seeds)
    runs, history, layers = [], [], []
    for place, name in enumerate(names):
        gain = _GAIN.get(name, 0.1 * place)
        for rate in _RATES:
            score = 95 + gain / 3 - 2.5 * (math.log10(rate) + 2 - 0.1 * place) ** 2
            status = "failed" if name in failed else "diverged" if rate == 0.1 else "done"
            runs.append(_run(name, "tune", 1000, rate, status, score, place))
        for seed in range(seeds):
            status = "done"
            if name in diverged and seed == seeds - 1:
                status = "diverged"
            if name in failed:
                status = "failed"
            score = 96.4 + gain + split[seed] + random.normal(0, 0.12)
            if status == "diverged":
                score = 10.1
            run = _run(name, "final", seed, 0.01, status, score, place)
            runs.append(run)
            if status == "failed":
                continue
            stop = 4 if status == "diverged" else epochs
            history += _history(run, score, stop, epochs, random)
            layers += _layers(run, gain, depth, stop, random)
    table = pd.DataFrame(runs)
    keys = ["run_id", "activation", "phase", "seed", "lr", "epoch"]
    measured = ["train_loss", "validation_loss", "validation_metric"]
    inner = ["layer", "name", "gradient_rms", "activation_mean", "activation_std", "blocked"]
    return SimpleNamespace(
        settings={
            "data": "digits",
            "model": "mlp",
            "activations": list(names),
            "baseline": names[0],
            "seeds": seeds,
            "epochs": epochs,
            "batch_size": 64,
            "depth": depth,
            "width": 128,
            "optimizer": "adamw",
            "learning_rates": _RATES,
            "init": "matched to the activation",
            "margin": 0.0025,
        },
        versions={"nonlin": "0.1.0", "python": "3.11.2", "torch": "2.13.0", "numpy": "2.3.0"},
        notes=["The target column has 10 classes, so the metric is accuracy."],
        command="nonlin compare --data digits --activations " + ",".join(names),
        python=f"import nonlin as nl\n\nnl.compare('digits', activations={list(names)!r})",
        data_summary="1,797 images of 8 × 8 pixels in 10 classes; 1,149 to train on, 288 to "
        "validate, 360 to test.",
        metric=Accuracy(),
        leaderboard=_leaderboard(table, names, seeds, depth),
        margin=0.0025,
        confidence=0.95,
        runs=table,
        epochs=pd.DataFrame(history, columns=[*keys, *measured]),
        layers=pd.DataFrame(layers, columns=[k for k in keys if k not in ("phase", "lr")] + inner),
        curves=[_curve(name) for name in names],
    )


def _run(
    name: str, phase: str, seed: int, rate: float, status: str, score: float, place: int
) -> dict[str, Any]:
    done, final = status == "done", phase == "final"
    missing = math.nan
    scored = status != "failed"
    return {
        "run_id": f"{name}-{phase}-{seed}-{rate:g}",
        "activation": name,
        "phase": phase,
        "seed": seed,
        "lr": rate,
        "status": status,
        "test_metric": score / 100 if final and done else missing,
        "test_loss": 0.13 if final and done else missing,
        "validation_metric": score / 100 - 0.004 if scored else missing,
        "validation_loss": 0.15 if done else missing,
        "seconds": 3.1 + place if scored else missing,
        "seconds_per_step": 0.0011 + 0.0002 * place if scored else missing,
        "error": {"failed": "ValueError: it broke", "diverged": "loss was NaN at step 310"}.get(
            status
        ),
    }


def _history(
    run: dict[str, Any], score: float, stop: int, epochs: int, random: np.random.Generator
) -> list[dict[str, Any]]:
    rows = []
    for epoch in range(stop + 1):
        progress = 1 - math.exp(-5 * epoch / epochs)
        rows.append(
            run
            | {
                "epoch": epoch,
                "train_loss": 2.3 * (1 - progress) + 0.02 + abs(random.normal(0, 0.006)),
                "validation_loss": 2.3 * (1 - progress) + 0.1,
                "validation_metric": (10 + (score - 10) * progress + random.normal(0, 0.4)) / 100,
            }
        )
    if stop < epochs:
        rows[-1] |= {"train_loss": math.inf, "validation_metric": math.nan}
    return rows


def _layers(
    run: dict[str, Any], gain: float, depth: int, stop: int, random: np.random.Generator
) -> list[dict[str, Any]]:
    slope = max(0.02, 0.9 + gain / 4)
    return [
        run
        | {
            "epoch": epoch,
            "layer": layer,
            "name": f"body.{layer}.activation",
            "gradient_rms": 0.01
            * slope ** (depth - 1 - layer)
            * math.exp(-0.05 * epoch + random.normal(0, 0.05)),
            "activation_mean": 0.3 + 0.05 * layer + 0.1 * gain / 24,
            "activation_std": 0.6 + 0.02 * epoch + 0.03 * layer,
            "blocked": 0.02 * layer if run["activation"] == "relu" else 0.0,
        }
        for epoch in range(stop + 1)
        for layer in range(depth)
    ]


def _leaderboard(
    runs: pd.DataFrame, names: Sequence[str], seeds: int, depth: int
) -> list[SimpleNamespace]:
    final = runs[runs["phase"] == "final"]
    # Diverged networks have no score of their own and count as a constant prediction.
    constant = final["test_metric"].mask(final["status"] == "diverged", 0.101)
    scores = final.assign(test_metric=constant).pivot(
        index="seed", columns="activation", values="test_metric"
    )
    rows = []
    for place, name in enumerate(names):
        mine = final[final["activation"] == name]
        scored = mine[mine["status"] != "failed"]
        difference = (scores[name] - scores[names[0]]).dropna()
        first = place == 0
        mean = float(scores[name].mean())
        rows.append(
            SimpleNamespace(
                name=name,
                mean=mean,
                interval=_interval(scores[name].dropna()),
                difference=None if first else float(difference.mean()),
                difference_interval=None if first else _interval(difference),
                p_difference=None if first or not len(scored) else 0.0004 + 0.013 * place,
                p_equivalence=None if first or not len(scored) else 0.9 - 0.2 * place,
                verdict=_verdict(name, first, len(difference)),
                seeds=len(scored),
                diverged=int((mine["status"] == "diverged").sum()),
                failed=int((mine["status"] == "failed").sum()),
                learning_rate=0.01,
                learning_rate_at_edge=name == "tanh",
                milliseconds_per_step=1.1 + 0.2 * place if len(scored) else None,
                blocked_share=None if not len(scored) else 0.061 if first else 0.0,
                gradient_ratio_start=0.62 / (place + 1) if depth > 1 and len(scored) else None,
                gradient_ratio_end=0.41 / (place + 1) if depth > 1 and len(scored) else None,
                explanation=f"{name} kept the gradient at the first layer at "
                f"{0.41 / (place + 1):.2f} of that at the last; no unit was blocked."
                if len(scored)
                else "",
            )
        )
    return sorted(rows, key=lambda row: -math.inf if math.isnan(row.mean) else row.mean)[::-1]


def _interval(values: pd.Series) -> SimpleNamespace | None:
    if len(values) < 2:
        return None
    half = stats.t.ppf(0.975, len(values) - 1) * values.std() / math.sqrt(len(values))
    return SimpleNamespace(low=float(values.mean() - half), high=float(values.mean() + half))


def _verdict(name: str, first: bool, pairs: int) -> str:
    if pairs == 0:
        return "failed"
    if first:
        return "baseline"
    if pairs == 1:
        return "undecided: 5 more seeds would tell"
    known = {"gelu": "better", "silu": "equivalent", "tanh": "worse"}
    return known.get(name, "undecided: 7 more seeds would tell")


def _curve(name: str) -> Curve:
    x = np.linspace(-4, 4, 161)
    function = FUNCTIONS.get(name, np.arctan)
    value = function(x)
    return Curve(name=name, x=x, value=value, derivative=np.gradient(value, x))
