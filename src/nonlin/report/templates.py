"""The templates of this folder."""

from __future__ import annotations

from pathlib import Path

import jinja2

_HERE = Path(__file__).parent


def environment(*folders: Path) -> jinja2.Environment:
    """Templates of this folder, and of others, escaping by default."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([_HERE, *folders]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def asset(name: str | Path) -> str:
    """The text of a file of this folder, or of one with a path of its own."""
    return (_HERE / name).read_text("utf-8")
