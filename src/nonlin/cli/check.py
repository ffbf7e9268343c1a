"""`nonlin check`: judge a network and one batch before training."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from nonlin.errors import NonlinError, require


def check(
    target: Annotated[
        str,
        typer.Argument(
            help="module:function without arguments that returns (model, batch) or (model, batch, "
            "loss); the batch is (inputs, targets)."
        ),
    ],
    json: Annotated[Path | None, typer.Option(help="Write the findings to this file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page to this file.")] = None,
    threshold: Annotated[
        list[str] | None, typer.Option(help="name=value of a rule's limit; may be repeated.")
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(help="Exit with 1 where a finding is a problem, warning or info, or worse."),
    ] = None,
) -> int:
    """Judge a network on one batch: no training, and the network stays as it is."""
    require("torch", "torch", "nonlin check")
    from nonlin.cli.output import console, write
    from nonlin.cli.watch import check_writable, read_pairs, require_severity
    from nonlin.diagnosis.checking import check as judge
    from nonlin.diagnosis.watching import fails
    from nonlin.report.terminal_diagnosis import show
    from nonlin.usercode import call, resolve

    require_severity(fail_on)
    for option, file in (("--json", json), ("--html", html)):
        check_writable(option, file)
    function = resolve(target, "check")
    _require_no_arguments(target, function)
    given: Any = call(f"check {target!r}", function)
    if isinstance(given, tuple) and len(given) > 2 and _is_tensor(given[2]):
        given = (given[0], (given[1], given[2]), *given[3:])
    if not isinstance(given, tuple) or len(given) not in (2, 3):
        raise NonlinError(
            f"check {target!r}: returned {_told(given)}; allowed: (model, batch) or (model, batch, "
            "loss), where batch is (inputs, targets)"
        )
    diagnosis = judge(*given, thresholds=read_pairs(threshold or []))
    show(diagnosis, console())
    if json is not None:
        write("--json", json, diagnosis.to_json())
    if html is not None:
        write("--html", html, diagnosis.to_html())
    return 1 if fail_on is not None and fails(diagnosis, fail_on) else 0


def _require_no_arguments(target: str, function: Callable[..., Any]) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # Of a builtin nobody knows.
    wanted = [
        p.name
        for p in signature.parameters.values()
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if wanted:
        raise NonlinError(
            f"check {target!r}: takes {', '.join(wanted)}; allowed: a function without arguments "
            "that returns (model, batch) or (model, batch, loss)"
        )


def _is_tensor(thing: object) -> bool:
    import torch

    return isinstance(thing, torch.Tensor)


def _told(given: object) -> str:
    many = f" of {len(given)}" if isinstance(given, tuple | list) else ""
    return f"{type(given).__name__}{many}"
