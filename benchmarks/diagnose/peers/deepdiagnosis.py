"""DeepDiagnosis (Wardat et al., ICSE 2022), with the limits of its published code."""

from __future__ import annotations

import torch

from .recording import Look

_SQUASHING = ("tanh", "sigmoid", "softsign", "hardtanh")


def judge(looks: list[Look]) -> set[str]:
    """Kinds of findings, in our words."""
    found = set()
    for look in looks:
        for kind, given, output in look.outputs.values():
            if not torch.isfinite(output).all():
                found |= {"exploding-gradient", "non-finite"}
                continue
            if "relu" in kind and float((output <= 0).float().mean()) >= 0.7:
                found.add("dead-units")
            if kind in _SQUASHING and float((given.abs() >= 5).float().mean()) > 0.5:
                found.add("saturated-units")
        for gradient in look.gradients.values():
            if not torch.isfinite(gradient).all():
                found |= {"exploding-gradient", "non-finite"}
            elif float(gradient.abs().mean()) < 1e-7:
                found.add("vanishing-gradient")
    for look in looks[:1]:
        for weight in look.weights.values():
            if weight.numel() > 1 and not 1e-5 <= float(weight.var()) <= 10:
                found.add("init-mismatch")
        if not 1e-5 <= look.rate <= 0.1:
            found.add("learning-rate")
    return found
