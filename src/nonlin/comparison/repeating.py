"""How to repeat a comparison: as a shell line and as Python."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import Any

from nonlin.comparison.settings import Settings
from nonlin.defining.record import Defined, Parsed


def _given(settings: Settings) -> dict[str, Any]:
    """The settings that differ from their defaults, and those that were inferred."""
    defaults = {item.name: item.default for item in dataclasses.fields(Settings)}
    values = settings.to_json()
    given = {
        k: v for k, v in values.items() if v != defaults[k] and k not in ("data", "activations")
    }
    given["learning_rates"] = values["learning_rates"]
    return given


def command(settings: Settings, folder: Path) -> str:
    """The shell line that repeats a comparison."""
    options = {
        "data": settings.data_name,
        "activations": ",".join(
            record.name if isinstance(record, Parsed) else repr(record)
            for record in settings.activations
        ),
        **_given(settings),
        "out": str(folder),
    }
    words = ["nonlin", "compare"]
    for record in settings.activations:
        if isinstance(record, Parsed):
            words += ["--define", f"{record.name}={record.source}"]
    for name, value in options.items():
        if value is True:
            words.append(f"--{name}")
            continue
        text = ",".join(map(repr, value)) if isinstance(value, list) else str(value)
        words += [f"--{name.replace('_', '-')}", text]
    return shlex.join(words)


def python(settings: Settings, folder: Path) -> str:
    """The Python code that repeats a comparison."""
    given = {**_given(settings), "out": str(folder)}
    arguments = [repr(settings.data_name), _python_activations(settings)]
    arguments += [f"{name}={value!r}" for name, value in given.items()]
    return "import nonlin\n\nresult = nonlin.compare(\n    " + ",\n    ".join(arguments) + ",\n)"


def _python_activations(settings: Settings) -> str:
    records = settings.activations
    if not any(isinstance(record, Defined) for record in records):
        return repr(",".join(settings.names))
    words = []
    for record in records:
        if isinstance(record, Parsed):
            spec = f"{record.name}={record.source}"
            words.append(f"nonlin.defining.parse_definition({spec!r})")
        else:
            # A Python formula is the caller's own, and goes by the name it was given.
            words.append(record.name if isinstance(record, Defined) else repr(repr(record)))
    return f"[{', '.join(words)}]"
