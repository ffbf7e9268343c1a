"""Copies of the sources, to which tests add modules."""

from __future__ import annotations

import shutil
from pathlib import Path

import nonlin

# An editable install finds its own sources before those on PYTHONPATH.
COPY_FIRST = """import sys
sys.meta_path[:] = [f for f in sys.meta_path if not type(f).__name__.startswith("ScikitBuild")]
"""


def copy_sources(folder: Path) -> Path:
    """Copy the package to `folder`, to be imported from there with PYTHONPATH; returns it."""
    copied = folder / "nonlin"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(nonlin.__file__).parent, copied, ignore=ignored)
    (folder / "sitecustomize.py").write_text(COPY_FIRST, "utf-8")
    return copied
