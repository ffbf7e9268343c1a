"""The networks that are compared: built in, or the user's own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from nonlin.activation import Activation
from nonlin.comparison.data.dataset import Dataset
from nonlin.comparison.models import user
from nonlin.comparison.models.cnn import cnn
from nonlin.comparison.models.mlp import mlp
from nonlin.comparison.models.transformer import Transformer
from nonlin.comparison.randomness import fixed_randomness
from nonlin.comparison.settings import Settings
from nonlin.errors import NonlinError, did_you_mean
from nonlin.functions import get
from nonlin.init import initialize_
from nonlin.nn import from_record
from nonlin.usercode import resolve

BUILT_IN = {
    "mlp": ("image", "signal", "features"),
    "cnn": ("image", "signal"),
    "transformer": ("image", "signal", "features", "tokens"),
}


def check_model(settings: Settings, dataset: Dataset) -> None:
    """Refuse a model that is unknown or does not take the data, before anything is trained.

    Raises:
        NonlinError: with the models that are allowed.
    """
    model = settings.model
    if isinstance(model, str) and ":" not in model and model not in BUILT_IN:
        hint, known = did_you_mean(model, BUILT_IN), ", ".join(BUILT_IN)
        raise NonlinError(f"--model {model!r}: unknown{hint} (known: {known}, module:function)")
    if isinstance(model, str) and model in BUILT_IN and dataset.layout not in BUILT_IN[model]:
        fitting = [name for name, layouts in BUILT_IN.items() if dataset.layout in layouts]
        raise NonlinError(
            f"--model {model} takes {', '.join(BUILT_IN[model])}; data {dataset.name} are "
            f"{dataset.layout}; allowed: {', '.join(fitting)}, module:function"
        )
    if settings.model in BUILT_IN and settings.replace is not None:
        raise NonlinError(f"--replace: model {model} takes the activation itself; leave it out")
    if settings.model not in ("mlp", "cnn") and (settings.norm != "none" or settings.residual):
        raise NonlinError(
            f"--norm, --residual: model {settings.model_name} does not take them; "
            "allowed with: mlp, cnn"
        )
    _try_out(settings, dataset)


def _try_out(settings: Settings, dataset: Dataset) -> None:
    """Build the model once and see whether its output fits the data.

    An exception of the user's own is left to the run that meets it, which it fails; others
    may be well.
    """
    if settings.model not in BUILT_IN:
        _user_function(settings)
    rows = dataset.x[:2]
    try:
        with fixed_randomness(), torch.no_grad():
            output = build_model(settings, dataset, settings.activations[0], 0).eval()(rows)
    except NonlinError:
        raise
    except (Exception, SystemExit):
        return
    if not isinstance(output, Tensor):
        raise NonlinError(
            f"--model {settings.model_name}: the output is a {type(output).__name__}; "
            "allowed: a tensor"
        )
    wanted = (*rows.shape, dataset.outputs) if dataset.task == "language" else (2, dataset.outputs)
    if tuple(output.shape) != wanted:
        raise NonlinError(
            f"--model {settings.model_name}: for input of shape {tuple(rows.shape)} the output "
            f"has shape {tuple(output.shape)}; {dataset.name} needs {wanted}"
        )


def model_fingerprint(settings: Settings, dataset: Dataset) -> str | None:
    """SHA-256 over the structure and the first weights of a model of the user's own.

    Runs of a function that was edited, or of two functions of one name, are not mixed.
    None for built-in models, which their settings describe, and for one that cannot be built.
    """
    if settings.model in BUILT_IN:
        return None
    try:
        with fixed_randomness():
            model = _construct(settings, dataset, get("relu"))
    except (Exception, SystemExit):
        return None
    digest = hashlib.sha256(repr(model).encode())
    for name, value in model.state_dict().items():
        digest.update(f" {name} {tuple(value.shape)} ".encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def build_model(
    settings: Settings, dataset: Dataset, activation: Activation, seed: int
) -> nn.Module:
    """Build one network; the same seed gives the same draws whatever the activation.

    Args:
        settings: names the model, its size and initialisation.
        dataset: gives the shapes.
        activation: the activation under comparison.
        seed: seeds PyTorch's generator, and the draws of the matched initialisation.

    Returns:
        The network, initialised.
    """
    torch.manual_seed(seed)
    model = _construct(settings, dataset, activation)
    if settings.init == "matched":
        initialize_(model, torch.Generator().manual_seed(seed))
    return model


def _construct(settings: Settings, dataset: Dataset, activation: Activation) -> nn.Module:
    def make() -> nn.Module:
        return from_record(activation)

    shape = tuple(dataset.x.shape[1:])
    size = {"depth": settings.depth, "width": settings.width}
    if settings.model == "transformer":
        text = dataset.task == "language"
        return Transformer(shape, dataset.outputs, make, text=text, **size)
    if settings.model in ("mlp", "cnn"):
        build: Callable[..., nn.Module] = mlp if settings.model == "mlp" else cnn
        extras = {"norm": settings.norm, "residual": settings.residual}
        return build(shape, dataset.outputs, make, **size, **extras)
    offered: dict[str, Any] = {"input_shape": shape, "outputs": dataset.outputs, **size}
    return user.build(_user_function(settings), settings, activation, offered)


def _user_function(settings: Settings) -> Callable[..., Any]:
    model = settings.model
    if isinstance(model, nn.Module):
        raise NonlinError(
            f"--model: got a {type(model).__name__}; allowed: a function that returns one, "
            "because every network starts afresh"
        )
    return model if callable(model) else resolve(str(model), "--model")
