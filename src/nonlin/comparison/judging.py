"""From kept runs to the leaderboard: scores, statistics, layer figures, explanations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nonlin.comparison.intervals import mean_interval
from nonlin.comparison.metrics import Scoring
from nonlin.comparison.results import Row
from nonlin.comparison.settings import Settings
from nonlin.comparison.statistics import PairedDifference, compare_to_baseline

Scores = dict[str, dict[int, float]]


def judge(
    runs: Any, layers: Any, settings: Settings, scoring: Scoring, rates: Mapping[str, float]
) -> list[Row]:
    """Judge every activation against the baseline.

    Args:
        runs: DataFrame of the runs of this comparison.
        layers: DataFrame of the layers' measurements.
        settings: names the activations, the baseline and the learning rates on offer.
        scoring: metric and margin.
        rates: chosen learning rate of each activation.

    Returns:
        One row per activation, best first; those without a finished run last.
    """
    finished = runs[(runs["phase"] == "final") & (runs["status"] != "failed")]
    scores = {name: _scores(finished[finished["activation"] == name]) for name in settings.names}
    differences = _differences(scores, settings, scoring)
    rows = []
    for name in settings.names:
        own, rate = finished[finished["activation"] == name], rates.get(name)
        mean, interval = mean_interval([*scores[name].values()]) if scores[name] else (None, None)
        tried = runs[runs["activation"] == name]
        offered = settings.learning_rates
        rows.append(
            Row(
                name=name,
                mean=mean,
                interval=interval,
                **_difference_figures(differences.get(name), name == settings.baseline),
                verdict=_verdict(differences.get(name), scores[name]),
                seeds=len(own),
                diverged=int((own["status"] == "diverged").sum()),
                failed=int((tried["status"] == "failed").sum()),
                learning_rate=rate,
                learning_rate_at_edge=len(offered) > 1 and rate in (offered[0], offered[-1]),
                milliseconds_per_step=_existing(1000 * own["seconds_per_step"].median()),
                **layer_figures(layers[layers["run_id"].isin(own["run_id"])]),
            )
        )
    direction = -1 if scoring.metric.higher_is_better else 1
    return sorted(rows, key=lambda r: math.inf if r.mean is None else direction * r.mean)


def _scores(finished: Any) -> dict[int, float]:
    return dict(zip(finished["seed"], finished["test_metric"], strict=True))


def _differences(
    scores: Scores, settings: Settings, scoring: Scoring
) -> dict[str, PairedDifference]:
    """The statistics of every activation that shares a seed with the baseline."""
    baseline = settings.baseline or ""
    paired = {name: own for name, own in scores.items() if own.keys() & scores[baseline].keys()}
    if not paired:
        return {}
    return compare_to_baseline(
        paired,
        baseline,
        margin=scoring.margin,
        higher_is_better=scoring.metric.higher_is_better,
        resolution=scoring.resolution,
    )


def _difference_figures(difference: PairedDifference | None, is_baseline: bool) -> dict[str, Any]:
    names = ("difference", "difference_interval", "p_difference", "p_equivalence")
    if difference is None or is_baseline:
        return dict.fromkeys(names)
    figures = (
        difference.mean,
        difference.interval,
        difference.p_difference_holm,
        difference.p_equivalence_holm,
    )
    return dict(zip(names, figures, strict=True))


def _verdict(difference: PairedDifference | None, scores: Mapping[int, float]) -> str:
    if difference is not None:
        return str(difference.verdict)
    return "undecided: the baseline has no finished run" if scores else "failed"


def _existing(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def layer_figures(layers: Any) -> dict[str, Any]:
    """Blocked share and gradient ratios of one activation, over its seeds.

    Args:
        layers: DataFrame of one activation's measurements.

    Returns:
        ``blocked_share``, the mean over layers and seeds after training; and
        ``gradient_ratio_start`` and ``gradient_ratio_end``, the RMS gradient at the first
        layer over that at the last, as a geometric mean over seeds. None where not measured.
    """
    if layers.empty:
        return dict.fromkeys(("blocked_share", "gradient_ratio_start", "gradient_ratio_end"))
    last = layers[layers["epoch"] == layers.groupby("run_id")["epoch"].transform("max")]
    return {
        "blocked_share": _existing(last["blocked"].mean()),
        "gradient_ratio_start": _gradient_ratio(layers[layers["epoch"] == 0]),
        "gradient_ratio_end": _gradient_ratio(last[last["epoch"] > 0]),
    }


def _gradient_ratio(layers: Any) -> float | None:
    ratios = []
    for _, run in layers.sort_values("layer").groupby("run_id"):
        first, last = run["gradient_rms"].iloc[0], run["gradient_rms"].iloc[-1]
        if len(run) < 2 or not (math.isfinite(first) and math.isfinite(last) and last > 0):
            return None
        ratios.append(first / last)
    if not ratios:
        return None
    return math.exp(math.fsum(map(math.log, ratios)) / len(ratios)) if min(ratios) > 0 else 0.0
