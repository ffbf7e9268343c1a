"""Dual numbers: an array with its tangent, so that a formula differentiates itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nonlin.errors import NonlinError

if TYPE_CHECKING:
    from nonlin.defining.rules import DualNamespace


class NoRuleError(NonlinError, AttributeError):
    """A formula uses something that cannot be differentiated."""


class Dual:
    """An array and how it moves: the number v + t·ε with ε² = 0.

    Args:
        value: array of any library, or another dual number.
        tangent: array or number that broadcasts to `value`; None for a constant.
        xp: the namespace that holds the rules.
    """

    # NumPy's operators leave the work to the reflected ones below.
    __array_ufunc__ = None

    def __init__(self, value: Any, tangent: Any, xp: DualNamespace) -> None:
        self.value = value
        self.tangent = tangent
        self.xp = xp

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    @property
    def shape(self) -> Any:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def device(self) -> Any:
        return getattr(self.value, "device", None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NoRuleError(f"array attribute .{name} has no rule to differentiate by; use xp")

    def __add__(self, other: Any) -> Dual:
        return self.xp.add(self, other)

    def __radd__(self, other: Any) -> Dual:
        return self.xp.add(other, self)

    def __sub__(self, other: Any) -> Dual:
        return self.xp.subtract(self, other)

    def __rsub__(self, other: Any) -> Dual:
        return self.xp.subtract(other, self)

    def __mul__(self, other: Any) -> Dual:
        return self.xp.multiply(self, other)

    def __rmul__(self, other: Any) -> Dual:
        return self.xp.multiply(other, self)

    def __truediv__(self, other: Any) -> Dual:
        return self.xp.divide(self, other)

    def __rtruediv__(self, other: Any) -> Dual:
        return self.xp.divide(other, self)

    def __pow__(self, other: Any) -> Dual:
        return self.xp.pow(self, other)

    def __rpow__(self, other: Any) -> Dual:
        return self.xp.pow(other, self)

    def __neg__(self) -> Dual:
        return self.xp.negative(self)

    def __pos__(self) -> Dual:
        return self

    def __abs__(self) -> Dual:
        return self.xp.abs(self)

    def __gt__(self, other: Any) -> Any:
        return self.xp.greater(self, other)

    def __ge__(self, other: Any) -> Any:
        return self.xp.greater_equal(self, other)

    def __lt__(self, other: Any) -> Any:
        return self.xp.less(self, other)

    def __le__(self, other: Any) -> Any:
        return self.xp.less_equal(self, other)

    def __eq__(self, other: Any) -> Any:
        return self.xp.equal(self, other)

    def __ne__(self, other: Any) -> Any:
        return self.xp.not_equal(self, other)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise NoRuleError("a formula of an array has no truth value; write xp.where")

    def __getitem__(self, key: Any) -> Any:
        raise NoRuleError("an element of an array has no rule to differentiate by; use xp.where")
