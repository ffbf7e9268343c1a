"""Studies that train networks: all through `compare`, on which they add nothing."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from nonlin.claims.claim import Context, Panel, Sampled, Scores, Series, Step
from nonlin.comparison.intervals import mean_interval

# A difference in accuracy that does not matter: half a point, as in `nonlin compare`.
MARGIN = 0.005
RATES = (3e-4, 1e-3, 3e-3)
# One unit of a network of four layers of 64, by which a share of units moves.
ONE_UNIT = 1 / 256
QUICK: Mapping[str, Any] = {"data": "digits", "seeds": 2, "epochs": 3, "rates": (1e-3,)}
FULL: Mapping[str, Any] = {
    "data": "mnist",
    "seeds": 10,
    "epochs": 3,
    "batch_size": 256,
    "rates": RATES,
}
# Convolutions over MNIST take ten times as long as dense layers; those over the digits that
# scikit-learn holds are as many and small.
CNN: Mapping[str, Any] = {
    "model": "cnn",
    "depth": 2,
    "width": 16,
    "data": "digits",
    "epochs": 20,
    "batch_size": 64,
}


def points(name: str, confirms: Sequence[Any], margin: float = MARGIN) -> Sampled:
    """A part about a paired difference in accuracy, shown in points."""
    return Sampled(name, tuple(confirms), margin, unit=" points", scale=100)


def study(
    name: str,
    activations: str,
    *,
    data: str,
    seeds: int,
    epochs: int,
    rates: Sequence[float],
    **settings: Any,
) -> Step:
    """A comparison as a step of a claim.

    Args:
        name: of the step.
        activations: separated by commas.
        data: ``mnist`` (all 60,000 images) or ``digits``.
        seeds: networks of each activation, paired by seed.
        epochs: passes over the training rows.
        rates: each activation takes the best of them on validation rows.
        **settings: others of `compare`.
    """
    given = {"data": data, "activations": activations, "seeds": seeds, "epochs": epochs}
    given |= {"learning_rates": tuple(rates), **settings}
    return Step(name, trained, given, needs=(data,) if data == "mnist" else ())


def trained(context: Context, *, data: str, **settings: Any) -> dict[str, Any]:
    """Compare, and keep what claims are judged by; resumes in the context's folder.

    Returns:
        By activation: ``accuracy`` and ``curve`` (epoch and validation accuracy), and
        ``blocked`` (share of units that pass no gradient at the end) by seed, and ``rate``;
        ``constant`` is the accuracy of the commonest class, ``rows`` those that were tested.
    """
    from nonlin.comparison import compare
    from nonlin.comparison.data import load
    from nonlin.comparison.metrics import constant_score

    data_dir = context.data_dir if data == "mnist" else None
    result = compare(
        data,
        out=context.folder,
        data_dir=data_dir,
        workers=context.workers,
        quiet=context.quiet,
        **settings,
    )
    runs = result.runs[(result.runs["phase"] == "final") & (result.runs["status"] != "failed")]
    found: dict[str, Any] = {}
    for row in result.leaderboard:
        own = runs[runs["activation"] == row.name].sort_values("seed")
        found[row.name] = {
            "accuracy": own["test_metric"].tolist(),
            "curve": [_curve(result.epochs, run) for run in own["run_id"]],
            "blocked": [_blocked(result.layers, run) for run in own["run_id"]],
            "rate": row.learning_rate,
            "diverged": row.diverged,
            "failed": row.failed,
        }
    dataset = load(data, data_dir=data_dir)
    rows, constant = len(dataset.x_test), constant_score(dataset)
    return {"constant": constant, "rows": rows, "activations": found}


def _curve(epochs: Any, run: int) -> list[tuple[int, float | None]]:
    own = epochs[epochs["run_id"] == run].sort_values("epoch")
    return [
        (int(epoch), float(value) if math.isfinite(value) else None)
        for epoch, value in zip(own["epoch"], own["validation_metric"], strict=True)
    ]


def _blocked(layers: Any, run: int) -> float:
    """Share over all layers at the last look; a network of NaN passes no gradient at all."""
    own = layers[layers["run_id"] == run]
    last = own[own["epoch"] == own["epoch"].max()]["blocked"]
    return float(last.fillna(1.0).mean()) if len(last) else 1.0


def accuracy(step: Mapping[str, Any], measured: str, reference: str) -> Scores:
    """Test accuracies of two activations, seed by seed."""
    by_name = step["activations"]
    return Scores(by_name[measured]["accuracy"], by_name[reference]["accuracy"], 1 / step["rows"])


def speed(step: Mapping[str, Any], measured: str, reference: str) -> Scores:
    """How fast two activations learn: mean validation accuracy over the epochs, by seed."""
    own, other = (step["activations"][name]["curve"] for name in (measured, reference))
    # Validation rows are about as many as test rows, and one of them moves one look of several.
    step_size = 1 / step["rows"]
    return Scores([_mean_height(c) for c in own], [_mean_height(c) for c in other], step_size)


def _mean_height(curve: Sequence[tuple[int, float | None]]) -> float:
    """Of the looks after training began; one that is not finite counts as nothing learned."""
    return statistics.fmean(value or 0.0 for epoch, value in curve if epoch > 0)


def curves(title: str, step: Mapping[str, Any]) -> Panel:
    """Validation accuracy against epochs, mean over seeds with the band of its interval."""
    series = []
    for name, found in step["activations"].items():
        lines = [[value or 0.0 for _, value in curve] for curve in found["curve"]]
        length = min(map(len, lines))
        x = [epoch for epoch, _ in found["curve"][0]][:length]
        columns = list(zip(*(line[:length] for line in lines), strict=True))
        series.append(banded(name, x, [[100 * value for value in column] for column in columns]))
    return Panel(title, "epoch", "validation accuracy, %", series)


def sweep(
    title: str,
    x: str,
    places: Sequence[float],
    steps: Sequence[Mapping[str, Any]],
    log: str = "",
) -> Panel:
    """Test accuracy against what is swept, a line per activation with its band."""
    names = steps[0]["activations"]
    series = [
        banded(name, places, [[100 * v for v in s["activations"][name]["accuracy"]] for s in steps])
        for name in names
    ]
    return Panel(title, x, "test accuracy, %", series, log)


def banded(name: str, x: Sequence[float], samples: Sequence[Sequence[float]]) -> Series:
    """The means of samples, with the band of their 95 % intervals."""
    means = [mean_interval(sample) for sample in samples]
    return Series(
        name,
        list(x),
        [mean for mean, _ in means],
        [interval.low if interval else mean for mean, interval in means],
        [interval.high if interval else mean for mean, interval in means],
    )
