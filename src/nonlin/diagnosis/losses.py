"""What a loss function is given: ranges of targets, logarithms of probabilities, scores."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nonlin.diagnosis.measuring import sample
from nonlin.diagnosis.provenance import Origin
from nonlin.diagnosis.series import LOSS_FIELDS
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

# Losses that ask for logarithms of probabilities, and the axis of the classes.
LOGARITHMS = {"nll_loss": 1, "ctc_loss": -1}
# Parts of losses that are written out, which apply softmax too.
PARTS = ("logsumexp", "log_softmax")


def note_scores(
    run: Run, step: int, name: str, scores: Tensor, dim: Any, origin: Origin | None
) -> None:
    """Keep what tells whether a part of a loss that is written out is given scores.

    Args:
        run: where it is kept.
        step: the optimizer step.
        name: the function, one of :data:`PARTS`.
        scores: its input.
        dim: the axis over which it sums.
        origin: where the input comes from.
    """
    dim = dim[0] if isinstance(dim, list | tuple) and len(dim) == 1 else dim
    if not isinstance(dim, int) or not scores.requires_grad:
        return
    if not -scores.ndim <= dim < scores.ndim or not scores.numel():
        return
    x = sample(scores.detach()).float()
    site = origin.site if origin is not None and origin.exact else None
    key = (name, site.layer if site is not None else None)
    call = run.losses.setdefault(key, LossCall(name, site, scores.shape[dim]))
    _add(call, step, smallest=x.amin(), largest=x.amax(), off_one=_off_one(x, dim))


def _add(call: LossCall, step: int, **figures: Tensor) -> None:
    """Keep figures by name; those that are not given are NaN."""
    known = next(iter(figures.values()))
    nan = torch.full((), float("nan"), device=known.device)
    values = [figures.get(name, nan).float().to(known.device) for name in LOSS_FIELDS]
    call.values.add(step, torch.stack(values))


def _off_one(x: Tensor, dim: int) -> Tensor:
    return (x.sum(dim) - 1).abs().amax()


def crossed(output: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether a column meets a row, so that each output is compared with each target."""
    (count, *_), (other, *_) = output or (1,), target or (1,)
    return count == other > 1 and {output, target} == {(count,), (count, 1)}


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
    if name in REGRESSION:
        call.shapes.add((tuple(output.shape), tuple(target.shape)))
    figures: dict[str, Tensor] = {}
    if isinstance(result, Tensor):
        figures["loss"] = result.detach().float().mean()
    if name in REGRESSION and target.is_floating_point() and target.numel():
        low, high = target.amin(), target.amax()
        figures |= {"low": low, "high": high}
        if site is not None:
            reach = site.record.facts.range
            # Not by a rounding error: by a thousandth of what the targets span.
            slack = 1e-3 * (high - low)
            figures["below"] = (target < reach.low - slack).float().mean()
            figures["above"] = (target > reach.high + slack).float().mean()
    elif name in SCORES:
        figures |= {"smallest": output.amin(), "largest": output.amax()}
        if output.ndim > 1:
            figures["off_one"] = _off_one(output.float(), 1)
    elif name in LOGARITHMS and output.ndim > 1:
        classes = torch.logsumexp(output.float(), dim=LOGARITHMS[name])
        figures["lse"] = classes.abs().mean()
    elif name == "kl_div":
        figures["largest"] = output.amax()
    if figures:
        _add(call, step, **figures)
    if name != "difference" and isinstance(result, Tensor) and result.numel() == 1:
        run.loss.add(step, result.detach().reshape(1).float())
