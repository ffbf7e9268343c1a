"""Claim 18: is a network of linear activations a linear model whatever its depth?"""

from __future__ import annotations

from typing import Any

import numpy as np

from nonlin.claims.claim import Claim, Exact, Panel, Series, Step

_LINEAR = "distance of identity networks from a linear model"
_SCALED = "the same of swish with β = 0, which is z/2"
_CONTROL = "distance of relu networks from a linear model"
_NAMES = {_LINEAR: "identity", _SCALED: "swish(beta=0.0)", _CONTROL: "relu"}


def distance(context: Any, *, activation: str, depths: list[int], seeds: int) -> list[float]:
    """Largest relative residual of a least-squares line through a network's outputs, by depth."""
    import torch

    from nonlin.comparison.models.mlp import mlp
    from nonlin.naming import parse_activation
    from nonlin.nn import from_record

    record, found = parse_activation(activation), []
    for depth in depths:
        worst = []
        for seed in range(seeds):
            torch.manual_seed(seed)
            size = {"depth": depth, "width": 32, "norm": "none", "residual": False}
            model = mlp((6,), 3, lambda: from_record(record), **size).double()
            x = torch.randn(500, 6, dtype=torch.float64)
            with torch.no_grad():
                y = model(x).numpy()
            design = np.column_stack([x.numpy(), np.ones(len(x))])
            fitted = design @ np.linalg.lstsq(design, y, rcond=None)[0]
            worst.append(float(np.abs(fitted - y).max() / (np.abs(y - y.mean(0)).max() + 1e-300)))
        found.append(max(worst) if activation != "relu" else min(worst))
    return found


def steps(depths: list[int], seeds: int) -> Any:
    given = {"depths": depths, "seeds": seeds}
    return [Step(part, distance, {"activation": name, **given}) for part, name in _NAMES.items()]


def measure(data: Any) -> dict[str, float]:
    return {part: min(data[part]) if part == _CONTROL else max(data[part]) for part in _NAMES}


def picture(data: Any) -> list[Panel]:
    depths = CLAIM.settings["full"]["depths"]
    lines = [Series(name, depths, [max(v, 1e-18) for v in data[p]]) for p, name in _NAMES.items()]
    return [Panel("Distance from a line", "hidden layers", "relative residual", lines, "xy")]


CLAIM = Claim(
    number=18,
    statement="A network with a linear activation is a linear model whatever its depth.",
    sources=("S1", "S3", "S4"),
    confirms="a linear model reproduces such networks to rounding at every depth, while it misses "
    "those of ReLU.",
    refutes="a residual beyond rounding, or none for ReLU either, which would show that the "
    "measurement sees nothing.",
    parts=(
        Exact(_LINEAR, high=1e-9),
        Exact(_SCALED, high=1e-9),
        Exact(_CONTROL, low=0.01, control=True),
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={
        "quick": {"depths": [1, 2, 4], "seeds": 2},
        "full": {"depths": [1, 2, 4, 8], "seeds": 10},
    },
    notes="In float64, PyTorch's default initialisation with biases. Depth still changes how such "
    "a model trains, which the claim does not speak of.",
)
