"""`parse`: a new activation from text."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any, cast

from nonlin.activation import Activation
from nonlin.defining.expression import CONSTANTS, Expression, Name
from nonlin.defining.formulas import Definition
from nonlin.defining.from_formula import class_name_of
from nonlin.defining.grammar import LENGTH, function_names, parse_text
from nonlin.defining.record import Parsed, make, name_of
from nonlin.errors import NonlinError
from nonlin.facts import KinkChoice

_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_NAMED = re.compile(r"\s*([A-Za-z_][A-Za-z_0-9]*)\s*=(?!=)\s*(.*)", re.DOTALL)
_SETTING = re.compile(r"(.*),\s*([A-Za-z_][A-Za-z_0-9]*)\s*=\s*([^,()=]*)", re.DOTALL)


def parse(text: str, /, name: str | None = None, **parameters: float) -> Activation:
    """Make an activation of a text such as ``"x * tanh(softplus(x))"``.

    The text knows numbers, x, ``pi``, ``e``, the parameters, ``+ - * / **`` as in Python,
    parentheses, ``abs asinh atan cos cosh erf erfc exp expm1 log log1p max min sin sinh sqrt
    tan tanh``, and every elementwise activation by name, with its own formulas and slopes.
    It is read as a tree; nothing of it is run as code.

    Args:
        text: the formula, up to 1,000 characters and 50 levels.
        name: a lower-case identifier that the catalogue does not have.
        **parameters: start values of the further names in the text; a module trains them
            (``learn=()`` fixes them).

    Returns:
        The record, printed as its text. It is not part of the catalogue.

    Raises:
        NonlinError: the text is no formula; the position is told.

    Example:
        >>> import nonlin
        >>> nonlin.parse("x * sigmoid(beta * x)", beta=1.0)
        x * sigmoid(beta * x), beta=1.0
        >>> nonlin.parse("x * tanh(softplus(x))").derivative(0.0)
        0.6
    """
    for key in parameters:
        _check_parameter(key)
    tree = parse_text(text, parameters)
    used = set(_names(tree))
    for key in parameters:
        if key not in used:
            raise NonlinError(f"parse: parameter {key!r} does not occur in {text!r}")
    if "x" not in used:
        raise NonlinError(f"parse: {text!r} does not depend on x")
    text = text.strip()
    name = name_of(text) if name is None else name
    formula = Expression(tree)
    return make(
        Parsed,
        formula,
        name=name,
        starts=parameters,
        definition=Definition(formula),
        class_name="Formula" if name == name_of(text) else class_name_of(name),
        text=text,
        learned=tuple(parameters),
    )


def parse_definition(text: str) -> Parsed:
    """Read an activation as a parsed one is printed: ``name=text, parameter=1.0``.

    ``at_kink=left`` and ``learn=none`` (or ``learn=a+b``) may follow.

    Raises:
        NonlinError: no name, or no formula.

    Example:
        >>> parse_definition("gate=x*sigmoid(b*x), b=1.5, learn=none").name
        'gate'
    """
    match = _NAMED.fullmatch(text) if len(text) <= 2 * LENGTH else None
    if match is None:
        raise NonlinError(
            f"--define {text[:60]!r}; allowed: name=formula, such as bent=sqrt(x*x+1)+x, "
            "with start values after commas, such as gate=x*sigmoid(b*x), b=1.0"
        )
    name, rest = match.groups()
    settings: dict[str, str] = {}
    while (setting := _SETTING.fullmatch(rest)) is not None:
        rest, key, value = setting.groups()
        settings[key] = value.strip()
    at_kink, learn = settings.pop("at_kink", None), settings.pop("learn", None)
    starts = {key: _number(key, settings[key]) for key in reversed(settings)}
    record = parse(rest, name, **starts)
    if learn is not None:
        names = () if learn == "none" else tuple(part.strip() for part in learn.split("+"))
        record = dataclasses.replace(record, learned=names)
    return cast(Parsed, record.bind(at_kink=cast(KinkChoice | None, at_kink)))


def _number(key: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise NonlinError(f"--define: {key}={text!r}; allowed: a number") from None


def _check_parameter(name: str) -> None:
    if _PARAMETER.fullmatch(name) is None:
        raise NonlinError(f"parse: parameter {name!r}; allowed: ASCII letters, digits and _")
    if name == "x" or name in CONSTANTS or name in function_names():
        kind = "input" if name == "x" else "constant" if name in CONSTANTS else "function"
        raise NonlinError(f"parse: parameter {name!r} is named like the {kind} {name}; rename it")


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, Name):
        yield node.name
    for item in dataclasses.fields(node):
        inner = getattr(node, item.name)
        for child in inner if isinstance(inner, tuple) else (inner,):
            if dataclasses.is_dataclass(child) and not isinstance(child, Activation):
                yield from _names(child)
