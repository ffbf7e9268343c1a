"""An array API namespace over mpmath's numbers, in which a formula becomes a definition."""

from __future__ import annotations

from functools import partial
from typing import Any

from nonlin.activation import Activation
from nonlin.errors import NonlinError

_FUNCTIONS = {
    # The standard's names where mpmath has others.
    **{"abs": "fabs", "ceil": "ceil", "floor": "floor", "round": "nint", "trunc": "fix"},
    **{
        name: name
        for name in (
            *("acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "erf", "erfc"),
            *(
                "exp",
                "expm1",
                "log",
                "log10",
                "log1p",
                "sign",
                "sin",
                "sinh",
                "sqrt",
                "tan",
                "tanh",
            ),
        )
    },
}
_NUMBERS = ("e", "inf", "nan", "pi")
_TESTS = ("isfinite", "isinf", "isnan")
# Binary magnitude beyond any float64. mpmath needs as many bits for the exponential of a number
# as its magnitude is, so that a tower of exponentials would never end.
_FAR = 1100
# From here erfc is e^(−10¹²) from its limits, and mpmath's series fail further out.
_ERF_FAR = 2**20


class ExactNamespace:
    """What a formula needs of the array API, on single numbers of any precision.

    A number beyond 2^1100 stands for all larger ones, and NaN for what is not real.

    Args:
        mp: an mpmath context.
    """

    def __init__(self, mp: Any) -> None:
        self._mp = mp

    def __getattr__(self, name: str) -> Any:
        if name in _FUNCTIONS:
            return partial(self._function, name)
        if name in _NUMBERS:
            return +getattr(self._mp, name)
        if name in _TESTS:
            return getattr(self._mp, name)
        if name.startswith("__"):
            raise AttributeError(name)
        raise NonlinError(f"xp.{name} has no exact form; give define a definition=")

    def _function(self, name: str, x: Any) -> Any:
        x = self._near(x)
        if name in ("erf", "erfc") and abs(x) > _ERF_FAR:
            x = self._mp.sign(x) * _ERF_FAR
        return self._real(getattr(self._mp, _FUNCTIONS[name])(x))

    def _near(self, x: Any) -> Any:
        x = self._mp.mpf(x)
        if self._mp.isfinite(x) and x != 0 and self._mp.mag(x) > _FAR:
            return self._mp.sign(x) * self._mp.ldexp(1, _FAR)
        return x

    def add(self, a: Any, b: Any) -> Any:
        return a + b

    def subtract(self, a: Any, b: Any) -> Any:
        return a - b

    def multiply(self, a: Any, b: Any) -> Any:
        return a * b

    def negative(self, x: Any) -> Any:
        return -x

    def positive(self, x: Any) -> Any:
        return x

    def number(self, value: float, x: Any) -> Any:
        return self._mp.mpf(value)

    def finite(self, x: Any) -> Any:
        return x

    def square(self, x: Any) -> Any:
        return x * x

    def log2(self, x: Any) -> Any:
        return self._function("log", x) / self._mp.log(2)

    def divide(self, a: Any, b: Any) -> Any:
        a, b = self._mp.mpf(a), self._mp.mpf(b)
        if b != 0:
            return a / b
        return self._mp.nan if a == 0 or a != a else self._mp.sign(a) * self._mp.inf

    def magnitude(self, x: Any) -> Any:
        return abs(x)

    def scaled(self, factor: Any, x: Any) -> Any:
        return factor * x if factor else self._mp.mpf(0)

    def pow(self, x: Any, exponent: Any) -> Any:
        x = self._near(x)
        if x == 0 and exponent < 0:
            return self._mp.inf
        return self._real(x ** self._near(exponent))

    def _real(self, number: Any) -> Any:
        return number if isinstance(number, self._mp.mpf) else self._mp.nan

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        return self._mp.mpf(a if condition else b)

    def maximum(self, a: Any, b: Any) -> Any:
        return max(a, b)

    def minimum(self, a: Any, b: Any) -> Any:
        return min(a, b)

    def clip(self, x: Any, min: Any = None, max: Any = None) -> Any:
        if min is not None and x < min:
            return self._mp.mpf(min)
        return self._mp.mpf(max) if max is not None and x > max else x

    def zeros_like(self, x: Any) -> Any:
        return self._mp.mpf(0)

    def ones_like(self, x: Any) -> Any:
        return self._mp.mpf(1)

    def logical_and(self, a: Any, b: Any) -> bool:
        return bool(a) and bool(b)

    def logical_or(self, a: Any, b: Any) -> bool:
        return bool(a) or bool(b)

    def logical_not(self, a: Any) -> bool:
        return not a

    def apply(self, record: Activation, x: Any) -> Any:
        return self._mp.mpf(record.definition(self._mp, self._near(x), **record.bound))
