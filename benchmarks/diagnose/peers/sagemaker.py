"""SageMaker Debugger's built-in rules, with the limits of its documentation.

DeadRelu, VanishingGradient, ExplodingTensor, TanhSaturation, SigmoidSaturation (its rule is
SaturatedActivation), WeightUpdateRatio and PoorWeightInitialization.
"""

from __future__ import annotations

from itertools import pairwise

import torch

from .recording import Look


def judge(looks: list[Look]) -> set[str]:
    """Kinds of findings, in our words."""
    found = set()
    active: dict[str, list[torch.Tensor]] = {}
    for look in looks:
        for name, (kind, given, output) in look.outputs.items():
            if not torch.isfinite(output).all():
                found |= {"exploding-gradient", "non-finite"}
                continue
            if "relu" in kind and kind not in ("prelu",):
                rows = output.movedim(1, -1).reshape(-1, output.shape[1])
                active.setdefault(name, []).append((rows > 0).float().mean(0))
            if kind == "tanh" and _share(given.abs() > 9.4999) > 0.5:
                found.add("saturated-units")
            if kind == "sigmoid" and _share((given < -23) | (given > 16.99999)) > 0.5:
                found.add("saturated-units")
        for gradient in look.gradients.values():
            if not torch.isfinite(gradient).all():
                found |= {"exploding-gradient", "non-finite"}
            elif float(gradient.abs().mean()) < 1e-7:
                found.add("vanishing-gradient")
    for shares in active.values():
        if _share(torch.stack(shares).mean(0) < 0.01) > 0.5:
            found.add("dead-units")
    for a, b in pairwise(looks):
        for name, weight in a.weights.items():
            after = b.weights.get(name)
            if after is None or after.shape != weight.shape:
                continue
            ratio = float((after - weight).abs().mean() / weight.abs().mean().clamp_min(1e-30))
            if ratio > 10:
                found.add("exploding-gradient")
            elif ratio < 1e-8:
                found.add("vanishing-gradient")
    if looks:
        variances = [
            float(
                w.reshape(len(w), -1).var(1).max()
                / w.reshape(len(w), -1).var(1).min().clamp_min(1e-30)
            )
            for w in looks[0].weights.values()
            if w.numel() > len(w) and len(w) > 1
        ]
        if variances and max(variances) > 10:
            found.add("init-mismatch")
    return found


def _share(mask: torch.Tensor) -> float:
    return float(mask.float().mean())
