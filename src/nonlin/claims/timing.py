"""Steps that measure time: contestants take turns, so that what else runs hits all alike."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nonlin.claims.claim import Context, Panel, Relation, Sampled, Scores, Series, Step
from nonlin.functions import get

_WARM_UP = 3


def cheaper(name: str, confirms: tuple[Relation, ...], margin: float) -> Sampled:
    """A part about a ratio of times, shown as a difference in per cent."""
    return Sampled(name, confirms, margin, unit=" %", scale=100)


def functions(name: str, activations: Sequence[str], *, size: int, **rounds: int) -> Step:
    """PyTorch's own functions, forwards and backwards, on `size` float32 numbers."""
    given = {"activations": list(activations), "size": size, **rounds}
    return Step(name, time_functions, given)


def networks(name: str, activations: Sequence[str], **settings: int) -> Step:
    """An MLP of PyTorch's own modules, forwards and backwards, on one batch."""
    return Step(name, time_networks, {"activations": list(activations), **settings})


def time_functions(
    context: Context, *, activations: Sequence[str], size: int, blocks: int, rounds: int
) -> dict[str, list[float]]:
    """Seconds of a forward and backward pass; the fastest of each block of rounds."""
    import torch

    x = (2 * torch.randn(size, generator=torch.Generator().manual_seed(0))).requires_grad_()
    gradient = torch.ones(size)

    def call(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Callable[[], None]:
        def run() -> None:
            x.grad = None
            function(x, **arguments).backward(gradient)

        return run

    calls = {}
    for name in activations:
        convention = get(name).conventions["torch"]
        module, _, attribute = convention.call.rpartition(".")
        function = getattr(importlib.import_module(module), attribute)
        calls[name] = call(function, convention.arguments)
    return _interleaved(calls, blocks, rounds)


def time_networks(
    context: Context,
    *,
    activations: Sequence[str],
    depth: int,
    width: int,
    batch: int,
    blocks: int,
    rounds: int,
) -> dict[str, list[float]]:
    """Seconds of a forward and backward pass of a network, likewise."""
    import torch
    from torch import nn

    from nonlin.comparison.models.mlp import mlp

    x = torch.randn(batch, 784, generator=torch.Generator().manual_seed(0))

    def call(model: nn.Module) -> Callable[[], None]:
        def run() -> None:
            model.zero_grad()
            model(x).square().mean().backward()

        return run

    calls = {}
    for name in activations:
        make = getattr(nn, get(name).torch or "")
        size = {"depth": depth, "width": width}
        calls[name] = call(mlp((784,), 10, make, norm="none", residual=False, **size))
    return _interleaved(calls, blocks, rounds)


def _interleaved(
    calls: Mapping[str, Callable[[], None]], blocks: int, rounds: int
) -> dict[str, list[float]]:
    """On one thread, so that figures do not depend on the number of cores."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    fastest: dict[str, list[float]] = {name: [] for name in calls}
    try:
        for block in range(blocks):
            taken: dict[str, list[float]] = {name: [] for name in calls}
            for turn in range(rounds + (_WARM_UP if block == 0 else 0)):
                for name, call in calls.items():
                    began = time.perf_counter()
                    call()
                    if block or turn >= _WARM_UP:
                        taken[name].append(time.perf_counter() - began)
            for name, seconds in taken.items():
                # Whatever else runs only adds: the fastest is what the call itself takes.
                fastest[name].append(min(seconds))
    finally:
        torch.set_num_threads(threads)
    return fastest


def ratio(step: Mapping[str, Sequence[float]], over: str, under: str) -> Scores:
    """Times of one over those of another, block by block, beside 1."""
    ratios = [a / b for a, b in zip(step[over], step[under], strict=True)]
    return Scores(ratios, [1.0] * len(ratios))


def panel(title: str, step: Mapping[str, Sequence[float]]) -> Panel:
    """Times against the block in which they were taken."""
    series = [
        Series(name, range(1, len(seconds) + 1), [1e6 * value for value in seconds])
        for name, seconds in step.items()
    ]
    return Panel(title, "block of rounds", "µs, forward and backward", series)
