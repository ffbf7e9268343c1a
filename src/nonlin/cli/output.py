"""Where commands print and write."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nonlin.errors import NonlinError

if TYPE_CHECKING:
    from rich.console import Console

# Of output that goes to a file or a pipe, unless COLUMNS says otherwise.
WIDTH = 100


def console() -> Console:
    """Standard output: coloured in a terminal, plain elsewhere."""
    from rich.console import Console

    known = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
    return Console(highlight=False) if known else Console(width=WIDTH, highlight=False)


def write(option: str, path: Path, content: str | bytes) -> None:
    """Write a file that was asked for, whole or not at all.

    Raises:
        NonlinError: it cannot be written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    beside = path.parent / f".{path.name}.{os.getpid()}"
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        reason = error.strerror or str(error)
        raise NonlinError(f"{option} {path}: {reason}; name a file that can be written") from None
