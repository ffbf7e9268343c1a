"""Claim 11: does PReLU learn larger slopes in early layers than in deep ones?"""

from __future__ import annotations

import shutil
import statistics
from typing import Any

from nonlin.claims.claim import Claim, Context, Panel, Sampled, Scores, Step
from nonlin.claims.training import FULL, QUICK, banded, study

_DEPTHS = {"6 layers": 6, "12 layers": 12}


def learned(context: Context, **settings: Any) -> list[list[float]]:
    """The slope of every layer after training, by seed."""
    from nonlin.claims.networks import Kept, slopes
    from nonlin.comparison import compare

    kept = Kept()
    # Networks are in this process alone: a run that was stopped begins again.
    shutil.rmtree(context.folder, ignore_errors=True)
    data_dir = context.data_dir if settings["data"] == "mnist" else None
    given = {"model": kept, "workers": 1, "quiet": context.quiet, "data_dir": data_dir}
    result = compare(out=context.folder, **given, **settings)
    seeds = result.settings["seeds"]
    return [slopes(kept.networks["prelu", seed]) for seed in range(seeds)]


def steps(**given: Any) -> Any:
    found = []
    for place, depth in _DEPTHS.items():
        step = study(place, "prelu,relu", depth=depth, init="default", **given)
        found.append(Step(place, learned, step.settings, step.needs))
    return found


def measure(data: Any) -> dict[str, Scores]:
    found = {}
    for place, rows in data.items():
        half = len(rows[0]) // 2
        early = [statistics.fmean(row[:half]) for row in rows]
        found[place] = Scores(early, [statistics.fmean(row[-half:]) for row in rows])
    return found


def picture(data: Any) -> list[Panel]:
    return [
        Panel(
            place,
            "layer",
            "learned slope",
            [banded("prelu", range(1, len(rows[0]) + 1), list(zip(*rows, strict=True)))],
        )
        for place, rows in data.items()
    ]


CLAIM = Claim(
    number=11,
    statement="PReLU learns larger slopes in early layers than in deep ones.",
    sources=("S1",),
    confirms="the mean slope of the first half of the layers is larger than that of the second by "
    "more than 0.02.",
    refutes="the two are level within 0.02, or the second is larger.",
    parts=tuple(Sampled(place, ("above",), 0.02) for place in _DEPTHS),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={"quick": {**QUICK, "epochs": 5}, "full": FULL},
    notes="One slope for each layer, 0.25 at the start; fully connected networks under PyTorch's "
    "initialisation, while the work that the claim goes back to trained convolutional ones.",
)
