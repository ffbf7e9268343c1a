"""The command `nonlin info`: what this installation computes with."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

FRAMEWORKS = ("numpy", "scipy", "torch", "jax", "keras", "cupy", "onnx", "onnxruntime")


def info() -> None:
    """Show the instruction set, threads, kernels, frameworks and devices in use."""
    from nonlin import __version__
    from nonlin.backends import native

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    table.add_row("nonlin", __version__)
    table.add_row("Python", f"{platform.python_version()} on {platform.system()}")
    for name, text in (*native.report(), *_frameworks()):
        table.add_row(name, text)
    # Written to a file or a pipe, a line stays a line.
    width = None if sys.stdout.isatty() else 200
    Console(width=width, highlight=False).print(table)


def _frameworks() -> Iterator[tuple[str, str]]:
    for name in FRAMEWORKS:
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield name, "not installed"
            continue
        devices = _devices(name)
        yield name, f"{version}, {devices}" if devices else version


def _devices(name: str) -> str:
    """The devices a framework offers, counted by kind."""
    try:
        if name == "torch":
            import torch

            counts = {"cpu": 1, "cuda": torch.cuda.device_count()}
            counts["mps"] = int(torch.backends.mps.is_available())
        elif name == "jax":
            import jax

            counts = Counter(device.platform for device in jax.devices())
        else:
            return ""
    except Exception as error:  # A framework that is installed and broken is worth a line.
        return f"does not load: {error}"
    shown = (kind if count == 1 else f"{kind} ×{count}" for kind, count in counts.items() if count)
    return "devices: " + ", ".join(shown)
