"""Progress of a sweep on disk, so that an interrupted one resumes."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nonlin.errors import NonlinError


class State:
    """A small file, replaced whole or not at all, for one target and method.

    Args:
        folder: where files of progress lie.
        key: everything that the counts depend on; another key is another file.

    Raises:
        NonlinError: the folder cannot be written.
    """

    def __init__(self, folder: Path, key: Mapping[str, Any]) -> None:
        text = json.dumps(key, sort_keys=True, default=str)
        self.path = folder / f"sweep-{hashlib.sha256(text.encode()).hexdigest()[:24]}.npz"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NonlinError(f"--resume-dir {str(folder)!r}: {error.strerror}") from None

    def load(self) -> dict[str, np.ndarray] | None:
        """What was kept, if it can be read."""
        try:
            with np.load(self.path, allow_pickle=False) as kept:
                return dict(kept)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None

    def save(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays; a reader finds these or the ones before, never a part."""
        partial = self.path.with_suffix(".partial")
        try:
            with partial.open("wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path)
        except OSError as error:
            raise NonlinError(f"--resume-dir {str(self.path.parent)!r}: {error.strerror}") from None

    def clear(self) -> None:
        """Remove the file, when the sweep is done."""
        self.path.unlink(missing_ok=True)
