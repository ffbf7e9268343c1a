"""A target that raises at some inputs: which ones, found by halving, and on with the others."""

from __future__ import annotations

import numpy as np

from nonlin.certification.tally import Tally
from nonlin.certification.target import Target
from nonlin.errors import NonlinError

# Calls spent on one array in finding the inputs; beyond them whole pieces count as raising.
_CALLS = 600
_MESSAGES = 8


def evaluate_around(
    target: Target, patterns: np.ndarray, tally: Tally, messages: list[str]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Results at `patterns`, leaving out inputs at which the target raises.

    Args:
        target: what is evaluated.
        patterns: bits of the inputs.
        tally: where inputs that raise are counted.
        messages: where new exceptions are noted, in a line each.

    Returns:
        Bits of the results, zero where it raised, and where that was; None for nowhere.

    Raises:
        NonlinError: a result of another shape or dtype.
    """
    try:
        return target.evaluate(patterns), None
    except NonlinError:
        raise
    except Exception as error:
        first = error
    results = np.zeros(len(patterns), dtype=target.form.bits)
    refused = np.zeros(len(patterns), dtype=bool)
    pieces, calls = [(0, len(patterns))], 0
    while pieces:
        low, high = pieces.pop()
        try:
            calls += 1
            if calls > _CALLS:
                raise first
            results[low:high] = target.evaluate(patterns[low:high])
        except NonlinError:
            raise
        except Exception as error:
            if high - low > 1 and calls <= _CALLS:
                middle = (low + high) // 2
                pieces += [(middle, high), (low, middle)]
                continue
            refused[low:high] = True
            _note(target, patterns[low], error, messages)
    x = target.form.numbers(patterns[refused])
    tally.fail("raised", x.astype(np.float64))
    return results, refused


def _note(target: Target, pattern: np.generic, error: Exception, messages: list[str]) -> None:
    told = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
    if len(messages) < _MESSAGES and not any(told in message for message in messages):
        x = float(target.form.numbers(np.array([pattern]))[0])
        messages.append(f"{told} (first met at x = {x!r})")
