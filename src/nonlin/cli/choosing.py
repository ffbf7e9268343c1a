"""Options of `nonlin list`, one for each property, from the one table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import typer

from nonlin.activation import Activation
from nonlin.properties import PROPERTIES


def with_filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command, whose ``**wanted`` takes them, an option ``--x/--no-x`` per property."""
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    filters = []
    for name, item in PROPERTIES.items():
        names = [f"--{name}/--no-{name}"]
        if item.opposite:
            names.append(f" /--{item.opposite}")
        option = typer.Option(None, *names, help=f"{item.help[0].upper()}{item.help[1:]}.")
        filters.append(
            inspect.Parameter(
                name.replace("-", "_"),
                inspect.Parameter.KEYWORD_ONLY,
                default=option,
                annotation=bool | None,
            )
        )

    def run(**values: Any) -> Any:
        return command(**values)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {p.name: p.annotation for p in [*own, *filters]}
    keyword = [p.replace(kind=p.KEYWORD_ONLY) for p in own]
    run.__signature__ = inspect.Signature([*filters, *keyword])  # type: ignore[attr-defined]
    return run


def chosen(records: list[Activation], wanted: dict[str, bool | None]) -> list[Activation]:
    """The records that have every wanted property, and none of the unwanted."""
    asked = {
        PROPERTIES[name.replace("_", "-")]: value
        for name, value in wanted.items()
        if value is not None
    }
    return [r for r in records if all(item.of(r) is value for item, value in asked.items())]
