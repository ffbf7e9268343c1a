"""Progress of a sweep on the terminal, with the time left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


@contextmanager
def progress(name: str, total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error until the block ends.

    Args:
        name: what is judged.
        total: inputs in all.
        quiet: show nothing.

    Yields:
        A function to call with each number of inputs done.
    """
    columns = (
        TextColumn("judging {task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn(f"of {total:,} inputs"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, disable=quiet, transient=True) as bar:
        task = bar.add_task(escape(name), total=total)
        yield lambda count: bar.update(task, advance=count)
