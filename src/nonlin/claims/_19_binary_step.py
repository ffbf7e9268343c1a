"""Claim 19: does a network of binary steps not learn by gradient descent?"""

from __future__ import annotations

from typing import Any

from nonlin.claims.claim import Claim, Exact, Panel, Scores, Step
from nonlin.claims.training import QUICK, RATES, curves, points, study

_HIDDEN = "gradient of the hidden layers' weights"
_CONSTANT = "accuracy against the commonest class"


def hidden_gradient(context: Any) -> float:
    """Largest gradient of a weight before a step; the output layer's are left out."""
    import torch

    from nonlin.comparison.models.mlp import mlp
    from nonlin.functions import get
    from nonlin.nn import from_record

    torch.manual_seed(0)
    size = {"depth": 2, "width": 64, "norm": "none", "residual": False}
    model = mlp((20,), 10, lambda: from_record(get("binary_step")), **size)
    target = torch.randint(10, (256,))
    torch.nn.functional.cross_entropy(model(torch.randn(256, 20)), target).backward()
    weights = list(model.parameters())[:-2]
    return max(0.0 if w.grad is None else float(w.grad.abs().max()) for w in weights)


def steps(**given: Any) -> Any:
    settings = {"depth": 2, "width": 64, "init": "default", "baseline": "relu"}
    return [
        Step("gradient", hidden_gradient),
        study("training", "binary_step,relu", **given, **settings),
    ]


def measure(data: Any) -> dict[str, float | Scores]:
    reached = data["training"]["activations"]["binary_step"]["accuracy"]
    return {
        _HIDDEN: data["gradient"],
        _CONSTANT: Scores(
            reached, [data["training"]["constant"]] * len(reached), 1 / data["training"]["rows"]
        ),
    }


def picture(data: Any) -> list[Panel]:
    return [curves("Two hidden layers, Adam", data["training"])]


CLAIM = Claim(
    number=19,
    statement="A binary step network does not learn by gradient descent.",
    sources=("S4",),
    confirms="no gradient reaches the hidden weights, and after training the network is no better "
    "(within half a point) than naming the commonest class.",
    refutes="a gradient that is not 0, or an accuracy above that.",
    parts=(Exact(_HIDDEN, 0.0, 0.0), points(_CONSTANT, ["level"])),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={
        "quick": {**QUICK, "epochs": 2},
        "full": {"data": "mnist", "seeds": 5, "epochs": 2, "rates": RATES},
    },
    notes="The output layer stands behind no step: it learns from the random features that the "
    "hidden layers are.",
)
