"""`nonlin watch`: run a training script, and say what its activations do to it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from nonlin.errors import NonlinError


def watch(
    context: typer.Context,
    script: Annotated[str, typer.Argument(help="A Python script that trains with PyTorch.")],
    json: Annotated[Path | None, typer.Option(help="Write the findings to this file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page to this file.")] = None,
    every: Annotated[
        int | None,
        typer.Option(help="Look at every so many steps.", show_default="as the budget allows"),
    ] = None,
    overhead: Annotated[
        float, typer.Option(help="Share of the time that looking may take.")
    ] = 0.02,
    threshold: Annotated[
        list[str] | None, typer.Option(help="name=value of a rule's limit; may be repeated.")
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(help="Exit with 1 where a finding is a problem, warning or info, or worse."),
    ] = None,
) -> int:
    """Run a script unchanged, and end with what is wrong, where, since when and why.

    Options of nonlin come before the script, the script's own arguments after it. The findings
    go to standard error, so that the script's output stays its own.
    """
    from nonlin.cli.output import write
    from nonlin.diagnosis.script import end_as, require_script, run_script
    from nonlin.errors import require

    path = require_script(script)
    require_severity(fail_on)
    require("torch", "torch", "nonlin watch")
    from nonlin.diagnosis.watching import fails
    from nonlin.diagnosis.watching import watch as look

    if html is not None:
        require("plotly", "plot", "nonlin watch --html")
    for option, file in (("--json", json), ("--html", html)):
        check_writable(option, file)
    watcher = look(every=every, overhead=overhead, thresholds=read_pairs(threshold or []))
    watcher.start()
    ending = run_script(path, context.args)
    diagnosis = watcher.stop()
    sys.stdout.flush()
    from nonlin.report.terminal_diagnosis import show

    if os.environ.get("RANK", "0") != "0":
        return ending.code  # One of several ranks; the first one speaks for all.
    show(diagnosis)
    if json is not None:
        write("--json", json, diagnosis.to_json())
    if html is not None:
        write("--html", html, diagnosis.to_html())
    end_as(ending)
    if ending.code:
        return ending.code
    if not diagnosis.steps:
        raise NonlinError(
            f"watch {script}: no optimizer step was seen, so that there was no training to judge; "
            "the script has to call step() of a torch.optim optimizer in this process, or to "
            "change its parameters after it has back-propagated"
        )
    return 1 if fail_on is not None and fails(diagnosis, fail_on) else 0


def require_severity(fail_on: str | None) -> None:
    """Refuse a severity that there is not."""
    allowed = ("problem", "warning", "info")
    if fail_on is not None and fail_on not in allowed:
        raise NonlinError(f"--fail-on {fail_on!r}; allowed: {', '.join(allowed)}")


def check_writable(option: str, path: Path | None) -> None:
    """Refuse a path that cannot be written, before any work is done."""
    if path is None:
        return
    from nonlin.cli.output import write

    kept = path.read_bytes() if path.is_file() else None
    write(option, path, b"" if kept is None else kept)
    if kept is None:
        path.unlink()


def read_pairs(pairs: list[str]) -> dict[str, float]:
    """``name=value`` texts as numbers by name."""
    found = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise NonlinError(
                f"--threshold {pair!r}; allowed: name=number, such as dead_share=0.3"
            ) from None
    return found
