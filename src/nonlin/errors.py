"""The errors a user of nonlin can meet: each is one line that says what to do."""

from __future__ import annotations

import importlib
from types import ModuleType


class NonlinError(ValueError):
    """Bad input, told in one line: what was got, what is allowed, what to do."""


class InputTypeError(NonlinError, TypeError):
    """An input of a kind that activations do not take."""


class MissingExtraError(NonlinError, ImportError):
    """An optional dependency that was asked for is not installed."""


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional dependency, or say which extra brings it.

    Args:
        module: the module to import, such as ``"plotly.graph_objects"``.
        extra: the extra of nonlin that installs it, such as ``"lab"``.
        purpose: what the caller needs it for; begins the message.

    Returns:
        The imported module.

    Raises:
        MissingExtraError: the module's distribution is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise
        raise MissingExtraError(
            f"{purpose} needs {module.partition('.')[0]}, which is not installed; "
            f"run: pip install 'nonlin[{extra}]'"
        ) from None


class UserCodeError(NonlinError):
    """The user's own code failed; the exception it raised is kept as ``__cause__``."""
