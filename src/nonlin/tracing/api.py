"""`trace`: one forward pass, written down."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from nonlin.errors import NonlinError
from nonlin.tracing.recorder import Recorder
from nonlin.tracing.steps import Trace
from nonlin.usercode import call


def trace(model: Any, *inputs: Any, **named: Any) -> Trace:
    """Run a model once and write down what ran.

    The model runs as it is, in training or evaluation, without gradients. Its buffers, such as
    the running statistics of batch normalisation, and PyTorch's random numbers are afterwards
    what they were.

    Args:
        model: any module.
        *inputs: what its ``forward`` takes.
        **named: its keyword arguments.

    Returns:
        The steps in order of execution.

    Raises:
        UserCodeError: the model raised.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 1))
        >>> [(step.kind, step.name) for step in trace(model, torch.randn(4, 2)).steps][1:]
        [('layer', '0'), ('norm', '1'), ('activation', '2'), ('layer', '3')]
    """
    if not isinstance(model, nn.Module):
        raise NonlinError(f"trace: got a {type(model).__name__}; allowed: a torch.nn.Module")
    recorder = Recorder(model, (*inputs, *named.values()))
    label = f"running {type(model).__name__} on the example"
    with unchanged(model), torch.no_grad(), recorder.hooked(model), recorder:
        call(label, lambda: model(*inputs, **named))
    return Trace(tuple(recorder.steps))


@contextlib.contextmanager
def unchanged(model: Any) -> Iterator[None]:
    """Afterwards, a model's buffers and PyTorch's random numbers are what they were.

    Args:
        model: a module that runs inside.
    """
    buffers = [
        (module, name, buffer, None if buffer is None else buffer.clone())
        for module in model.modules()
        for name, buffer in module._buffers.items()
    ]
    devices = {p.device for p in model.parameters() if p.device.type == "cuda"}
    with torch.random.fork_rng(devices=[d.index for d in devices]):
        try:
            yield
        finally:
            with torch.no_grad():
                for module, name, buffer, content in buffers:
                    module._buffers[name] = buffer
                    if buffer is not None:
                        buffer.copy_(content)
