"""The rules of differentiation, as an array API namespace over dual numbers."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import partial
from typing import Any

from nonlin.activation import Activation
from nonlin.defining.dual import Dual, NoRuleError
from nonlin.errors import did_you_mean
from nonlin.functions import get

_tanh = get("tanh")


def _root_of_one_and_square(u: Any, xp: Any) -> Any:
    """√(1 + u²), which does not overflow."""
    a = xp.abs(u)
    large = xp.where(a > 1, a, 1.0)
    inverse = 1.0 / large
    ratio = xp.where(a > 1, 1.0, a)
    return large * xp.sqrt(inverse * inverse + ratio * ratio)


# Partial derivatives from the argument u, the value y and the namespace.
_UNARY: dict[str, Callable[[Any, Any, Any], Any]] = {
    "abs": lambda u, y, xp: xp.sign(u),
    "acos": lambda u, y, xp: -1.0 / xp.sqrt((1.0 - u) * (1.0 + u)),
    "acosh": lambda u, y, xp: 1.0 / (xp.sqrt(u - 1.0) * xp.sqrt(u + 1.0)),
    "asin": lambda u, y, xp: 1.0 / xp.sqrt((1.0 - u) * (1.0 + u)),
    "asinh": lambda u, y, xp: 1.0 / _root_of_one_and_square(u, xp),
    "atan": lambda u, y, xp: 1.0 / (1.0 + u * u),
    "atanh": lambda u, y, xp: 1.0 / ((1.0 - u) * (1.0 + u)),
    "cos": lambda u, y, xp: -xp.sin(u),
    "cosh": lambda u, y, xp: xp.sinh(u),
    "erf": lambda u, y, xp: (2.0 / math.sqrt(math.pi)) * xp.exp(-u * u),
    "erfc": lambda u, y, xp: (-2.0 / math.sqrt(math.pi)) * xp.exp(-u * u),
    "exp": lambda u, y, xp: y,
    # y + 1 would be 0 where y rounds to −1.
    "expm1": lambda u, y, xp: xp.exp(u),
    "log": lambda u, y, xp: 1.0 / u,
    "log10": lambda u, y, xp: (1.0 / math.log(10.0)) / u,
    "log1p": lambda u, y, xp: 1.0 / (1.0 + u),
    "log2": lambda u, y, xp: (1.0 / math.log(2.0)) / u,
    "sin": lambda u, y, xp: xp.cos(u),
    "sinh": lambda u, y, xp: xp.cosh(u),
    "sqrt": lambda u, y, xp: 0.5 / y,
    "square": lambda u, y, xp: 2.0 * u,
    "tan": lambda u, y, xp: 1.0 + y * y,
    "tanh": lambda u, y, xp: _tanh.slope(u, xp),
}
# Constant between their steps.
_STEPS = ("ceil", "floor", "round", "sign", "trunc")
_COMPARISONS = {
    "equal": operator.eq,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
    "not_equal": operator.ne,
}
_TESTS = ("isfinite", "isinf", "isnan", "logical_and", "logical_not", "logical_or", "signbit")
_MAKERS = ("asarray", "full", "full_like", "ones_like", "zeros_like", "number")
_PLAIN = ("pi", "e", "inf", "nan", "finfo", "isdtype", "float32", "float64", "bool", "result_type")
_TABLES = (*_UNARY, *_STEPS, *_COMPARISONS, *_TESTS, *_MAKERS)


class DualNamespace:
    """An array API namespace over dual numbers.

    In a product of tangents 0·∞ counts as 0: an exponential that overflowed in a branch
    that ends in 0 makes no NaN of a derivative that is 0.

    Args:
        base: the namespace of the values; it may be one of dual numbers itself.
    """

    def __init__(self, base: Any) -> None:
        self._base = base

    def __getattr__(self, name: str) -> Any:
        if name in _UNARY:
            return partial(self._unary, name)
        if name in _STEPS:
            return partial(self._step, name)
        if name in _COMPARISONS:
            return partial(self._compare, name)
        if name in _TESTS:
            return partial(self._test, name)
        if name in _MAKERS:
            return partial(self._make, name)
        if name in _PLAIN:
            return getattr(self._base, name)
        if name.startswith("__"):
            raise AttributeError(name)
        known = sorted({*_TABLES, *(n for n in vars(DualNamespace) if not n.startswith("_"))})
        raise NoRuleError(
            f"xp.{name} has no rule to differentiate by{did_you_mean(name, known)}; "
            f"allowed: {', '.join(known)}"
        )

    def _parts(self, u: Any) -> tuple[Any, Any]:
        # A number that another level of differentiation made is a constant here.
        if isinstance(u, Dual) and u.xp is self:
            return u.value, u.tangent
        return u, None

    def _unary(self, name: str, u: Any) -> Dual:
        value, tangent = self._parts(u)
        result = getattr(self._base, name)(value)
        if tangent is None:
            return Dual(result, None, self)
        return Dual(result, self._times(_UNARY[name](value, result, self._base), tangent), self)

    def _step(self, name: str, u: Any) -> Dual:
        return Dual(getattr(self._base, name)(self._parts(u)[0]), None, self)

    def _compare(self, name: str, u: Any, v: Any) -> Any:
        return _COMPARISONS[name](self._parts(u)[0], self._parts(v)[0])

    def _test(self, name: str, *operands: Any) -> Any:
        return getattr(self._base, name)(*(self._parts(u)[0] for u in operands))

    def _make(self, name: str, *arguments: Any, **options: Any) -> Dual:
        plain = [self._parts(u)[0] for u in arguments]
        return Dual(getattr(self._base, name)(*plain, **options), None, self)

    def _times(self, a: Any, b: Any) -> Any:
        """Product of a partial derivative and a tangent; 0·∞ is 0."""
        if isinstance(b, float):
            a, b = b, a
        if isinstance(a, float | int):
            return b if a == 1 else 0.0 if a == 0 else a * b
        if isinstance(b, float | int):
            return a if b == 1 else 0.0 if b == 0 else a * b
        return self._base.finite(a) * self._base.finite(b)

    def _sum(self, a: Any, b: Any) -> Any:
        return b if a is None else a if b is None else a + b

    def _moved(self, partial_of: Any, tangent: Any) -> Any:
        return None if tangent is None else self._times(partial_of, tangent)

    def _array(self, tangent: Any, like: Any) -> Any:
        if tangent is None or isinstance(tangent, float | int):
            return self._base.number(tangent or 0.0, like)
        return tangent

    def _pick(self, condition: Any, a: Any, b: Any, like: Any) -> Any:
        """Tangent of a where `condition` holds, else of b."""
        if a is None and b is None:
            return None
        return self._base.where(condition, self._array(a, like), self._array(b, like))

    def add(self, u: Any, v: Any) -> Dual:
        (a, da), (b, db) = self._parts(u), self._parts(v)
        return Dual(a + b, self._sum(da, db), self)

    def subtract(self, u: Any, v: Any) -> Dual:
        (a, da), (b, db) = self._parts(u), self._parts(v)
        return Dual(a - b, self._sum(da, None if db is None else -db), self)

    def multiply(self, u: Any, v: Any) -> Dual:
        (a, da), (b, db) = self._parts(u), self._parts(v)
        return Dual(a * b, self._sum(self._moved(b, da), self._moved(a, db)), self)

    def divide(self, u: Any, v: Any) -> Dual:
        (a, da), (b, db) = self._parts(u), self._parts(v)
        quotient = a / b
        if da is None and db is None:
            return Dual(quotient, None, self)
        if db is None:
            return Dual(quotient, da / b, self)
        return Dual(quotient, (self._sum(da, -self._times(quotient, db))) / b, self)

    def pow(self, u: Any, v: Any) -> Dual:
        (a, da), (b, db) = self._parts(u), self._parts(v)
        power = a**b
        moved = None
        if da is not None:
            moved = self._times(2.0 * a if _is(b, 2) else self._times(b, a ** (b - 1)), da)
        if db is not None:
            logarithm = _log(a) if isinstance(a, float | int) else self._base.log(a)
            moved = self._sum(moved, self._times(self._times(power, logarithm), db))
        return Dual(power, moved, self)

    def negative(self, u: Any) -> Dual:
        value, tangent = self._parts(u)
        return Dual(-value, None if tangent is None else -tangent, self)

    def positive(self, u: Any) -> Any:
        return u

    def maximum(self, u: Any, v: Any) -> Dual:
        return self._extreme("maximum", operator.gt, u, v)

    def minimum(self, u: Any, v: Any) -> Dual:
        return self._extreme("minimum", operator.lt, u, v)

    def _extreme(self, name: str, wins: Callable[[Any, Any], Any], u: Any, v: Any) -> Dual:
        (a, da), (b, db) = self._parts(u), self._parts(v)
        value = getattr(self._base, name)(a, b)
        both = self._sum(da, db)
        if both is None:
            return Dual(value, None, self)
        # At a tie PyTorch gives each operand half.
        rest = self._pick(wins(b, a), db, 0.5 * both, value)
        return Dual(value, self._pick(wins(a, b), da, rest, value), self)

    def clip(self, u: Any, min: Any = None, max: Any = None) -> Dual:
        (a, da), (low, dlow), (high, dhigh) = self._parts(u), self._parts(min), self._parts(max)
        value = self._base.clip(a, low, high)
        # At a bound PyTorch passes the gradient.
        moved = da
        if low is not None:
            moved = self._pick(a < low, dlow, moved, value)
        if high is not None:
            moved = self._pick(a > high, dhigh, moved, value)
        return Dual(value, moved, self)

    def where(self, condition: Any, u: Any, v: Any) -> Dual:
        (a, da), (b, db) = self._parts(u), self._parts(v)
        value = self._base.where(condition, a, b)
        return Dual(value, self._pick(condition, da, db, value), self)

    def astype(self, u: Any, dtype: Any) -> Dual:
        value, tangent = self._parts(u)
        is_array = tangent is not None and not isinstance(tangent, float | int)
        moved = self._base.astype(tangent, dtype) if is_array else tangent
        return Dual(self._base.astype(value, dtype), moved, self)

    def finite(self, u: Any) -> Dual:
        value, tangent = self._parts(u)
        return Dual(self._base.finite(value), tangent, self)

    def magnitude(self, u: Any) -> Dual:
        return self.where(self.less(u, 0.0), self.negative(u), u)

    def scaled(self, factor: Any, u: Any) -> Dual:
        (a, da), (b, db) = self._parts(factor), self._parts(u)
        moved = self._sum(self._moved(b, da), self._moved(a, db))
        return Dual(self._base.scaled(a, b), moved, self)

    def apply(self, record: Activation, u: Any) -> Dual:
        """An activation by its own formula, differentiated by its own slope."""
        value, tangent = self._parts(u)
        result = record.evaluate_value(value, self._base, record.bound)
        if tangent is None:
            return Dual(result, None, self)
        slope = record.evaluate_slope(value, self._base, record.bound)
        return Dual(result, self._times(slope, tangent), self)


def _log(number: float) -> float:
    return math.log(number) if number > 0 else -math.inf if number == 0 else math.nan


def _is(exponent: Any, number: int) -> bool:
    return isinstance(exponent, float | int) and exponent == number
