"""`nonlin show`: all that is known of an activation, or of several beside one another."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated

import typer

from nonlin.errors import NonlinError


def show(
    activations: Annotated[
        list[str],
        typer.Argument(help="Names, such as gelu or 'swish(beta=1.5)', or formulas in x."),
    ],
    like: Annotated[
        str | None,
        typer.Option(help="Whose defaults hold: torch, jax, keras, timm or hf."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write an interactive page to this file.")
    ] = None,
    png: Annotated[Path | None, typer.Option(help="Write a picture to this file.")] = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="Everything as JSON: a list with an object per activation."),
    ] = False,
) -> None:
    """Show formula, derivative, facts, conventions, error bound and plot.

    Several activations are drawn over one another and their facts stand side by side.
    """
    from nonlin.cli.output import console, write
    from nonlin.naming import parse_activation

    records = [parse_activation(text) for text in activations]
    if like is not None:
        records = [record.bind(like=like) for record in records]
    names = [repr(record) for record in records]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise NonlinError(f"{repeated} is named twice; name each once")
    if png is not None:
        from nonlin.report.pictures import png as draw

        write("--png", png, draw(records))
    if html is not None:
        from nonlin.report.activation_page import render

        write("--html", html, render(records))
    if json:
        from nonlin.report.description import as_json

        print(json_text.dumps([as_json(r) for r in records], ensure_ascii=False, indent=1))
    elif png is None and html is None:
        from nonlin.report.terminal_show import show as print_records

        print_records(records, console())
    else:
        for path in filter(None, (png, html)):
            print(f"wrote {path}")
