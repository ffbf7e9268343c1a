"""The errors a user of nonlin can meet: each is one line that says what to do."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
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


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest known word, capitals aside, as the end of an error's first half.

    Args:
        word: what the user wrote.
        known: the words that are allowed.

    Returns:
        ``"; did you mean 'digits'?"``, or an empty string where nothing is near.

    Example:
        >>> did_you_mean("digit", ["digits", "mnist"])
        "; did you mean 'digits'?"
    """
    folded = {name.casefold(): name for name in known}
    letters = sorted(word.casefold())
    # Letters that changed places are the nearest slip of all: 'gleu' is no 'glu'.
    near = [name for name in folded if sorted(name) == letters]
    near = near or difflib.get_close_matches(word.casefold(), folded, n=1)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""
