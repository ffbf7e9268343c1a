"""Claim 21: does width buy accuracy for any activation but a polynomial one?"""

from __future__ import annotations

from typing import Any

import numpy as np

from nonlin.claims.claim import Claim, Panel, Sampled, Scores, Series, Step
from nonlin.claims.training import banded
from nonlin.facts import Facts
from nonlin.functions import get, list_activations

# The parsed ones are polynomials of degree 2 and 3; the catalogue's own say so themselves.
_POLYNOMIALS = ("x*x", "x*x*x - x", "swish(beta=0.0)")
_SHOWN = ("relu", "tanh", "sigmoid", "gelu", "identity", "x*x", "x*x*x - x")
_TARGETS = {
    "sin 3πx": (1, lambda x: np.sin(3 * np.pi * x[:, 0])),
    "|x − 0.3|": (1, lambda x: np.abs(x[:, 0] - 0.3)),
    "sin πx · cos πy": (2, lambda x: np.sin(np.pi * x[:, 0]) * np.cos(np.pi * x[:, 1])),
    "exp(−4(x² + y²))": (2, lambda x: np.exp(-4 * (x**2).sum(axis=1))),
}
# Points on each side of the grid, by the number of variables: more points than units.
_SIDE = {1: 401, 2: 31}
_NON, _POLY = "error of the worst non-polynomial one", "error of the best polynomial one"
_PLACES = ("one variable", "two variables")


def errors(
    context: Any, *, target: str, widths: list[int], seeds: int, first_seed: int
) -> dict[str, Any]:
    """Root mean square error over the target's deviation, by activation, seed and width.

    One hidden layer on a grid; inner weights are drawn, outer ones are the least-squares
    solution, which is the global optimum for them: no rate and no number of steps is in it.
    """
    variables, function = _TARGETS[target]
    axes = [np.linspace(-1, 1, _SIDE[variables])] * variables
    x = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, variables)
    y = function(x)
    found: dict[str, Any] = {}
    for name, record in _records().items():
        found[name] = []
        for seed in range(first_seed, first_seed + seeds):
            generator = np.random.default_rng(seed)
            direction = generator.normal(0, 4, (variables, max(widths)))
            # The middle of each unit lies inside the square.
            centre = generator.uniform(-1, 1, (variables, max(widths)))
            z = x @ direction - (direction * centre).sum(axis=0)
            units = np.column_stack([np.ones(len(x)), record(z)])
            # Units of one size: else the largest exponentials hide the others.
            units = units / np.maximum(np.linalg.norm(units, axis=0), 1e-300)
            found[name].append([_misfit(units[:, : width + 1], y) for width in widths])
    return found


def _misfit(design: np.ndarray, y: np.ndarray) -> float:
    weights = np.linalg.lstsq(design, y, rcond=1e-12)[0]
    # No error of float64 is told from one that is smaller still.
    return max(float(np.sqrt(np.mean((design @ weights - y) ** 2)) / y.std()), 1e-9)


def _records() -> dict[str, Any]:
    """Every elementwise function of the catalogue, and polynomials."""
    from nonlin.naming import parse_activation

    named = [get(name) for name in list_activations()]
    found = {r.name: r for r in named if isinstance(r.facts_of(**r.bound), Facts)}
    return found | {text: parse_activation(text) for text in _POLYNOMIALS}


def is_polynomial(name: str) -> bool:
    """Whether it is one, by its record or by its text."""
    return name in _POLYNOMIALS or get(name).facts.polynomial


def steps(widths: list[int], seeds: int, first_seed: int) -> Any:
    given = {"widths": widths, "seeds": seeds, "first_seed": first_seed}
    return [Step(name, errors, {"target": name, **given}) for name in _TARGETS]


def _gains(data: Any, variables: int, polynomial: bool) -> list[float]:
    """log₁₀ of the error at the largest width over that at the smallest, by seed.

    Of the activation and target that speak most against the claim.
    """
    found = []
    for target, (count, _) in _TARGETS.items():
        for name, rows in data[target].items():
            if count == variables and is_polynomial(name) == polynomial:
                found.append([float(np.log10(row[-1] / row[0])) for row in rows])
    return list(np.min(found, axis=0) if polynomial else np.max(found, axis=0))


def measure(data: Any) -> dict[str, Scores]:
    found = {}
    for variables, place in enumerate(_PLACES, 1):
        gains = _gains(data, variables, polynomial=False)
        found[f"{_NON}, {place}"] = Scores(gains, [0.0] * len(gains))
        gains = _gains(data, variables, polynomial=True)
        found[f"{_POLY}, {place}"] = Scores(gains, [0.0] * len(gains))
    return found


def _slowest(by_name: Any) -> str:
    """The non-polynomial activation whose error falls least, over all seeds."""
    falls = {
        name: float(np.mean([np.log10(row[-1] / row[0]) for row in rows]))
        for name, rows in by_name.items()
        if not is_polynomial(name)
    }
    return max(falls, key=lambda name: falls[name])


def picture(data: Any) -> list[Panel]:
    widths = CLAIM.settings["full"]["widths"]
    panels = []
    for target, by_name in data.items():
        lines: list[Series] = []
        for name in dict.fromkeys((*_SHOWN, _slowest(by_name))):
            columns = list(zip(*by_name[name], strict=True))
            logs = banded(name, widths, [np.log10(column).tolist() for column in columns])
            rows = (logs.y, logs.low, logs.high)
            powers = [[10**v for v in row if v is not None] for row in rows]
            lines.append(Series(name, widths[: len(columns)], *powers))
        panels.append(Panel(target, "units", "error over deviation", lines, "xy"))
    return panels


CLAIM = Claim(
    number=21,
    statement="Width buys accuracy for any non-polynomial activation, and not for a polynomial "
    "one.",
    sources=("S3",),
    confirms="from the smallest width to the largest, sixteen times as many units, the error of "
    "every non-polynomial activation falls by more than a tenth of a decade, and that of every "
    "polynomial one by less, on every target.",
    refutes="a non-polynomial activation whose error stays, or a polynomial one whose error falls.",
    parts=tuple(
        part
        for place in _PLACES
        for part in (
            Sampled(f"{_NON}, {place}", ("below",), 0.1, unit=" decades"),
            Sampled(f"{_POLY}, {place}", ("level",), 0.1, unit=" decades"),
        )
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={
        "quick": {"widths": [16, 64, 256], "seeds": 2, "first_seed": 0},
        "full": {"widths": [16, 32, 64, 128, 256], "seeds": 10, "first_seed": 1000},
    },
    notes="Every elementwise function of the catalogue and three polynomials beside; a run is a "
    "seed of the inner weights (others than those the experiment was set up with), and each part "
    "takes the activation and target that speak most against the claim; the pictures show it "
    "beside others. Outer weights are the least-squares optimum: this is about what a network can "
    "represent, not about what training finds. The criterion was rewritten after a first quick "
    "run, before the full one.",
)
