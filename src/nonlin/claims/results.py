"""What a run of a claim leaves behind: one JSON file with data, settings and versions."""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nonlin.claims.claim import MODES, Claim
from nonlin.errors import NonlinError

SCHEMA = 1
_KEYS = {"schema", "claim", "mode", "settings", "versions", "experiment", "steps"}
_PACKAGES = ("nonlin", "numpy", "scipy", "torch")


@dataclass(frozen=True)
class Result:
    """A finished run of a claim.

    Attributes:
        number: the claim.
        mode: ``quick`` or ``full``; verdicts of record rest on full runs.
        settings: what was asked, as JSON values.
        versions: of what it ran on.
        experiment: the steps and their settings, as they were declared.
        steps: what each step gave.
    """

    number: int
    mode: str
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    experiment: Sequence[Any]
    steps: Mapping[str, Any]


def committed_folder() -> Path:
    """Where the committed full runs lie: ``docs/claims`` of a checkout."""
    return Path(__file__).parents[3] / "docs" / "claims"


def result_path(folder: Path, claim: Claim, mode: str) -> Path:
    """The file of a claim's result; a quick run never takes the place of a full one."""
    return folder / (f"{claim.slug}.json" if mode == "full" else f"{claim.slug}.quick.json")


def read_results(
    claims: Iterable[Claim], folder: Path | None = None, refused: list[str] | None = None
) -> dict[int, Result]:
    """The full runs that lie in a folder, by number.

    Args:
        claims: whose.
        folder: the committed ones when None.
        refused: takes the messages about files that cannot be used, which then are left out.

    Raises:
        NonlinError: a file is damaged, or was made by other steps, and `refused` is None.
    """
    found = {}
    for claim in claims:
        path = result_path(folder or committed_folder(), claim, "full")
        if not path.is_file():
            continue
        try:
            found[claim.number] = read(path, claim)
        except NonlinError as error:
            if refused is None:
                raise
            refused.append(str(error))
    return found


def read(path: Path, claim: Claim) -> Result:
    """One result, checked against the claim."""
    content = _load(path)
    if set(content) != _KEYS or content["schema"] != SCHEMA or content["claim"] != claim.number:
        raise NonlinError(f"{path}: not a result of claim {claim.number}; run it again")
    mode = content["mode"]
    known = mode in MODES
    asked = as_json(claim.settings[mode]) if known else {}
    declared = experiment_of(claim, mode) if known else []
    if content["settings"] != asked or content["experiment"] != declared:
        raise NonlinError(
            f"{path}: claim {claim.number} is tested by other steps now; run it again"
        )
    if set(content["steps"]) != {name for name, _ in declared}:
        raise NonlinError(f"{path}: steps are missing; run claim {claim.number} again")
    return Result(claim.number, mode, asked, content["versions"], declared, content["steps"])


def experiment_of(claim: Claim, mode: str) -> list[Any]:
    """The steps of a claim as JSON: a result of other ones is no result of this claim."""
    steps = claim.steps(**claim.settings[mode])
    return as_json([[step.name, dict(step.settings)] for step in steps])


def save(path: Path, result: Result) -> None:
    """Write a result, whole or not at all."""
    write(
        path,
        {
            "schema": SCHEMA,
            "claim": result.number,
            "mode": result.mode,
            "settings": result.settings,
            "versions": result.versions,
            "experiment": result.experiment,
            "steps": result.steps,
        },
    )


def write(path: Path, content: Any) -> None:
    """Write JSON beside and move it into place, so that an interrupt leaves the old file."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        reason = error.strerror or str(error)
        raise NonlinError(f"--out {path.parent}: {path.name}: {reason}; name another") from None


def as_json(value: Any) -> Any:
    """A value as it comes back from a file."""
    return json.loads(json.dumps(value))


def describe_versions() -> dict[str, str]:
    """Versions of Python and the packages that figures depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def _load(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NonlinError(f"{path}: cannot be read ({error}); run the claim again") from None
    return content if isinstance(content, dict) else {}
