"""The user's own model: one that takes the activation, or one in which it is swapped."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from typing import Any

from torch import nn

from nonlin.activation import Activation
from nonlin.comparison.settings import Settings
from nonlin.errors import NonlinError
from nonlin.nn import find_activations, from_record, swap

# The keyword by which a model function takes the activation, as a factory of modules.
_KEYWORDS = ("activation", "act_layer")


def build(
    function: Callable[..., Any],
    settings: Settings,
    activation: Activation,
    offered: dict[str, Any],
) -> nn.Module:
    """Call the user's function and put the activation into what it returns.

    Args:
        function: returns an ``nn.Module``; called with ``activation=`` (a zero-argument
            factory of modules) if it has such a parameter, and with those of `offered`
            that it names.
        settings: gives the model's name and which of its own activations is swapped.
        activation: the activation to use.
        offered: further keyword arguments, such as ``input_shape`` and ``outputs``.

    Returns:
        The model.

    Raises:
        NonlinError: it returned no module, or has no module activation to swap.
    """
    taken = inspect.signature(function).parameters
    keyword = next((word for word in _KEYWORDS if word in taken), None)
    # What a functools.partial has bound stays as the user chose it.
    chosen = getattr(function, "keywords", {})
    arguments = {k: v for k, v in offered.items() if k in taken and k not in chosen}
    if keyword is not None:
        arguments[keyword] = lambda: from_record(activation)
    model = function(**arguments)
    if not isinstance(model, nn.Module):
        raise NonlinError(
            f"--model {settings.model_name}: returned {type(model).__name__}; allowed: nn.Module"
        )
    if keyword is not None:
        return model
    return swap(model, {_replaced(model, settings): activation})


def _replaced(model: nn.Module, settings: Settings) -> str:
    """The one kind of activation that is swapped."""
    if settings.replace is not None:
        return settings.replace
    name = settings.model_name
    found = Counter(find_activations(model).values())
    if not found:
        raise NonlinError(
            f"--model {name}: no module activation to swap in {type(model).__name__}; use modules "
            "such as nn.ReLU instead of F.relu, or let the function take activation="
        )
    if len(found) > 1:
        kinds = ", ".join(f"{kind} ×{count}" for kind, count in found.items())
        raise NonlinError(
            f"--model {name}: several kinds of activation ({kinds}); say which one is "
            f"exchanged, such as --replace {found.most_common(1)[0][0]}"
        )
    return next(iter(found))
