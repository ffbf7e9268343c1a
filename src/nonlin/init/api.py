"""`initialize_`: weights and biases drawn to match the activations of a model."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from nonlin.errors import NonlinError, require
from nonlin.init.result import Initialisation, Layer

if TYPE_CHECKING:
    import torch

    from nonlin.init.drawing import Distribution
    from nonlin.init.planning import Plan
    from nonlin.tracing import Trace

_MODES = ("forward", "backward", "compromise", "critical")


def initialize_(
    model: Any,
    generator: torch.Generator | None = None,
    *,
    inputs: Any = None,
    batch: Any = None,
    mode: Literal["forward", "backward", "compromise", "critical"] = "forward",
    distribution: Distribution = "normal",
) -> Initialisation:
    """Draw the weights of every dense and convolutional layer to match the activations.

    A layer's output has variance 1 when its weights have variance gain²/fan_in, where gain
    belongs to what the layer reads: ``1/√E[f(z)²]`` after an activation f, 1 after the input or a
    norm. Which that is, is found by running the model once on `inputs` or `batch`: activations
    may be modules or calls (``F.gelu(x)``), and lie behind normalisation, dropout, reshaping
    and sums. The last layer of a residual branch is scaled by 1/√N, N being the number of
    branches. Biases become 0.

    Embeddings, norms, frozen, tied and computed weights are left alone, and so is a layer whose
    activation cannot be found; the result lists each with its reason.

    Args:
        model: any module.
        generator: source of the random numbers; the same one gives the same draws, up to
            scale, for any activation.
        inputs: an example of what the model takes: a tensor, a tuple of arguments or a dict of
            keywords; or what `nonlin.tracing.trace` wrote down of it. Without `inputs` and `batch`
            the layers are taken in the order in which they are registered, and activations that
            are calls are not found.
        batch: like `inputs`, of real data: each layer is then rescaled so that its output on it
            has variance 1 (the share of it that a residual branch has).
        mode: what is kept: the variance of the ``forward`` signal, of the ``backward`` gradient,
            a ``compromise`` (Xavier), or both on the ``critical`` line, with random biases.
        distribution: ``"normal"``, ``"uniform"`` or ``"orthogonal"``.

    Returns:
        A table of what was done to each layer and why; it prints.

    Raises:
        NonlinError: an unknown mode or distribution.
        UserCodeError: the model raised on the example; nothing was drawn.

    Example:
        >>> import nonlin, torch
        >>> from torch import nn
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        >>> done = nonlin.init.initialize_(model, inputs=torch.randn(16, 4))
        >>> [(layer.name, layer.reads, layer.scheme) for layer in done.drawn]
        [('0', 'input', 'LeCun'), ('2', 'relu', 'He')]

    Source:
        He et al. (2015), arXiv:1502.01852; Glorot and Bengio (2010); Mishkin and Matas (2016),
        arXiv:1511.06422
    """
    torch = require("torch", "torch", "nonlin.init.initialize_")
    from nonlin.init.drawing import DISTRIBUTIONS
    from nonlin.init.planning import plan

    if not isinstance(model, torch.nn.Module):
        raise NonlinError(f"initialize_: got a {type(model).__name__}; allowed: a torch.nn.Module")
    for word, value, allowed in (
        ("mode", mode, _MODES),
        ("distribution", distribution, DISTRIBUTIONS),
    ):
        if value not in allowed:
            raise NonlinError(f"initialize_: {word}={value!r}; allowed: {', '.join(allowed)}")
    example = inputs if batch is None else batch
    ran, order = _order(model, example)
    tensors = dict(model.named_parameters(remove_duplicate=True))
    shared = _shared(model)
    rows = _left_alone(model, ran)
    drawn: dict[str, Layer] = {}
    plans = {}
    for item in plan(ran, mode, tensors):
        name = item.step.weight
        if name in drawn and name:
            continue
        row = _draw(item, ran, tensors, shared, mode, distribution, generator)
        drawn[name or f"{item.step.name} {item.step.index}"] = row
        plans[name] = item
    if batch is not None:
        targets = {name: plans[name].target for name, row in drawn.items() if row.drawn}
        drawn = _refined(model, batch, drawn, tensors, targets)
    return Initialisation((*drawn.values(), *rows), order)


def _order(model: Any, example: Any) -> tuple[Trace, str]:
    from nonlin.init.registration import registered
    from nonlin.tracing import Trace, trace

    if isinstance(example, Trace):
        return example, "in order of execution"
    if example is None:
        return registered(model), (
            "in order of registration, because no inputs= were given: calls such as F.relu(x), "
            "residual connections and another order of execution are not seen"
        )
    args, kwargs = _arguments(example)
    return trace(model, *args, **kwargs), "in order of execution"


def _arguments(example: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(example, Mapping):
        return (), dict(example)
    return (tuple(example) if isinstance(example, tuple | list) else (example,)), {}


def _draw(
    item: Plan,
    ran: Trace,
    tensors: dict[str, Any],
    shared: dict[str, str],
    mode: str,
    distribution: Distribution,
    generator: Any,
) -> Layer:
    import torch

    from nonlin.init.drawing import draw, fan

    step = item.step
    feeds = ", ".join(map(repr, ran.activations_after(step.index)))
    row = Layer(step.name, False, item.reads, feeds, why=item.why)
    weight = tensors.get(step.weight)
    reason = _reason_to_leave(step.weight, weight, shared)
    if reason or item.gain is None:
        return dataclasses.replace(row, why=reason or item.why)
    deviation = item.gain / math.sqrt(fan(weight, step, mode))
    draw(weight, deviation, distribution, step, generator)
    bias = tensors.get(step.bias)
    bias_deviation = 0.0
    if bias is not None and bias.requires_grad:
        bias_deviation = math.sqrt(item.bias_variance)
        if bias_deviation:
            torch.nn.init.normal_(bias, std=bias_deviation, generator=generator)
        else:
            torch.nn.init.zeros_(bias)
    scheme = item.scheme if distribution == "normal" else f"{item.scheme}, {distribution}"
    return dataclasses.replace(
        row,
        drawn=True,
        scheme=scheme,
        gain=item.gain,
        deviation=deviation,
        bias_deviation=bias_deviation,
    )


def _reason_to_leave(name: str, weight: Any, shared: dict[str, str]) -> str:
    if weight is None:
        return "its weight is computed (parametrised, a slice or a cast), not a parameter"
    if not weight.requires_grad:
        return "frozen"
    if name in shared:
        return f"tied to {shared[name]}"
    if weight.device.type == "meta":
        return "on the meta device, without data"
    return "" if weight.ndim > 1 else "no matrix"


def _shared(model: Any) -> dict[str, str]:
    """Parameters that have several names."""
    names: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    return {found[0]: ", ".join(found[1:]) for found in names.values() if len(found) > 1}


def _left_alone(model: Any, ran: Trace) -> list[Layer]:
    """Modules with weights that no step multiplies by: embeddings, norms, and what did not run."""
    layers = {step.weight for step in ran.of_kind("layer")}
    # A tied parameter goes by its first name, under which its layer is listed.
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    rows = []
    for path, module in model.named_modules():
        own = {names[id(p)] for p in module.parameters(recurse=False)}
        if not own or own & layers:
            continue
        kind = type(module).__name__
        if "Norm" in kind:
            why = "a norm"
        elif "Embedding" in kind:
            why = "an embedding"
        elif _is_activation(module):
            why = "an activation's own parameters"
        else:
            why = f"{kind}: no dense or convolutional layer that ran ({', '.join(sorted(own))})"
        rows.append(Layer(path or kind, False, why=why))
    return rows


def _is_activation(module: Any) -> bool:
    from nonlin.recognition import record_of

    return record_of(module) is not None


def _refined(
    model: Any,
    batch: Any,
    rows: dict[str, Layer],
    tensors: dict[str, Any],
    targets: dict[str, float],
) -> dict[str, Layer]:
    import torch

    from nonlin.init.drawing import Refiner
    from nonlin.tracing import unchanged

    refiner = Refiner({id(tensors[name]): target for name, target in targets.items()})
    args, kwargs = _arguments(batch)
    with unchanged(model), torch.no_grad(), refiner:
        model(*args, **kwargs)
    done = {}
    for name, row in rows.items():
        found = refiner.found.get(id(tensors.get(name)))
        if found is not None:
            deviation = tensors[name].detach().double().square().mean().sqrt().item()
            row = dataclasses.replace(row, variance=found, deviation=deviation)
        done[name] = row
    return done
