"""Runs a user's script as Python would, while an observer looks on."""

from __future__ import annotations

import io
import os
import runpy
import signal
import sys
import tokenize
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nonlin.errors import NonlinError


@dataclass(frozen=True)
class Ending:
    """How a script ended.

    Attributes:
        code: its exit code.
        interrupted: whether an interrupt ended it.
    """

    code: int
    interrupted: bool = False


def require_script(path: str) -> Path:
    """The script's path, if Python can run it.

    Raises:
        NonlinError: there is no such file, or it is not Python.
    """
    file = Path(path)
    if not file.exists():
        raise NonlinError(f"watch {path}: no such file; name a Python script")
    if file.is_dir():
        raise NonlinError(f"watch {path}: is a directory; name a Python script")
    try:
        with tokenize.open(file) as source:
            text = source.read()
        compile(text, str(file), "exec", dont_inherit=True)
    except (SyntaxError, UnicodeDecodeError, ValueError, OSError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        raise NonlinError(f"watch {path}: is not Python ({said}{line})") from None
    return file


def run_script(path: Path, arguments: Sequence[str]) -> Ending:
    """Run a script as ``__main__``.

    Its exceptions are printed as Python prints them, with the frames of the script alone.

    Args:
        path: the script.
        arguments: what it finds in ``sys.argv[1:]``.
    """
    argv = sys.argv
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        # Absolute, as Python makes the path of its main script.
        runpy.run_path(str(path.absolute()), run_name="__main__")
    except SystemExit as error:
        return Ending(_exit_code(error))
    except KeyboardInterrupt as error:
        _print(error)
        return Ending(128 + signal.SIGINT, interrupted=True)
    except BaseException as error:
        _print(error)
        return Ending(1)
    finally:
        sys.argv = argv
    return Ending(0)


def end_as(ending: Ending) -> None:
    """Die of the interrupt that ended the script, as Python does."""
    if ending.interrupted:
        sys.stdout.flush()
        sys.stderr.flush()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)


def _exit_code(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr)
    return 1


def _print(error: BaseException) -> None:
    """The traceback from the script's own first frame on."""
    trace: Any = error.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    hook = sys.excepthook
    if hook is not sys.__excepthook__:
        hook(type(error), error, trace)
        return
    out = io.StringIO()
    traceback.print_exception(type(error), error, trace, file=out)
    sys.stderr.write(out.getvalue())


def _is_ours(filename: str) -> bool:
    return filename.startswith("<frozen") or filename in (__file__, runpy.__file__)
