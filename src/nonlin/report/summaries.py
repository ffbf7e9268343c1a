"""The tables of a comparison, arranged as the figures draw them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

if TYPE_CHECKING:
    from nonlin.comparison.results import Comparison


def activation_names(comparison: Comparison) -> list[str]:
    """Every activation's name, in the order in which the user gave them."""
    ranked = [row.name for row in comparison.leaderboard]
    given = comparison.settings.get("activations") or ()
    asked = [name for name in given if name in ranked] if isinstance(given, (list, tuple)) else []
    return list(dict.fromkeys([*asked, *ranked]))


def baseline_name(comparison: Comparison) -> str | None:
    """The activation that the others are compared with."""
    for row in comparison.leaderboard:
        if str(row.verdict) == "baseline":
            return row.name
    named = comparison.settings.get("baseline")
    return str(named) if named is not None else None


def final_runs(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the networks that were scored on the test set."""
    return frame.loc[frame["phase"] == "final"]


def band(epochs: pd.DataFrame, column: str, confidence: float, log: bool = False) -> pd.DataFrame:
    """Mean over seeds at each epoch, with its t interval.

    Args:
        epochs: the epochs of one activation, one row per seed and epoch.
        column: what to average.
        confidence: the interval's coverage, such as 0.95.
        log: average logarithms, which gives the geometric mean.

    Returns:
        Columns ``mean``, ``low``, ``high``, ``count``, indexed by epoch; ``low`` and ``high``
        are NaN where fewer than two seeds are left.
    """
    values = epochs[column].astype(float)
    if log:
        values = pd.Series(np.log(values.where(values > 0)), index=values.index)
    kept = values.replace([np.inf, -np.inf], np.nan).dropna()
    seeds = kept.groupby(epochs.loc[kept.index, "epoch"])
    table = pd.DataFrame({"mean": seeds.mean(), "error": seeds.sem(), "count": seeds.count()})
    # The standard error of a single seed is NaN, and so is its band.
    half = table["error"] * stats.t.ppf((1 + confidence) / 2, table["count"].clip(lower=2) - 1)
    table["low"], table["high"] = table["mean"] - half, table["mean"] + half
    if log:
        for end in ("mean", "low", "high"):
            table[end] = np.exp(table[end])
    return table


def paired_differences(runs: pd.DataFrame, name: str, baseline: str) -> pd.DataFrame:
    """Test metric of an activation less the baseline's, seed by seed.

    Returns:
        Column ``difference``, indexed by seed; without seeds that either lacks a score for.
    """
    final = final_runs(runs).set_index("seed")
    ours, theirs = (final[final["activation"] == which] for which in (name, baseline))
    difference = ours["test_metric"].astype(float) - theirs["test_metric"].astype(float)
    return pd.DataFrame({"difference": difference}).dropna()


def median_layers(layers: pd.DataFrame, column: str) -> Any:
    """Median over seeds of a layer's measurement: a Series by activation, epoch and layer.

    The median stays right when one seed's gradient vanishes or explodes by many decades.
    """
    keys = [layers[key] for key in ("activation", "epoch", "layer")]
    return layers[column].astype(float).groupby(keys).median()
