"""Which activation a function claims to be, when the user does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nonlin.activation import Activation
from nonlin.errors import NonlinError, did_you_mean
from nonlin.facts import Facts
from nonlin.functions import get, list_activations


def find_reference(
    text: str, arguments: Mapping[str, Any], as_: str | Activation | None, known: object = None
) -> Activation:
    """The record that a function is judged against.

    Args:
        text: the function's name, ``module:function``.
        arguments: keywords it is called with.
        as_: the record or its name, with parameters as it is printed; found by the
            function's name when None.
        known: the function itself, for one that is a record.

    Returns:
        An elementwise record with its parameters set.

    Raises:
        NonlinError: unknown name (the nearest is offered), none that fits, or a function of
            a whole axis.
    """
    if as_ is not None:
        record = _named(as_)
    elif isinstance(known, Activation):
        record = known.bind(**arguments)
    else:
        record = _claimed(text, arguments)
    if not isinstance(record.facts, Facts):
        raise NonlinError(
            f"{record.name} depends on a whole axis; certify judges elementwise functions"
        )
    return record


def _named(as_: str | Activation) -> Activation:
    if isinstance(as_, Activation):
        return as_
    from nonlin.certification.spelling import parse_record

    return parse_record(as_)


def _claimed(text: str, arguments: Mapping[str, Any]) -> Activation:
    """By a framework's path, then by a name in the catalogue, then by PyTorch's class."""
    name = text.rpartition(":")[2].rpartition(".")[2]
    path = text.replace(":", ".")
    home = path.partition(".")[0]
    records = [get(known) for known in list_activations()]
    for record in records:
        convention = record.conventions.get(home)
        if convention and convention.call == path and dict(convention.arguments) == arguments:
            return record.bind(**convention.parameters)
    for record in records:
        names = {record.name, *record.aliases, record.torch}
        convention = record.conventions.get(home)
        if name in names or (convention and convention.call == path):
            bound = _translated(record, arguments)
            if bound is not None:
                return record.bind(**bound)
            given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
            raise NonlinError(
                f"{text}: cannot tell which function it is with {given}; give --as, "
                f"such as --as {record.name}"
            )
    names = [n for record in records for n in (record.name, *record.aliases)]
    raise NonlinError(
        f"{text}: no activation is named {name!r}{did_you_mean(name, names)}; give --as NAME"
    )


def _translated(record: Activation, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """The record's parameters from the function's keywords; None where one is not known."""
    theirs = {p.torch or p.name: p for p in record.parameters}
    ours = {p.name: p for p in record.parameters}
    bound = {}
    for key, value in arguments.items():
        if key == "inplace":
            continue
        if key in theirs:
            bound[theirs[key].name] = theirs[key].from_torch(value)
        elif key in ours:
            bound[key] = value
        else:
            return None
    return bound
