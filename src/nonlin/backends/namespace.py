"""The array API namespace formulas are written in, with the names the standard lacks."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import array_api_compat
import numpy as np

from nonlin.errors import require


class Namespace:
    """An array API namespace with a few names beside the standard's."""

    def __init__(self, xp: ModuleType) -> None:
        self._xp = xp
        self._erf = _special("erf", xp, _scipy_erf)
        self._erfc = _special("erfc", xp, _scipy_erfc)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._xp, name)

    def erf(self, x: Any) -> Any:
        """Error function, right near 0."""
        return self._erf(x)

    def erfc(self, x: Any) -> Any:
        """Complementary error function 1 − erf(x), right in its tail."""
        return self._erfc(x)

    def finite(self, x: Any) -> Any:
        """`x` with ±inf replaced by the largest finite numbers, so that 0·x is 0."""
        largest = float(self._xp.finfo(x.dtype).max)
        return self._xp.clip(x, -largest, largest)

    def magnitude(self, x: Any) -> Any:
        """|x| with the slope 1 at 0, as to the right of it; that of ``abs`` is 0 there.

        So autograd's further derivatives of what is written with it are right at 0 too.
        """
        return self._xp.where(x < 0, -x, x)

    def indicator(self, condition: Any, x: Any) -> Any:
        """1 where `condition` holds, else 0, and NaN where `x` is NaN."""
        xp = self._xp
        return xp.where(xp.isnan(x), x, xp.astype(condition, x.dtype))

    def positions(self, x: Any) -> Any:
        """0, 1, … along the last axis of `x`, on its device."""
        return self._xp.arange(x.shape[-1], device=_device(x))

    def unit_vectors(self, x: Any) -> Any:
        """The identity matrix as wide as the last axis of `x`, on its device."""
        return self._xp.eye(x.shape[-1], dtype=x.dtype, device=_device(x))

    def number(self, value: float, x: Any) -> Any:
        """A number as an array without axes, of the dtype and on the device of `x`."""
        return self._xp.full((), value, dtype=x.dtype, device=_device(x))

    def maximum(self, a: Any, b: Any) -> Any:
        """The larger of arrays, or of an array and a number."""
        return self._xp.maximum(*self._arrays(a, b))

    def minimum(self, a: Any, b: Any) -> Any:
        """The smaller of arrays, or of an array and a number."""
        return self._xp.minimum(*self._arrays(a, b))

    def _arrays(self, a: Any, b: Any) -> tuple[Any, Any]:
        # Where PyTorch takes no number, array-api-compat asks it for a dtype, which the
        # compiler cannot trace.
        a = self.number(a, b) if isinstance(a, float | int) else a
        return a, self.number(b, a) if isinstance(b, float | int) else b

    def apply(self, record: Any, x: Any) -> Any:
        """An activation's formula, for a formula that is made of others."""
        return record.evaluate_value(x, self, record.bound)

    def scaled(self, factor: Any, x: Any) -> Any:
        """``factor·x``, where 0·±inf is 0: a line of slope 0 has no other limit."""
        product = factor * self.finite(x)
        return self._xp.where(product == 0, product, factor * x)


@cache
def _wrapped(xp: ModuleType) -> Namespace:
    return Namespace(xp)


def namespace_of(x: Any) -> Namespace:
    """The namespace of the library that `x` belongs to."""
    return _wrapped(array_api_compat.array_namespace(x))


def _device(x: Any) -> Any:
    # An array that JAX traces has none.
    return getattr(x, "device", None)


def _special(name: str, xp: ModuleType, of_numpy: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A special function in the library of a namespace."""
    if array_api_compat.is_torch_namespace(xp):
        return getattr(require("torch.special", "torch", f"{name} on tensors"), name)
    if array_api_compat.is_jax_namespace(xp):
        return getattr(require("jax.scipy.special", "jax", f"{name} on JAX arrays"), name)
    if array_api_compat.is_cupy_namespace(xp):
        return getattr(require("cupyx.scipy.special", "cupy", f"{name} on CuPy arrays"), name)
    if array_api_compat.is_numpy_namespace(xp):
        return of_numpy
    return lambda x: xp.asarray(of_numpy(np.asarray(x)))


def _scipy_erf(x: Any) -> Any:
    from scipy.special import erf

    return erf(x)


def _scipy_erfc(x: Any) -> Any:
    from scipy.special import erfc, erfcx

    # SciPy's erfc rounds x² in its tail, which costs x² units in the last place, and is 0 from
    # 26.64 on; the true value leaves float64 at 27.2. Sixteenths have an exact square.
    tail = np.clip(x, 1.0, 30.0)
    h = np.round(tail * 16.0) / 16.0
    fall = np.exp(-0.5 * h * h)
    return np.where(
        x > 1, erfcx(tail) * fall * np.exp((h - tail) * (h + tail)) * fall, erfc(x)
    ).astype(x.dtype)
