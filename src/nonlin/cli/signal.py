"""`nonlin signal`: what does depth do to an activation's signals and gradients?"""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import Annotated

import typer

from nonlin.errors import NonlinError


def signal(
    activations: Annotated[
        list[str],
        typer.Argument(help="Names, such as gelu or 'swish(beta=1.5)', or formulas in x."),
    ],
    depth: Annotated[int, typer.Option(help="Layers.")] = 50,
    width: Annotated[int, typer.Option(help="Units, or channels, of each layer.")] = 500,
    init: Annotated[
        str,
        typer.Option(
            help="he, xavier, lecun, pytorch, matched, backward, compromise, critical, "
            "or 'σ_w,σ_b' such as 1.5,0.1."
        ),
    ] = "he",
    stack: Annotated[str, typer.Option(help="dense or conv.")] = "dense",
    residual: Annotated[bool, typer.Option("--residual", help="Add z to each layer.")] = False,
    norm: Annotated[str, typer.Option(help="none, layer or batch.")] = "none",
    networks: Annotated[
        int, typer.Option(help="Networks drawn and run; 0 for the theory alone.")
    ] = 5,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    html: Annotated[Path | None, typer.Option(help="Write a page to this file.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write every figure to this file.")] = None,
) -> None:
    """Predict what depth does to signals and gradients, beside networks that are really drawn.

    Says by which layer the gradient falls under what float16, bfloat16 and float32 can hold.
    """
    from nonlin.cli.output import console, write
    from nonlin.naming import parse_activation
    from nonlin.report.signal_text import signal_view
    from nonlin.signal import propagate

    records = [parse_activation(text) for text in activations]
    names = [repr(record) for record in records]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise NonlinError(f"{repeated} is named twice; name each once")
    results = []
    for record in records:
        if networks and len(records) > 1 and sys.stderr.isatty():
            print(f"{record} ...", file=sys.stderr)
        results.append(
            propagate(
                record,
                depth,
                width,
                _init(init),
                stack=stack,
                residual=residual,
                norm=norm,
                networks=networks,
                seed=seed,
            )
        )
    console().print(signal_view(results))
    if html is not None:
        from nonlin.report.signal_page import render

        write("--html", html, render(results))
        print(f"page: {html}")
    if json is not None:
        content = [result.to_dict() for result in results]
        text = json_text.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
        write("--json", json, text + "\n")
        print(f"figures: {json}")


def _init(text: str) -> str | tuple[float, float]:
    """A word, or two numbers; what is neither is refused where the words are known."""
    weight, comma, bias = text.partition(",")
    try:
        return (float(weight), float(bias)) if comma else text
    except ValueError:
        return text
