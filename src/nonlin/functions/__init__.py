"""The catalogue: one private module per activation, found by itself, re-exported by name."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from typing import Any

from nonlin.activation import Activation
from nonlin.errors import NonlinError, did_you_mean
from nonlin.facts import KinkChoice

_records: dict[str, Activation] = {}
_names: dict[str, str] = {}


def register(record: Activation) -> Activation:
    """Add a record to the catalogue.

    Raises:
        NonlinError: its name or an alias is taken.
    """
    for name in (record.name, *record.aliases):
        if name in _names:
            raise NonlinError(
                f"activation {record.name!r}: name {name!r} is taken by {_names[name]!r}"
            )
    for other in _records.values():
        if record.class_name == other.class_name:
            raise NonlinError(
                f"activation {record.name!r}: class {record.class_name!r} is taken by "
                f"{other.name!r}"
            )
    _records[record.name] = record
    _names.update(dict.fromkeys((record.name, *record.aliases), record.name))
    return record


def get(name: str, *, at_kink: KinkChoice | None = None, **parameters: Any) -> Activation:
    """Find an activation by name or alias, with parameters set.

    Args:
        name: canonical name or alias, such as ``"swish"`` or ``"silu"``.
        at_kink: slope at a kink: ``"torch"`` (default), ``"left"``, ``"right"``, ``"middle"``.
        **parameters: values by name, such as ``beta=1.5``.

    Returns:
        The record.

    Raises:
        NonlinError: unknown name (the nearest is offered) or parameter.

    Example:
        >>> import nonlin
        >>> nonlin.get("leaky_relu", alpha=0.2)(-1.0)
        -0.2
    """
    if not isinstance(name, str) or name not in _names:
        hint = did_you_mean(str(name), _names)
        raise NonlinError(
            f"unknown activation {name!r}{hint} ({len(_records)} known: nonlin.list_activations())"
        )
    return _records[_names[name]].bind(at_kink=at_kink, **parameters)


def list_activations() -> list[str]:
    """Canonical names of all activations, sorted.

    Example:
        >>> import nonlin
        >>> "mish" in nonlin.list_activations()
        True
    """
    return sorted(_records)


def restore(
    name: str, bound: dict[str, Any], learned: tuple[str, ...], at_kink: KinkChoice
) -> Activation:
    """The record that was pickled under these values."""
    return dataclasses.replace(get(name), bound=bound, learned=learned, at_kink=at_kink)


def _discover() -> None:
    for module in pkgutil.iter_modules(__path__):
        for record in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            # A variant's module also holds the record it varies.
            if isinstance(record, Activation) and record is not _records.get(record.name):
                register(record)


_discover()
