"""Each framework's own function, as a record's convention names it."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

# Keras takes its backend from the environment, once.
os.environ.setdefault("KERAS_BACKEND", "torch")

import jax
import torch

from nonlin.conventions import Convention


def function_of(convention: Convention) -> Callable[[Any], Any]:
    """The framework's function of one array, its arguments given."""
    path, _, key = convention.call.partition("[")
    module, _, name = path.rpartition(".")
    found = getattr(_module(module), name)
    if key:
        found = found[key.rstrip("]")]
    if inspect.isclass(found):
        found = found()
    return partial(found, **convention.arguments)


@cache
def _module(name: str) -> ModuleType:
    if not name.startswith("timm."):
        return importlib.import_module(name)
    # timm itself imports torchvision; the file of its activations needs PyTorch alone.
    spec = importlib.util.find_spec("timm")
    assert spec is not None
    assert spec.submodule_search_locations
    file = Path(spec.submodule_search_locations[0], *name.split(".")[1:]).with_suffix(".py")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def value_and_gradient(convention: Convention, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the framework computes at `x`, and its gradient of the sum."""
    function = function_of(convention)
    if convention.call.startswith("jax."):
        gradient = jax.grad(lambda v: jax.numpy.sum(function(v)))(jax.numpy.asarray(x))
        return np.asarray(function(jax.numpy.asarray(x))), np.asarray(gradient)
    at = torch.from_numpy(x.copy()).requires_grad_()
    y = function(at)
    (gradient,) = torch.autograd.grad(y.sum(), at)
    return y.detach().numpy(), gradient.numpy()
