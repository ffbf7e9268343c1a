"""Scripts that were written without sight of the rules: `unseen/README.md`."""

from __future__ import annotations

import json
import os
from pathlib import Path

from faulty import Case

FOLDER = Path(__file__).with_name("unseen")


def cases() -> list[Case]:
    """All of them, the faulty ones first."""
    os.environ.setdefault("DATA_DIR", str(FOLDER.parents[3] / "shared" / "data"))
    expected = json.loads((FOLDER / "expected.json").read_text("utf-8"))
    found = []
    for path in sorted(FOLDER.glob("*/*.py")):
        entry = expected[path.stem]
        also = tuple(entry.get("also", ()))
        found.append(Case(path.stem, path.read_text("utf-8"), entry["kind"], (), also))
    return found
