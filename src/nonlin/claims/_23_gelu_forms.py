"""Claim 23: do GELU's tanh and sigmoid forms approximate it closely enough?"""

from __future__ import annotations

from typing import Any

import numpy as np

from nonlin.claims.claim import Claim, Exact, Panel, Scores, Series, Step
from nonlin.claims.training import QUICK, RATES, accuracy, points, study
from nonlin.functions import get

_FORMS = {"tanh form": "gelu_tanh", "sigmoid form": "quick_gelu"}
_X = np.linspace(-12, 12, 240_001)


def distances(context: Any) -> dict[str, list[float]]:
    """Largest distance of value and derivative from the exact form."""
    exact = get("gelu")
    return {
        form: [
            float(np.abs(get(name)(_X) - exact(_X)).max()),
            float(np.abs(get(name).derivative(_X) - exact.derivative(_X)).max()),
        ]
        for form, name in _FORMS.items()
    }


def steps(**given: Any) -> Any:
    names = ",".join(("gelu", *_FORMS.values()))
    settings = {"depth": 4, "width": 64, "baseline": "gelu"}
    return [Step("distances", distances), study("training", names, **given, **settings)]


def measure(data: Any) -> dict[str, float | Scores]:
    found: dict[str, float | Scores] = {}
    for form, name in _FORMS.items():
        found[f"value, {form}"], found[f"derivative, {form}"] = data["distances"][form]
        found[f"accuracy, {form}"] = accuracy(data["training"], name, "gelu")
    return found


def picture(data: Any) -> list[Panel]:
    x = np.linspace(-6, 6, 241)
    lines = [
        Series(form, x.tolist(), (get(name)(x) - get("gelu")(x)).tolist())
        for form, name in _FORMS.items()
    ]
    reached = [
        Series(name, range(len(found["accuracy"])), [100 * v for v in found["accuracy"]])
        for name, found in data["training"]["activations"].items()
    ]
    return [
        Panel("Distance from GELU", "x", "f(x) − gelu(x)", lines),
        Panel("Networks", "seed", "test accuracy, %", reached),
    ]


CLAIM = Claim(
    number=23,
    statement="GELU's tanh and sigmoid forms approximate it closely enough.",
    sources=("S1",),
    confirms="values within 0.001, derivatives within 0.01, and networks whose accuracy is level "
    "(within half a point) with those of the exact form.",
    refutes="a larger distance, or another accuracy.",
    parts=tuple(
        part
        for form in _FORMS
        for part in (
            Exact(f"value, {form}", high=1e-3),
            Exact(f"derivative, {form}", high=1e-2),
            points(f"accuracy, {form}", ["level"]),
        )
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={
        "quick": {**QUICK, "epochs": 2},
        "full": {"data": "mnist", "seeds": 6, "epochs": 1, "rates": RATES},
    },
    notes="Distances are absolute. In the left tail, below −5, the tanh form's relative error "
    "grows without bound: `nonlin certify` counts it.",
)
