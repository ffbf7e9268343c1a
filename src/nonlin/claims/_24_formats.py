"""Claim 24: do gradients leave floating point when depth multiplies them?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nonlin.claims.claim import Claim, Exact, Panel, Sampled, Scores, Series, Step
from nonlin.claims.depth import course, stack
from nonlin.functions import get

_FORMATS = ("float16", "bfloat16", "float32")
_UNDER, _OVER = "layers until sigmoid underflows {}", "layers until ReLU overflows {}"
_REAL = "drawn networks of sigmoid in {}, against theory"
_OWN = "share of zero gradients of tanh, float32, that are PyTorch's own rounding"


def drawn(context: Any, *, format: str, depth: int, width: int, networks: int) -> list[int]:
    """Layers before the end at which every gradient is 0, in networks of that format."""
    import torch

    torch.set_num_threads(1)
    dtype, found = getattr(torch, format), []
    for seed in range(networks):
        generator = torch.Generator().manual_seed(seed)
        z = torch.randn(8, width, generator=generator).to(dtype).requires_grad_()
        layers = [z]
        for _ in range(depth):
            weight = torch.randn(width, width, generator=generator) / math.sqrt(width)
            z = torch.sigmoid(z) @ weight.to(dtype).T
            z.retain_grad()
            layers.append(z)
        z.backward(torch.randn(8, width, generator=generator).to(dtype))
        zero = [i for i, z in enumerate(layers) if z.grad is None or not z.grad.any()]
        found.append(depth - max(zero) if zero else depth + 1)
    return found


def rounding(context: Any, *, deviations: list[float], points: int) -> dict[str, Any]:
    """Shares of zero gradients at normal inputs: PyTorch's, and those that are truly too small.

    The inputs are the quantiles of N(0, s²), so that nothing is drawn.
    """
    import torch
    from scipy.special import ndtri

    from nonlin.signal.precision import FORMATS

    quantiles = ndtri((np.arange(points) + 0.5) / points)
    found: dict[str, Any] = {}
    for name in ("sigmoid", "tanh"):
        for form in FORMATS:
            rows = []
            for deviation in deviations:
                x = torch.tensor(deviation * quantiles).to(getattr(torch, form.name))
                x.requires_grad_()
                getattr(torch, name)(x).sum().backward()
                assert x.grad is not None
                true = get(name).derivative(x.detach().double().numpy())
                # Below half the smallest number the format itself rounds to 0.
                rows.append([float((x.grad == 0).double().mean())])
                rows[-1].append(float((true <= form.smallest / 2).mean()))
            found[f"{name}, {form.name}"] = rows
    return found


def steps(depth: int, width: int, networks: int, deviations: list[float], points: int) -> Any:
    theory = {"depth": depth, "networks": 0}
    given = {"depth": depth, "width": width, "networks": networks}
    return [
        stack("sigmoid", "sigmoid", init="xavier", **theory),
        # Weights of N(0, 1), not divided by fan_in, in layers of 100.
        stack("relu", "relu", init=[10.0, 0.0], **theory),
        *(Step(f"drawn, {name}", drawn, {"format": name, **given}) for name in _FORMATS),
        Step("rounding", rounding, {"deviations": deviations, "points": points}),
    ]


def measure(data: Any) -> dict[str, float | Scores]:
    found: dict[str, float | Scores] = {}
    for name in _FORMATS:
        falls = data["sigmoid"]["lost"][name]["falls"]
        found[_UNDER.format(name)] = math.inf if falls is None else falls
        rises = data["relu"]["lost"][name]["rises"]
        found[_OVER.format(name)] = math.inf if rises is None else rises
        layers = data[f"drawn, {name}"]
        found[_REAL.format(name)] = Scores(layers, [falls or 0] * len(layers))
    zero, true = _at_ten(data["rounding"]["tanh, float32"])
    found[_OWN] = (zero - true) / zero
    return found


def _at_ten(rows: list[list[float]]) -> list[float]:
    return rows[CLAIM.settings["full"]["deviations"].index(10.0)]


def picture(data: Any) -> list[Panel]:
    from nonlin.signal.precision import FORMATS

    depth = len(data["sigmoid"]["gradient"])
    limits = [
        Series(f"smallest {form.name}", [0, depth - 1], [math.log10(form.smallest)] * 2)
        for form in FORMATS
    ]
    deviations = CLAIM.settings["full"]["deviations"]
    shares = []
    for name in ("sigmoid, float32", "tanh, float32"):
        rows = data["rounding"][name]
        for index, word in enumerate(("PyTorch", "true")):
            shares.append(Series(f"{name}: {word}", deviations, [100 * row[index] for row in rows]))
    courses = [course("sigmoid, Xavier", data["sigmoid"])]
    return [
        Panel("Gradient, by depth", "layer", "log₁₀ gradient, last layer 0", [*courses, *limits]),
        Panel("Gradients of exactly 0", "deviation of z", "share, %", shares, "x"),
    ]


CLAIM = Claim(
    number=24,
    statement="Gradients underflow or overflow in floating point when depth multiplies them.",
    sources=("S3",),
    confirms="within 100 layers the gradient of sigmoid (Xavier) falls below the smallest number "
    "of every format, that of ReLU with weights of deviation 1 rises above the largest, networks "
    "run in the format lose it where theory says (within 4 layers), and zeros are the work of "
    "depth, not of the framework.",
    refutes="a format that holds the gradient, networks that lose it elsewhere, or zeros of which "
    "more than 1 % are the framework's own.",
    parts=(
        *(Exact(_UNDER.format(name), high=100.0) for name in _FORMATS),
        *(Exact(_OVER.format(name), high=100.0) for name in _FORMATS),
        *(Sampled(_REAL.format(n), ("level",), 4.0, 1.0, unit=" layers") for n in _FORMATS),
        Exact(_OWN, high=0.01),
    ),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={
        "quick": {
            "depth": 100,
            "width": 64,
            "networks": 3,
            "deviations": [1.0, 3.0, 10.0, 30.0],
            "points": 10_001,
        },
        "full": {
            "depth": 100,
            "width": 100,
            "networks": 20,
            "deviations": [1.0, 3.0, 10.0, 30.0],
            "points": 1_000_001,
        },
    },
    notes="The gradient is 1 at the last layer. PyTorch takes the derivatives of sigmoid and tanh "
    "from the rounded output, σ(1 − σ) and 1 − tanh², which are exactly 0 from x ≈ 17 and |x| ≈ 9 "
    "on, where the true ones are normal numbers: in a saturated network zeros come from there "
    "long before depth underflows anything. At Xavier's scale z is small and none do.",
)
