"""Progress on the terminal: how many networks are trained, and how long it will take."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from nonlin.comparison.training import RunResult

Report = Callable[[RunResult], None]


@contextmanager
def progress(total: int, kept: int, quiet: bool) -> Iterator[Report]:
    """Show a bar on standard error until the block ends.

    Args:
        total: runs in all.
        kept: runs that are there from before.
        quiet: show nothing but errors in the user's code.

    Yields:
        A function to call with each result.
    """
    console = Console(file=sys.stderr)
    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("networks  {task.fields[last]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    shown_errors: set[str] = set()
    with Progress(*columns, console=console, disable=quiet, transient=True) as bar:
        task = bar.add_task("", total=total, completed=kept, last="")

        def report(result: RunResult) -> None:
            key = result.key
            bar.update(task, advance=1, last=f"{key.activation}, seed {key.seed}")
            if result.status == "failed" and result.error not in shown_errors:
                shown_errors.add(result.error)
                console.print(
                    f"{key.activation}, {key.phase} run of seed {key.seed} failed:\n"
                    f"{result.error.rstrip()}",
                    markup=False,
                    highlight=False,
                    soft_wrap=True,
                )

        yield report
