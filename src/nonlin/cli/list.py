"""`nonlin list`: the catalogue, filtered by what is true of its functions."""

from __future__ import annotations

import json as json_text
from typing import Annotated

import typer

from nonlin.cli.choosing import chosen, with_filters
from nonlin.conventions import FRAMEWORKS
from nonlin.errors import NonlinError, did_you_mean
from nonlin.functions import get, list_activations


@with_filters
def list_(
    framework: Annotated[
        str | None, typer.Option(help=f"Only what it offers: {', '.join(FRAMEWORKS)}.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Every fact as JSON on standard output.")
    ] = False,
    **wanted: bool | None,
) -> None:
    """List the activation functions, or those with the properties that are named."""
    from nonlin.cli.output import console
    from nonlin.report.description import as_json
    from nonlin.report.terminal_list import list_table

    if framework is not None and framework not in FRAMEWORKS:
        hint = did_you_mean(framework, FRAMEWORKS)
        raise NonlinError(f"--framework {framework!r}{hint}; allowed: {', '.join(FRAMEWORKS)}")
    records = chosen([get(name) for name in list_activations()], wanted)
    if framework is not None:
        records = [record for record in records if framework in record.conventions]
    if json:
        print(json_text.dumps([as_json(r) for r in records], ensure_ascii=False, indent=1))
    elif not records:
        print("no activation has all of these properties")
    else:
        target = console()
        target.print(list_table(records, target.width))
