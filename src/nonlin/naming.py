"""Activations as text: ``relu``, ``swish(beta=1.5)``, ``prelu(learned)``, or a formula in x."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from nonlin.activation import Activation
from nonlin.errors import NonlinError
from nonlin.facts import KinkChoice
from nonlin.functions import get

_SPEC = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*(?:,|$)")
_SETTING = re.compile(r",\s*(\w+)\s*=\s*([^,=()]+?)\s*$")
_NAMED = re.compile(r"\s*\w+\s*=[^=]")
_LEARNED = "learned"


def parse_activation(text: str | Activation) -> Activation:
    """Read one activation as it is printed, or as a formula for :func:`nonlin.parse`.

    Args:
        text: ``relu``, ``swish(beta=1.5)``, ``swish(learned)``, ``relu(at_kink=right)``, or a
            formula such as ``x*sigmoid(beta*x), beta=1.5``; a record is handed back.

    Raises:
        NonlinError: malformed text, unknown activation or parameter.

    Example:
        >>> parse_activation("leaky_relu(alpha=0.2)")
        leaky_relu(alpha=0.2)
    """
    if isinstance(text, str) and _is_formula(text):
        return _formula(text)
    records = parse_activations([text] if isinstance(text, Activation) else text)
    if len(records) != 1:
        raise NonlinError(f"{text!r} names {len(records)} activations; allowed: one")
    return records[0]


def parse_activations(
    text: str | Iterable[str | Activation], defined: Mapping[str, Activation] | None = None
) -> tuple[Activation, ...]:
    """Read several activations, separated by commas, or given one by one.

    Args:
        text: the activations.
        defined: records beside the catalogue's, by name.

    Raises:
        NonlinError: malformed text, unknown activation or parameter.

    Example:
        >>> parse_activations("relu, swish(beta=1.5)")
        (relu, swish(beta=1.5))
    """
    if not isinstance(text, str | Iterable):
        raise NonlinError(
            f"activations {text!r}; allowed: names separated by commas, or names and records"
        )
    if not isinstance(text, str):
        return tuple(
            item if isinstance(item, Activation) else parse_activation(item) for item in text
        )
    found, position = [], 0
    while position < len(text):
        match = _SPEC.match(text, position)
        if match is None:
            raise NonlinError(
                f"activations {text!r}: cannot read it from position {position} on; "
                "allowed: names separated by commas, such as relu,swish(beta=1.5)"
            )
        record = (defined or {}).get(match[1]) or get(match[1])
        found.append(_bound(record, _arguments(match[2])))
        position = match.end()
    return tuple(found)


def _arguments(text: str | None) -> list[tuple[str, str]]:
    """Keywords and values; a word alone has the value ''."""
    parts = filter(None, (part.strip() for part in (text or "").split(",")))
    pairs = [part.partition("=") for part in parts]
    return [(key.strip(), value.strip()) for key, _, value in pairs]


def _bound(record: Activation, arguments: list[tuple[str, str]]) -> Activation:
    for key, value in arguments:
        if key == _LEARNED and not value:
            record = record.learn()
        elif key == "at_kink":
            record = record.bind(at_kink=cast(KinkChoice, value))
        else:
            given: dict[str, Any] = {key: _number(value)}
            record = record.bind(**given)
    return record


def _is_formula(text: str) -> bool:
    """Whether text can only be a formula: no list of names, or one applied to something."""
    position = 0
    while position < len(text):
        match = _SPEC.match(text, position)
        if match is None:
            return True
        if any(not value and key != _LEARNED for key, value in _arguments(match[2])):
            return True
        position = match.end()
    return False


def _formula(text: str) -> Activation:
    from nonlin import defining

    if _NAMED.match(text):
        return defining.parse_definition(text)
    formula, given = text, {}
    while match := _SETTING.search(formula):
        given = {match[1]: _number(match[2]), **given}
        formula = formula[: match.start()]
    return defining.parse(formula, **given)


def _number(text: str) -> float | int | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
