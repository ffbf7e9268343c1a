"""Gain and initialisation matched to an activation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nonlin.activation import Activation
from nonlin.errors import NonlinError
from nonlin.facts import Facts
from nonlin.functions import get
from nonlin.moments import expect

if TYPE_CHECKING:
    import torch


def second_moment(activation: str | Activation) -> float:
    """E[f(z)²] for z ~ N(0, 1), by Gaussian quadrature between the kinks.

    Args:
        activation: name or record of an elementwise activation.

    Returns:
        The second moment.

    Raises:
        NonlinError: the activation is not elementwise, or the moment is not positive and finite.

    Example:
        >>> import nonlin
        >>> round(nonlin.init.second_moment("relu"), 12)
        0.5
    """
    record = get(activation) if isinstance(activation, str) else activation
    if not isinstance(record.facts, Facts):
        raise NonlinError(f"{record.name}: gain needs an elementwise activation")
    moment = expect(lambda z: record(z) ** 2, tuple(kink.at for kink in record.kinks))
    if not (math.isfinite(moment) and moment > 0):
        raise NonlinError(f"{record}: E[f(z)²] = {moment} for z ~ N(0, 1); no gain exists")
    return moment


def gain(activation: str | Activation) -> float:
    """Factor on the weights' standard deviation that keeps the signal's variance.

    ``gain = 1/√E[f(z)²]`` for z ~ N(0, 1): with weights of variance gain²/fan_in after the
    activation, the next layer's inputs have variance 1 again.

    Args:
        activation: name or record of an elementwise activation.

    Returns:
        The gain; √2 for relu, as in He et al. (2015), equation 10.

    Raises:
        NonlinError: as :func:`second_moment`.

    Example:
        >>> import nonlin
        >>> round(nonlin.init.gain("relu"), 6), round(nonlin.init.gain("selu"), 6)
        (1.414214, 1.0)
    """
    return 1 / math.sqrt(second_moment(activation))


def initialize_(model: Any, generator: torch.Generator | None = None) -> list[str]:
    """Draw the weights of every dense and convolutional layer to match its activation.

    The activation a layer reads is the module activation registered before it, with no
    other weight layer between; weights are normal with variance gain²/fan_in (gain 1 where
    no activation stands before), biases zero. Embeddings, normalisation and frozen
    layers are left alone.

    Args:
        model: a module whose layers are registered in the order they run.
        generator: source of the random numbers; the same one gives the same normal draws
            for any activation.

    Returns:
        One line per layer: its path, the activation before it and its gain.
    """
    from torch import nn

    from nonlin.nn import activation_of

    done = []
    before: Activation | None = None
    for path, module in model.named_modules():
        record = activation_of(module)
        if record is not None:
            before = record
        if not isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d):
            continue
        if not module.weight.requires_grad:
            before = None
            continue
        factor = gain(before) if before is not None else 1.0
        fan_in = math.prod(module.weight.shape[1:])
        nn.init.normal_(module.weight, std=factor / math.sqrt(fan_in), generator=generator)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
        done.append(f"{path}: after {before or 'no activation'}, gain {factor:.4g}")
        before = None
    return done
