"""Claim 20: is two-class softmax sigmoid?"""

from __future__ import annotations

from typing import Any

import numpy as np

from nonlin.claims.claim import Claim, Exact, Panel, Series, Step
from nonlin.functions import get

_VALUE, _SLOPE = "distance of softmax from sigmoid, in ULP", "distance of the derivatives"
_LOSS = "distance of the losses' gradients"


def distances(context: Any, *, per_unit: int) -> list[float]:
    """Largest distances over a grid of differences a − b, at several offsets."""
    import torch

    # Multiples of a power of two, so that adding an offset and taking it away is exact.
    z = np.arange(-700 * per_unit, 700 * per_unit + 1) / per_unit
    points = len(z)
    sigma = get("sigmoid")(z)
    slope = get("sigmoid").derivative(z)
    value, derivative = 0.0, 0.0
    for offset in (0.0, -3.0, 300.0):
        pair = np.stack([z + offset, np.full_like(z, offset)], axis=-1)
        softmax = get("softmax")(pair)[:, 0]
        value = max(value, float((np.abs(softmax - sigma) / np.spacing(sigma)).max()))
        # ∂s₀/∂x₀: the gradient pulled back from the first output.
        pulled = get("softmax").vjp(pair, np.array([1.0, 0.0]) + 0 * pair)[:, 0]
        derivative = max(derivative, float(np.abs(pulled - slope).max()))
    scores = torch.tensor(z, requires_grad=True)
    two = torch.stack([scores, torch.zeros_like(scores)], dim=-1)
    torch.nn.functional.cross_entropy(two, torch.zeros(points, dtype=torch.long)).backward()
    other = torch.tensor(z, requires_grad=True)
    target = torch.ones(points, dtype=torch.float64)
    torch.nn.functional.binary_cross_entropy_with_logits(other, target).backward()
    assert scores.grad is not None
    assert other.grad is not None
    return [value, derivative, points * float((scores.grad - other.grad).abs().max())]


def steps(per_unit: int) -> Any:
    return [Step("distances", distances, {"per_unit": per_unit})]


def measure(data: Any) -> dict[str, float]:
    return dict(zip((_VALUE, _SLOPE, _LOSS), data["distances"], strict=True))


def picture(data: Any) -> list[Panel]:
    z = np.linspace(-8, 8, 161)
    pair = np.stack([z, 0 * z], axis=-1)
    lines = [
        Series("sigmoid(a − b)", z.tolist(), get("sigmoid")(z).tolist()),
        Series("softmax([a, b])₁", z.tolist(), get("softmax")(pair)[:, 0].tolist()),
    ]
    return [Panel("Two classes", "a − b", "probability of the first", lines)]


CLAIM = Claim(
    number=20,
    statement="Two-class softmax is sigmoid.",
    sources=("S1",),
    confirms="softmax of [a, b] and sigmoid of a − b agree to rounding, with their derivatives and "
    "the gradients of their losses.",
    refutes="a difference beyond rounding.",
    parts=(Exact(_VALUE, high=16.0), Exact(_SLOPE, high=1e-15), Exact(_LOSS, high=1e-15)),
    steps=steps,
    measure=measure,
    picture=picture,
    settings={"quick": {"per_unit": 8}, "full": {"per_unit": 1024}},
    notes="In float64, for a − b from −700 to 700, at offsets of 0, −3 and 300.",
)
