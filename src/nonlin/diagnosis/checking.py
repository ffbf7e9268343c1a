"""`nonlin.check`: judge a network on one batch, before it is trained."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from typing import Any

from nonlin.diagnosis.observation import Observer
from nonlin.diagnosis.result import Diagnosis
from nonlin.diagnosis.sampling import Schedule
from nonlin.diagnosis.statistics import Run
from nonlin.diagnosis.thresholds import Thresholds, read_thresholds
from nonlin.diagnosis.watching import diagnose
from nonlin.errors import NonlinError


def check(
    model: Any,
    batch: Any,
    loss: Callable[..., Any] | None = None,
    *,
    thresholds: Mapping[str, float] | Thresholds | None = None,
) -> Diagnosis:
    """Judge a network and one batch before training.

    A copy of the network runs forward and backward once; the network, its buffers and the random
    numbers stay as they were.

    Args:
        model: a ``torch.nn.Module``.
        batch: ``(inputs, targets)``, or the inputs alone. Inputs are a tensor, a tuple of
            tensors, or a dictionary of keyword arguments.
        loss: called with the output and the targets; by the targets' dtype where it is not
            given: cross entropy for integers, mean squared error for floating point.
        thresholds: limits of the rules that differ from the usual ones, by name.

    Returns:
        The findings.

    Raises:
        NonlinError: no module, or a batch that is not of that form.

    Example:
        >>> import nonlin, torch
        >>> model = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Linear(16, 3))
        >>> batch = torch.randn(64, 4), torch.randint(3, (64,))
        >>> [f.kind for f in nonlin.check(model, batch).findings]
        ['linear-network']
    """
    import torch

    if not isinstance(model, torch.nn.Module):
        raise NonlinError(f"check: got a {type(model).__name__}; allowed: a torch.nn.Module")
    inputs, targets = _parts(batch)
    limits = read_thresholds(thresholds)  # type: ignore[arg-type]
    try:
        probe = copy.deepcopy(model)
    except Exception as error:
        raise NonlinError(
            f"check: the {type(model).__name__} cannot be copied ({error}); give one that "
            "copy.deepcopy takes"
        ) from None
    probe.train()
    parameters = [p for p in probe.parameters() if p.requires_grad]
    run = Run()
    observer = Observer(run, Schedule(every=1), probe, pictures=True)
    # A rate of 0 leaves the weights alone and lets the step be seen.
    optimizer = torch.optim.SGD(parameters, lr=0.0) if parameters else None
    began = time.perf_counter()
    devices = sorted({p.device.index or 0 for p in parameters if p.is_cuda})
    with torch.random.fork_rng(devices=devices), torch.enable_grad():
        observer.start()
        try:
            output = probe(**inputs) if isinstance(inputs, dict) else probe(*inputs)
            value = _loss(output, targets, loss)
            if value.requires_grad:
                value.backward()
            if optimizer is not None:
                optimizer.step()
        finally:
            observer.stop()
    run.seconds = time.perf_counter() - began
    return diagnose(run, limits)


def _parts(batch: Any) -> tuple[Any, Any]:
    import torch

    targets = None
    inputs = batch
    if isinstance(batch, list | tuple) and len(batch) == 2:
        inputs, targets = batch
    elif isinstance(batch, list | tuple) and len(batch) == 1:
        inputs = batch[0]
    if isinstance(inputs, torch.Tensor):
        inputs = (inputs,)
    if isinstance(inputs, dict) or (isinstance(inputs, tuple) and inputs):
        return inputs, targets
    raise NonlinError(
        f"check: batch is a {type(batch).__name__}; allowed: (inputs, targets) or inputs, where "
        "inputs are a tensor, a tuple of tensors or a dictionary"
    )


def _loss(output: Any, targets: Any, loss: Callable[..., Any] | None) -> Any:
    import torch
    from torch.nn import functional

    if loss is not None:
        return loss(output, targets) if targets is not None else loss(output)
    if not isinstance(output, torch.Tensor):
        given = getattr(output, "loss", None)
        if given is not None:
            return given
        logits = getattr(output, "logits", None)
        if not isinstance(logits, torch.Tensor):
            raise NonlinError(
                f"check: the model returned a {type(output).__name__}; give loss=, a function of "
                "the output and the targets"
            )
        output = logits
    if targets is None:
        return output.float().square().mean()
    if targets.is_floating_point():
        if targets.shape != output.shape:
            targets = targets.reshape(output.shape)
        return functional.mse_loss(output, targets)
    return (
        functional.cross_entropy(output.flatten(0, -2), targets.flatten())
        if (output.ndim > 2 and output.shape[:-1] == targets.shape)
        else functional.cross_entropy(output, targets)
    )
