"""The grammar of formulas in text: a tokenizer and a precedence-climbing parser.

It knows numbers, names, ``+ - * / **``, parentheses and calls, and nothing of Python: what is
not in the grammar cannot be said, and no text is ever run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from typing import NamedTuple

from nonlin.activation import Activation
from nonlin.defining.expression import (
    CONSTANTS,
    EXTREMES,
    FUNCTIONS,
    Activated,
    Binary,
    Call,
    Name,
    Negative,
    Node,
    Number,
    constant_of,
)
from nonlin.errors import NonlinError, did_you_mean
from nonlin.functions import get, list_activations
from nonlin.vector import VectorActivation

LENGTH, DEPTH, EXPONENT = 1_000, 50, 100.0
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<symbol>\*\*|[-+*/(),])"
)
# Binding powers; a power binds its right side first, and before a minus sign on its left.
_POWERS = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 4}
_MINUS = 3
_SHOWN = 30
_ALLOWED = "; allowed: numbers, names, + - * / **, parentheses and functions"
_HINTS = {"^": "; a power is written **", "·": "; a product is written *"}


class Token(NamedTuple):
    """A piece of the text; ``kind`` is number, name, symbol or end."""

    kind: str
    text: str
    start: int


def function_names() -> list[str]:
    """The functions a text may call, those of the catalogue included."""
    return sorted({*FUNCTIONS, *EXTREMES, *_activations()})


def parse_text(text: str, parameters: Collection[str]) -> Node:
    """Read a formula.

    Args:
        text: the formula.
        parameters: names it may use beside x and the constants.

    Returns:
        Its tree.

    Raises:
        NonlinError: the text is no formula; the position, counted from 1, is told.
    """
    if not isinstance(text, str):
        raise NonlinError(f"parse: got a {type(text).__name__}; allowed: a formula as text")
    if len(text) > LENGTH:
        raise NonlinError(f"parse: text of {len(text):,} characters; allowed: up to {LENGTH:,}")
    return _Parser(text, parameters).formula()


def _records(kind: type[Activation]) -> list[Activation]:
    return [record for record in map(get, list_activations()) if type(record) is kind]


def _activations() -> dict[str, Activation]:
    """The elementwise records by every name."""
    return {n: record for record in _records(Activation) for n in (record.name, *record.aliases)}


class _Parser:
    def __init__(self, text: str, parameters: Collection[str]) -> None:
        self._text = text
        self._parameters = parameters
        self._level = 0
        self._end = 0
        self._next: Token | None = None

    def formula(self) -> Node:
        node = self._expression(0)
        token = self._peek()
        if token.kind in ("name", "number") or token.text == "(":
            raise self._error(f"no operator before {token.text!r}", token, _HINTS["·"])
        if token.kind != "end":
            raise self._unexpected(token)
        return node

    def _expression(self, power: int) -> Node:
        """Read operators that bind more than `power`."""
        self._level += 1
        self._check_depth(self._level, self._peek())
        left = self._operand()
        while _POWERS.get(self._peek().text, 0) > power:
            token = self._take()
            binding = _POWERS[token.text]
            right = self._expression(binding - 1 if token.text == "**" else binding)
            left = self._binary(token, left, right)
        self._level -= 1
        return left

    def _operand(self) -> Node:
        token = self._take()
        if token.kind == "number":
            value = float(token.text)
            if not math.isfinite(value):
                raise self._error(f"number {token.text[:_SHOWN]} is not finite", token)
            return Number(value)
        if token.kind == "name":
            return self._named(token)
        if token.text == "(":
            node = self._expression(0)
            self._expect(")")
            return node
        if token.text in ("-", "+"):
            operand = self._expression(_MINUS - 1)
            if token.text == "+":
                return operand
            return Negative(operand, self._check_depth(1 + operand.depth, token))
        raise self._unexpected(token)

    def _named(self, token: Token) -> Node:
        name = token.text
        is_function = name in FUNCTIONS or name in EXTREMES or name in _activations()
        if is_function:
            if self._peek().text != "(":
                raise self._error(f"{name!r} without its argument", token, f"; write {name}(...)")
            return self._call(token)
        if name in CONSTANTS:
            node: Node = Number(CONSTANTS[name], name)
        elif name == "x" or name in self._parameters:
            node = Name(name)
        else:
            raise self._unknown(token)
        if self._peek().text == "(":
            raise self._error(f"{name!r} is no function", self._peek(), _HINTS["·"])
        return node

    def _call(self, token: Token) -> Node:
        name = token.text
        self._expect("(")
        arguments = [self._expression(0)]
        while self._peek().text == ",":
            self._take()
            arguments.append(self._expression(0))
        self._expect(")")
        if name in EXTREMES:
            if len(arguments) < 2:
                raise self._error(f"{name} of one argument", token, "; allowed: two or more")
        elif len(arguments) != 1:
            raise self._error(f"{name} of {len(arguments)} arguments", token, "; allowed: one")
        depth = self._check_depth(1 + max(node.depth for node in arguments), token)
        record = _activations().get(name)
        if record is not None:
            return Activated(record, arguments[0], depth)
        return Call(name, tuple(arguments), depth)

    def _binary(self, token: Token, left: Node, right: Node) -> Node:
        depth = self._check_depth(1 + max(left.depth, right.depth), token)
        node = Binary(token.text, left, right, depth)
        try:
            constant = constant_of(right)
            if token.text == "/" and constant == 0:
                raise ZeroDivisionError
            exponent = constant if token.text == "**" else None
            if exponent is not None and abs(exponent) > EXPONENT:
                raise self._error(
                    f"exponent {exponent:g}",
                    token,
                    f"; allowed: up to {EXPONENT:g} in size",
                )
            constant_of(node)
        except ArithmeticError:
            raise self._error(f"{token.text!r} gives no finite number", token) from None
        return node

    def _peek(self) -> Token:
        if self._next is None:
            self._next = self._read()
        return self._next

    def _take(self) -> Token:
        token = self._peek()
        if token.kind != "end":
            self._next = None
        return token

    def _read(self) -> Token:
        start = self._end
        while self._text[start : start + 1] == " ":
            start += 1
        if start == len(self._text):
            return Token("end", "", start)
        match = _TOKEN.match(self._text, start)
        if match is None:
            letter = self._text[start]
            raise self._error(
                f"unexpected {letter!r}",
                Token("symbol", letter, start),
                _HINTS.get(letter, _ALLOWED),
            )
        self._end = match.end()
        return Token(match.lastgroup or "", match.group(), start)

    def _expect(self, symbol: str) -> None:
        token = self._take()
        if token.text != symbol:
            raise self._unexpected(token, f"; allowed: {symbol!r}")

    def _check_depth(self, depth: int, token: Token) -> int:
        if depth > DEPTH:
            raise self._error("too deep", token, f"; allowed: {DEPTH} operators in one another")
        return depth

    def _unexpected(self, token: Token, allowed: str = _ALLOWED) -> NonlinError:
        what = "the text ends" if token.kind == "end" else f"unexpected {token.text!r}"
        return self._error(what, token, allowed)

    def _unknown(self, token: Token) -> NonlinError:
        name, names = token.text, ["x", *CONSTANTS, *self._parameters]
        if any(name in (record.name, *record.aliases) for record in _records(VectorActivation)):
            return self._error(f"{name!r} works on whole vectors", token)
        return self._error(
            f"unknown name {name!r}",
            token,
            f"; allowed: {', '.join(names)}, functions such as exp, max and sigmoid, and "
            f"parameters given a start value ({name}=1.0)"
            f"{did_you_mean(name, [*names, *function_names()])}",
        )

    def _error(self, what: str, token: Token, hint: str = "") -> NonlinError:
        start, end = token.start - _SHOWN, token.start + _SHOWN
        shown = self._text[max(0, start) : end]
        shown = f"{'…' if start > 0 else ''}{shown}{'…' if end < len(self._text) else ''}"
        return NonlinError(f"parse: {what} at position {token.start + 1} in {shown!r}{hint}")
