"""Claim 17: does mish smooth the landscape?"""

from __future__ import annotations

from typing import Any

import numpy as np

from nonlin.claims.claim import Claim, Exact, Panel, Sampled, Scores, Series, Step
from nonlin.functions import get

_CURVED = "largest |f″| of mish over that of swish"
_SWISH, _RELU = "change of the gradient along it, against swish", "the same against relu"
_NAMES = ("mish", "swish", "relu")
_STEPS = (0.003, 0.01, 0.03, 0.1)


def curvature(context: Any) -> dict[str, float]:
    """sup |f″|, by central differences of the exact derivative."""
    x, step = np.linspace(-8, 8, 160_001), 1e-4
    found = {}
    for name in ("mish", "swish"):
        slope = get(name).derivative
        found[name] = float(np.abs(slope(x + step) - slope(x - step)).max() / (2 * step))
    return found


def smoothness(context: Any, *, seeds: int, depth: int, width: int) -> dict[str, list[float]]:
    """log₁₀ of max over η of ‖∇L(w − η∇L) − ∇L(w)‖ / (η‖∇L‖), at matched initialisation."""
    import torch

    from nonlin.comparison.data import load
    from nonlin.comparison.metrics import loss_of
    from nonlin.comparison.models import build_model
    from nonlin.comparison.settings import Settings

    torch.set_num_threads(1)
    records = tuple(get(name) for name in _NAMES)
    given = {"model": "mlp", "init": "matched", "depth": depth, "width": width}
    settings = Settings(data="digits", activations=records, **given)
    dataset = load("digits")
    loss = loss_of(dataset)
    found: dict[str, list[float]] = {name: [] for name in _NAMES}
    for seed in range(seeds):
        for name, record in zip(_NAMES, records, strict=True):
            model = build_model(settings, dataset, record, seed).double()
            weights = list(model.parameters())

            def gradient(model: Any = model, weights: Any = weights) -> Any:
                value = loss(model(dataset.x.double()), dataset.y)
                return [g.detach() for g in torch.autograd.grad(value, weights)]

            here = gradient()
            length = sum(float(g.square().sum()) for g in here) ** 0.5
            changes = []
            for rate in _STEPS:
                with torch.no_grad():
                    for weight, g in zip(weights, here, strict=True):
                        weight -= rate * g
                pairs = zip(gradient(), here, strict=True)
                moved = sum(float((a - b).square().sum()) for a, b in pairs) ** 0.5
                changes.append(moved / (rate * length))
                with torch.no_grad():
                    for weight, g in zip(weights, here, strict=True):
                        weight += rate * g
            found[name].append(float(np.log10(max(changes))))
    return found


def steps(seeds: int, depth: int, width: int) -> Any:
    given = {"seeds": seeds, "depth": depth, "width": width}
    return [Step("curvature", curvature), Step("smoothness", smoothness, given)]


def measure(data: Any) -> dict[str, float | Scores]:
    found = data["smoothness"]
    return {
        _CURVED: data["curvature"]["mish"] / data["curvature"]["swish"],
        _SWISH: Scores(found["mish"], found["swish"]),
        _RELU: Scores(found["mish"], found["relu"]),
    }


def picture(data: Any) -> list[Panel]:
    lines = [
        Series(name, range(len(values)), values) for name, values in data["smoothness"].items()
    ]
    return [Panel("Digits, MLP, matched initialisation", "seed", "log₁₀ change of gradient", lines)]


CLAIM = Claim(
    number=17,
    statement="The derivative of mish acts as a preconditioner, smoothing the landscape.",
    sources=("S3",),
    confirms="mish bends less than swish (|f″|), and moving along the gradient changes it less in "
    "networks of mish than in the same of swish and of ReLU, by more than a tenth.",
    refutes="mish bends more, or its gradient changes as much (within a tenth) or more.",
    parts=(
        Exact(_CURVED, high=1.0),
        Sampled(_SWISH, ("below",), 0.04, unit=" decades"),
        Sampled(_RELU, ("below",), 0.04, unit=" decades"),
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={
        "quick": {"seeds": 3, "depth": 4, "width": 64},
        "full": {"seeds": 20, "depth": 4, "width": 64},
    },
    notes="Measured at initialisation, on one data set, as the change of the gradient over a step "
    "along it. 'Acts as a preconditioner' says nothing more that could be measured: no matrix is "
    "named that it would stand for.",
)
