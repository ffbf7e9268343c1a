"""Calling a function on arrays of the framework it is written for, and differentiating it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nonlin.certification.ulp import Format
from nonlin.errors import NonlinError, require

FRAMEWORKS = ("numpy", "torch", "jax")
Call = Callable[[np.ndarray], np.ndarray]


class NumPy:
    """Arrays of NumPy."""

    name = "numpy"

    def __init__(self, form: Format, device: str) -> None:
        if device != "cpu":
            raise NonlinError(f"--device {device}: NumPy computes on the cpu")
        self.form, self.place = form, device
        self.dtype = form.stored
        if form.name == "bfloat16":
            # NumPy has no such dtype of its own; JAX's package brings it.
            self.dtype = np.dtype(require("ml_dtypes", "jax", "bfloat16 on NumPy arrays").bfloat16)

    def put(self, x: np.ndarray) -> Any:
        """`x`, in the stored dtype, as an array of the framework; a copy."""
        return x.copy().view(self.dtype)

    def owns(self, result: Any) -> bool:
        """Whether `result` is an array of this framework."""
        return isinstance(result, np.ndarray | np.generic)

    def dtype_of(self, result: Any) -> str:
        """Name of the dtype of an array."""
        return str(result.dtype)

    def get(self, result: Any) -> np.ndarray:
        """An array of the framework in the stored dtype."""
        return np.ascontiguousarray(result).view(self.form.stored)

    def gradient(self, function: Callable[..., Any]) -> Callable[[Any], Any] | None:
        """The derivative by the framework's own differentiation, if it has any."""
        return None

    def ones_like(self, x: Any) -> Any:
        """Ones in the shape and dtype of `x`."""
        return np.ones_like(x)

    def prepare(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function as users of the framework run it."""
        return function

    @contextlib.contextmanager
    def session(self) -> Iterator[None]:
        """What has to hold while functions are called; entered by every thread."""
        with np.errstate(all="ignore"):
            yield

    @contextlib.contextmanager
    def threads(self, count: int) -> Iterator[None]:
        """Hold the framework to so many threads of its own, where it can be held."""
        yield

    def version(self) -> dict[str, str]:
        """Versions that the results depend on."""
        return {"numpy": np.__version__}


class Torch(NumPy):
    """Tensors of PyTorch."""

    name = "torch"

    def __init__(self, form: Format, device: str) -> None:
        self.torch = require("torch", "torch", "certifying a PyTorch function")
        self.form, self.place = form, device
        self.dtype = getattr(self.torch, form.name)
        if device != "cpu" and not self.torch.cuda.is_available():
            raise NonlinError(f"--device {device}: PyTorch finds no such device here")
        self.device = device

    def put(self, x: np.ndarray) -> Any:
        if self.form.name == "bfloat16":
            tensor = self.torch.from_numpy(x.view(np.int16)).view(self.dtype)
        else:
            tensor = self.torch.from_numpy(x)
        # A copy, because the function may work in place.
        return tensor.clone() if self.device == "cpu" else tensor.to(self.device)

    def owns(self, result: Any) -> bool:
        return isinstance(result, self.torch.Tensor)

    def dtype_of(self, result: Any) -> str:
        return str(result.dtype).removeprefix("torch.")

    def get(self, result: Any) -> np.ndarray:
        result = result.detach().cpu()
        if self.form.name == "bfloat16":
            return result.contiguous().view(self.torch.int16).numpy().view(np.uint16)
        return np.ascontiguousarray(result.numpy())

    def gradient(self, function: Callable[..., Any]) -> Callable[[Any], Any]:
        def derive(x: Any) -> Any:
            x = x.requires_grad_()
            value = function(x)
            if not value.requires_grad:
                # A constant, such as a step: PyTorch leaves it out of the graph.
                return self.torch.zeros_like(x)
            (slope,) = self.torch.autograd.grad(value, x, self.torch.ones_like(value))
            return slope

        return derive

    def ones_like(self, x: Any) -> Any:
        return self.torch.ones_like(x)

    @contextlib.contextmanager
    def threads(self, count: int) -> Iterator[None]:
        before = self.torch.get_num_threads()
        self.torch.set_num_threads(count)
        try:
            yield
        finally:
            self.torch.set_num_threads(before)

    def version(self) -> dict[str, str]:
        return {"torch": str(self.torch.__version__), **super().version()}


class JAX(NumPy):
    """Arrays of JAX; the function is compiled, as its users run it."""

    name = "jax"

    def __init__(self, form: Format, device: str) -> None:
        self.jax = require("jax", "jax", "certifying a JAX function")
        self.numpy = require("jax.numpy", "jax", "certifying a JAX function")
        self.form, self.place = form, device
        self.dtype = self.numpy.dtype(form.name)
        try:
            self.device = self.jax.devices(device)[0]
        except RuntimeError:
            raise NonlinError(f"--device {device}: JAX finds no such device here") from None

    def put(self, x: np.ndarray) -> Any:
        return self.jax.device_put(x.view(self.dtype), self.device)

    def owns(self, result: Any) -> bool:
        return isinstance(result, self.jax.Array)

    def get(self, result: Any) -> np.ndarray:
        return np.ascontiguousarray(np.asarray(result)).view(self.form.stored)

    def gradient(self, function: Callable[..., Any]) -> Callable[[Any], Any]:
        def derive(x: Any) -> Any:
            value, pull_back = self.jax.vjp(function, x)
            return pull_back(self.numpy.ones_like(value))[0]

        return derive

    def ones_like(self, x: Any) -> Any:
        return self.numpy.ones_like(x)

    def prepare(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return self.jax.jit(function)

    @contextlib.contextmanager
    def session(self) -> Iterator[None]:
        with np.errstate(all="ignore"), self._wide():
            yield

    def _wide(self) -> Any:
        if self.form.name != "float64":
            return contextlib.nullcontext()
        if hasattr(self.jax, "enable_x64"):
            return self.jax.enable_x64(True)
        return require("jax.experimental", "jax", "float64 in JAX").enable_x64()

    def version(self) -> dict[str, str]:
        jaxlib = sys.modules.get("jaxlib")
        return {
            "jax": self.jax.__version__,
            "jaxlib": str(getattr(jaxlib, "__version__", "")),
            **super().version(),
        }


_CLASSES: dict[str, type[NumPy]] = {"numpy": NumPy, "torch": Torch, "jax": JAX}


def open_framework(name: str, form: Format, device: str) -> NumPy:
    """The framework of that name, for numbers of one format on one device.

    Raises:
        NonlinError: unknown name, framework not installed, or no such device.
    """
    if name not in _CLASSES:
        raise NonlinError(f"framework {name!r}; allowed: {', '.join(FRAMEWORKS)}")
    return _CLASSES[name](form, device)
