"""What a loss function is given: ranges of targets, logarithms of probabilities, scores."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nonlin.diagnosis.provenance import Origin
from nonlin.diagnosis.statistics import LossCall, Run

# Losses that ask for a number near the target.
REGRESSION = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "difference")
# Losses that apply softmax or sigmoid themselves.
SCORES = (
    "cross_entropy",
    "binary_cross_entropy_with_logits",
    "soft_margin_loss",
    "multilabel_soft_margin_loss",
)


def note_loss(
    run: Run, step: int, name: str, tensors: list[Tensor], origin: Origin | None, result: Any
) -> None:
    """Keep what tells whether the loss fits the output.

    Args:
        run: where it is kept.
        step: the optimizer step.
        name: the loss function.
        tensors: its input, its target.
        origin: where the input comes from.
        result: the loss.
    """
    if len(tensors) < 2 or not tensors[0].requires_grad or not tensors[0].numel():
        return
    output, target = tensors[0].detach(), tensors[1].detach()
    site = origin.site if origin is not None and origin.exact else None
    key = (name, site.layer if site is not None else None)
    call = run.losses.get(key)
    if call is None:
        classes = output.shape[1] if output.ndim > 1 else output.shape[0]
        call = run.losses[key] = LossCall(name, site, classes)
        if target.is_floating_point() and name == "cross_entropy":
            call.classes = output.shape[1] if output.ndim > 1 else None
    nan = torch.full((), float("nan"))
    low = high = below = above = lse = smallest = largest = off_one = nan
    if name in REGRESSION and target.is_floating_point() and target.numel():
        low, high = target.amin(), target.amax()
        if site is not None:
            reach = site.record.facts.range
            # Not by a rounding error: by a thousandth of what the targets span.
            slack = 1e-3 * (high - low)
            below = (target < reach.low - slack).float().mean()
            above = (target > reach.high + slack).float().mean()
    elif name in SCORES:
        smallest, largest = output.amin(), output.amax()
        if output.ndim > 1:
            off_one = (output.float().sum(1) - 1).abs().amax()
    elif name == "nll_loss" and output.ndim > 1:
        lse = torch.logsumexp(output.float(), dim=1).abs().mean()
    elif name == "kl_div":
        high = output.amax()
    value = result.detach().float().mean() if isinstance(result, Tensor) else nan
    figures = (low, high, below, above, lse, smallest, largest, off_one, value)
    call.values.add(step, torch.stack([f.float().to(value.device) for f in figures]))
    if name != "difference" and isinstance(result, Tensor) and result.numel() == 1:
        run.loss.add(step, result.detach().reshape(1).float())
