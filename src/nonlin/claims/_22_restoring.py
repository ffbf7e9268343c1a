"""Claim 22: do batch normalisation and Xavier initialisation restore the gradient?"""

from __future__ import annotations

from typing import Any

from nonlin.claims.claim import Claim, Exact, Panel, Sampled, Scores
from nonlin.claims.depth import course, first, stack

_NAMES = ("tanh", "sigmoid")
_LOST = "untreated {} (log₁₀)"
_REMEDIES = {
    "Xavier": {"init": "xavier"},
    "batch norm": {"init": "pytorch", "norm": "batch"},
    "both": {"init": "xavier", "norm": "batch"},
}


def steps(depth: int, width: int, networks: int) -> Any:
    given = {"depth": depth, "width": width, "networks": networks}
    found = []
    for name in _NAMES:
        found.append(stack(f"{name}, untreated", name, init="pytorch", **given))
        found += [stack(f"{name}, {k}", name, **v, **given) for k, v in _REMEDIES.items()]
    return found


def measure(data: Any) -> dict[str, float | Scores]:
    found: dict[str, float | Scores] = {}
    for name in _NAMES:
        found[_LOST.format(name)] = data[f"{name}, untreated"]["gradient"][0]
        for remedy in _REMEDIES:
            values = first(data[f"{name}, {remedy}"])
            found[f"{name} with {remedy}"] = Scores(values, [0.0] * len(values))
    return found


def picture(data: Any) -> list[Panel]:
    return [
        Panel(
            name,
            "layer",
            "log₁₀ gradient, last layer 0",
            [course(k, data[f"{name}, {k}"]) for k in ("untreated", *_REMEDIES)],
        )
        for name in _NAMES
    ]


CLAIM = Claim(
    number=22,
    statement="Batch normalisation and Xavier initialisation restore the gradient of a deep "
    "saturating network.",
    sources=("S3",),
    confirms="the gradient that 50 layers of tanh or sigmoid lose (a thousandfold and more, under "
    "PyTorch's default) comes within a factor of ten of that at the last layer.",
    refutes="a gradient that stays smaller, or becomes larger, by more than a factor of ten.",
    parts=tuple(
        part
        for name in _NAMES
        for part in (
            Exact(_LOST.format(name), high=-3.0, control=True),
            *(Sampled(f"{name} with {r}", ("level",), 1.0, unit=" decades") for r in _REMEDIES),
        )
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={
        "quick": {"depth": 50, "width": 64, "networks": 3},
        "full": {"depth": 50, "width": 256, "networks": 10},
    },
    notes="At initialisation. Lines are theory, bands the range of the networks that were drawn. "
    "Under batch norm the scale of the weights makes no difference, so that 'both' repeats it.",
)
