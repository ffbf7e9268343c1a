"""The user's own code, named on the command line as ``module:function``."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from nonlin.errors import NonlinError, UserCodeError, did_you_mean


def resolve(spec: str, what: str) -> Callable[..., Any]:
    """Find the callable that ``module:function`` names.

    The current directory stays on ``sys.path`` afterwards, as under ``python -m``, so that
    the function can import its neighbours when it is called.

    Args:
        spec: the module's dotted name, a colon, and the function's name (dots allowed:
            ``"models:Factory.build"``).
        what: the option that carried it, such as ``"--data"``; begins every message.

    Returns:
        The callable.

    Raises:
        NonlinError: the spec is not of that form, or the module or function is not there.
        UserCodeError: the module raised while it was imported.

    Example:
        >>> resolve("math:sqrt", "--data")(9.0)
        3.0
    """
    label = f"{what} {spec!r}"
    module_name, _, function_name = spec.partition(":")
    if "/" in module_name or module_name.endswith(".py"):
        dotted = module_name.removesuffix(".py").replace("/", ".").strip(".")
        raise NonlinError(f"{label}: give the module's name, not its file: '{dotted}:FUNCTION'")
    parts = [*module_name.split("."), *function_name.split(".")]
    if not all(part.isidentifier() for part in parts):
        raise NonlinError(f"{label}: not of the form module:function, such as 'mydata:load'")
    directory = os.getcwd()
    if directory not in sys.path:
        sys.path.insert(0, directory)
    found = _import(module_name, label)
    for name in function_name.split("."):
        if not hasattr(found, name):
            raise NonlinError(_no_such_function(found, name, label))
        found = getattr(found, name)
    if not callable(found):
        raise NonlinError(f"{label}: is a {type(found).__name__}; allowed: a function")
    return found


def call(label: str, function: Callable[..., Any], *arguments: object) -> Any:
    """Call the user's function, and tell what it raised in one line.

    Args:
        label: begins the message, such as ``"--data 'mydata:load'"``.
        function: the user's function.
        *arguments: handed to it.

    Returns:
        What the function returned.

    Raises:
        UserCodeError: the function raised; the exception is kept as ``__cause__``.
    """
    try:
        return function(*arguments)
    except (Exception, SystemExit) as error:
        raise UserCodeError(f"{label}: {_told(error)}") from error


def _import(module_name: str, label: str) -> Any:
    try:
        return importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        # The module itself or one of its packages; anything else is an import inside it.
        if missing and (module_name == missing or module_name.startswith(f"{missing}.")):
            raise NonlinError(
                f"{label}: no module {missing!r} in the current directory or installed; "
                "run from the directory that holds it"
            ) from None
        raise UserCodeError(f"{label}: importing {module_name!r} failed: {_told(error)}") from error


def _no_such_function(owner: Any, name: str, label: str) -> str:
    functions = [
        known
        for known in dir(owner)
        if not known.startswith("_") and callable(getattr(owner, known))
    ]
    shown = ", ".join(functions[:8]) + (", …" if len(functions) > 8 else "")
    # Says which file was taken: a module of the same name elsewhere is the usual cause.
    place = f" ({owner.__file__})" if getattr(owner, "__file__", None) else ""
    return (
        f"{label}: {getattr(owner, '__name__', owner)!r}{place} has no function {name!r}"
        f"{did_you_mean(name, functions)} (it has: {shown or 'none'})"
    )


def _told(error: BaseException) -> str:
    """The exception in one line, with the place that raised it."""
    message = next(iter(str(error).splitlines()), "")
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen")
    ]
    place = (
        f" ({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})" if frames else ""
    )
    return f"raised {type(error).__name__}{f': {message}' if message else ''}{place}"
