"""Records as they are printed: ``gelu``, ``leaky_relu(alpha=0.2)``."""

from __future__ import annotations

import ast
import re

from nonlin.activation import Activation
from nonlin.errors import NonlinError
from nonlin.functions import get

_SPELLED = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*")


def parse_record(text: str) -> Activation:
    """Read one record as it is printed.

    Raises:
        NonlinError: malformed text, unknown activation or parameter.

    Example:
        >>> parse_record("leaky_relu(alpha=0.2)")
        leaky_relu(alpha=0.2)
    """
    match = _SPELLED.fullmatch(text)
    if match is None:
        raise NonlinError(f"--as {text!r}; allowed: a name, such as gelu or leaky_relu(alpha=0.2)")
    parameters = {}
    for part in filter(None, (p.strip() for p in (match[2] or "").split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key.isidentifier():
            raise NonlinError(
                f"--as {text!r}; allowed: a name, such as gelu or leaky_relu(alpha=0.2)"
            )
        try:
            parameters[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            parameters[key] = value
    return get(match[1], **parameters)
