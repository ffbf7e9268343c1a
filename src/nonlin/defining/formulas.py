"""A user's formula as the record's formulas: its value, and what differentiation makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nonlin.defining.dual import Dual
from nonlin.defining.exact import ExactNamespace
from nonlin.defining.rules import DualNamespace

# Stands for x where the names of parameters are expected.
X = "x"


@dataclass(frozen=True)
class Value:
    """The formula itself; parameters reach it as arrays, so that it may apply xp to them.

    Attributes:
        formula: takes ``(x, xp, **parameters)``.
    """

    formula: Callable[..., Any]

    def __call__(self, x: Any, xp: Any, **parameters: Any) -> Any:
        result = self.formula(x, xp, **_arrays(x, xp, parameters))
        # A formula that leaves x out gives one number.
        whole = getattr(result, "shape", None) == x.shape
        return result if whole else result + xp.zeros_like(x)


@dataclass(frozen=True)
class Slope:
    """A derivative of the formula, by dual numbers.

    Attributes:
        formula: takes ``(x, xp, **parameters)``.
        by: the parameter to differentiate by, or ``"x"``.
    """

    formula: Callable[..., Any]
    by: str = X

    def __call__(self, x: Any, xp: Any, **parameters: Any) -> Any:
        dual = DualNamespace(xp)
        given = {
            name: Dual(value, 1.0 if name == self.by else None, dual)
            for name, value in _arrays(x, xp, parameters).items()
        }
        result = self.formula(Dual(x, 1.0 if self.by == X else None, dual), dual, **given)
        tangent = result.tangent if isinstance(result, Dual) else None
        # Pieces that `where` and `clip` pick by comparisons let NaN through as a number,
        slope = xp.where(xp.isnan(x), x, 0.0 if tangent is None else tangent)
        # and 1/x is a number where log x is none.
        value = result.value if isinstance(result, Dual) else x
        return xp.where(xp.isnan(value), value, slope)


@dataclass(frozen=True)
class Given:
    """A derivative that the user wrote.

    Attributes:
        formula: takes ``(x, xp, **parameters)``.
    """

    formula: Callable[..., Any]

    def __call__(self, x: Any, xp: Any, **parameters: Any) -> Any:
        return Value(self.formula)(x, xp, **parameters)


@dataclass(frozen=True)
class Definition:
    """The formula in exact arithmetic, as far as mpmath's precision is set.

    Attributes:
        formula: takes ``(x, xp, **parameters)``.
    """

    formula: Callable[..., Any]

    def __call__(self, mp: Any, x: Any, **parameters: Any) -> Any:
        numbers = {name: mp.mpf(value) for name, value in parameters.items()}
        return self.formula(mp.mpf(x), ExactNamespace(mp), **numbers)


def _arrays(x: Any, xp: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: xp.number(value, x) if isinstance(value, float | int) else value
        for name, value in parameters.items()
    }
