"""AutoTrainer (Zhang et al., ICSE 2021), with the default limits of its published code.

Its other two problems, oscillating loss and slow convergence, judge accuracy by epoch, which no
case has, and no finding of ours corresponds to.
"""

from __future__ import annotations

import torch

from .recording import Look


def judge(looks: list[Look]) -> set[str]:
    """Kinds of findings, in our words."""
    found = set()
    for look in looks:
        gradients = list(look.gradients.values())
        if not gradients:
            continue
        if any(not torch.isfinite(g).all() for g in gradients):
            found |= {"exploding-gradient", "non-finite"}
            continue
        zeros = [float((g == 0).float().mean()) for g in gradients]
        if max(zeros) >= 0.7:
            found.add("dead-units")
        first, last = (float(g.abs().mean()) for g in (gradients[0], gradients[-1]))
        if last > 0 and first / last < 1e-3 and first < 1e-4:
            found.add("vanishing-gradient")
        if last > 0 and first / last > 70:
            found.add("exploding-gradient")
    return found
