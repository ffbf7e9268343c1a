"""A formula as a tree: what a text is parsed into, evaluated node by node."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nonlin.activation import Activation
from nonlin.defining.exact import ExactNamespace

CONSTANTS = {"e": math.e, "pi": math.pi}
# Name in a text, name in the namespace; those of the catalogue come beside them.
FUNCTIONS = {
    name: name
    for name in (
        *("abs", "asinh", "atan", "cos", "cosh", "erf", "erfc", "exp", "expm1", "log", "log1p"),
        *("sin", "sinh", "sqrt", "tan", "tanh"),
    )
}
EXTREMES = {"max": "maximum", "min": "minimum"}
_OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}


@dataclass(frozen=True)
class Scope:
    """What the names of a formula stand for.

    Attributes:
        x: the input.
        xp: the namespace of the input.
        parameters: arrays by name.
    """

    x: Any
    xp: Any
    parameters: Mapping[str, Any]

    @property
    def is_exact(self) -> bool:
        return isinstance(self.xp, ExactNamespace)

    def array(self, operand: Any) -> Any:
        """A number as an array, for functions that take no number."""
        return self.xp.number(operand, self.x) if isinstance(operand, float | int) else operand


@dataclass(frozen=True)
class Number:
    """A number or a named constant; it has no names of its own."""

    value: float
    name: str = ""
    depth: int = field(default=1, compare=False)

    def at(self, scope: Scope) -> Any:
        if not scope.is_exact:
            return self.value
        return getattr(scope.xp, self.name) if self.name else scope.xp.number(self.value, None)


@dataclass(frozen=True)
class Name:
    """The input, or a parameter."""

    name: str
    depth: int = field(default=1, compare=False)

    def at(self, scope: Scope) -> Any:
        return scope.x if self.name == "x" else scope.parameters[self.name]


@dataclass(frozen=True)
class Negative:
    """−u."""

    operand: Node
    depth: int = field(compare=False)

    def at(self, scope: Scope) -> Any:
        return -self.operand.at(scope)


@dataclass(frozen=True)
class Binary:
    """A sum, difference, product, quotient or power."""

    symbol: str
    left: Node
    right: Node
    depth: int = field(compare=False)

    def at(self, scope: Scope) -> Any:
        left, right = self.left.at(scope), self.right.at(scope)
        if scope.is_exact and self.symbol == "/":
            return scope.xp.divide(left, right)
        if scope.is_exact and self.symbol == "**":
            return scope.xp.pow(left, right)
        if self.symbol == "**" and isinstance(right, float) and right.is_integer():
            right = int(right)  # A product of few factors, on every library.
        return _OPERATORS[self.symbol](left, right)


@dataclass(frozen=True)
class Call:
    """A function of the namespace."""

    function: str
    arguments: tuple[Node, ...]
    depth: int = field(compare=False)

    def at(self, scope: Scope) -> Any:
        first, *rest = (scope.array(argument.at(scope)) for argument in self.arguments)
        if self.function not in EXTREMES:
            return getattr(scope.xp, FUNCTIONS[self.function])(first)
        for other in rest:
            first = getattr(scope.xp, EXTREMES[self.function])(first, other)
        return first


@dataclass(frozen=True)
class Activated:
    """An activation of the catalogue, which brings its own formulas."""

    record: Activation
    operand: Node
    depth: int = field(compare=False)

    def at(self, scope: Scope) -> Any:
        return scope.xp.apply(self.record, scope.array(self.operand.at(scope)))


Node = Number | Name | Negative | Binary | Call | Activated


@dataclass(frozen=True)
class Expression:
    """A parsed text as a formula.

    Attributes:
        root: the tree.
    """

    root: Node

    def __call__(self, x: Any, xp: Any, **parameters: Any) -> Any:
        return self.root.at(Scope(x, xp, parameters))


def constant_of(node: Node) -> float | None:
    """The value of a tree without x and parameters, as far as arithmetic gives one.

    Raises:
        ArithmeticError: it overflows or divides by 0.
    """
    match node:
        case Number(value=value):
            return value
        case Negative(operand=operand):
            inner = constant_of(operand)
            return None if inner is None else -inner
        case Binary(symbol=symbol, left=left, right=right):
            a, b = constant_of(left), constant_of(right)
            if a is None or b is None:
                return None
            result = _OPERATORS[symbol](a, b)
            if isinstance(result, complex) or not math.isfinite(result):
                raise ArithmeticError
            return result
    return None
