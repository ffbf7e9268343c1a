"""``text:FILE``: predict the next character of a UTF-8 text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from nonlin.comparison.data.dataset import Dataset
from nonlin.errors import NonlinError

BLOCK = 64
_TEST_FRACTION = 0.1
_LEAST_BLOCKS = 10


def load(file: str, *, block: int = BLOCK) -> Dataset:
    """Cut a text into blocks of characters; the last tenth of them are the test rows.

    Blocks do not overlap. Row i of x holds the characters i·block … (i+1)·block − 1, and y the
    same one further on. What is left at the end and fills no block is not used.

    Args:
        file: path of the text.
        block: characters in a row, at least 1.

    Returns:
        Tokens (N, block); the labels are the characters, in the order of their code points.

    Raises:
        NonlinError: the file cannot be read as UTF-8, is too short, or repeats one character.
    """
    name = f"text:{file}"
    if block < 1:
        raise NonlinError(f"--block {block}: allowed: 1 or more characters")
    text = _read(file, name)
    blocks = (len(text) - 1) // block
    if blocks < _LEAST_BLOCKS:
        raise NonlinError(
            f"--data {name!r}: {len(text)} characters are too few; at least "
            f"{_LEAST_BLOCKS * block + 1} are needed for blocks of {block}: give a longer text or "
            "a smaller --block"
        )
    used = np.frombuffer(text[: blocks * block + 1].encode("utf-32-le"), dtype="<u4")
    vocabulary, codes = np.unique(used, return_inverse=True)
    if len(vocabulary) < 2:
        raise NonlinError(
            f"--data {name!r}: the text repeats one character, {text[0]!r}; "
            "at least 2 distinct ones are needed"
        )
    tokens = torch.from_numpy(codes.astype(np.int64))
    x, y = tokens[:-1].reshape(blocks, block), tokens[1:].reshape(blocks, block)
    kept = blocks - max(1, round(_TEST_FRACTION * blocks))
    notes = [
        f"{len(text):,} characters, {len(vocabulary)} distinct, in {blocks:,} blocks of {block}; "
        f"the last {blocks - kept:,} are the test rows, {len(text) - len(used):,} characters at "
        "the end fill no block and are not used"
    ]
    unseen = len(vocabulary) - len(tokens[: kept * block + 1].unique())
    if unseen:
        notes.append(f"{unseen} characters occur in the test rows alone")
    return Dataset(
        name,
        "language",
        x[:kept],
        y[:kept],
        x[kept:],
        y[kept:],
        outputs=len(vocabulary),
        labels=tuple(chr(point) for point in vocabulary),
        notes=tuple(notes),
    )


def _read(file: str, name: str) -> str:
    path = Path(file).expanduser()
    if path.is_dir():
        raise NonlinError(f"--data {name!r}: is a directory; give a text file")
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise NonlinError(f"--data {name!r}: no such file; check the path") from None
    except OSError as error:
        raise NonlinError(f"--data {name!r}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise NonlinError(
            f"--data {name!r}: not UTF-8 text: byte {error.object[error.start]:#04x} at position "
            f"{error.start}; save it as UTF-8, or: iconv -f latin1 -t utf-8"
        ) from None
    # A byte order mark is no character of the text.
    return text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
