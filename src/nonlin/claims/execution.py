"""Running a claim: step by step, each kept when it is done."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nonlin.claims.claim import MODES, Claim, Context
from nonlin.claims.results import (
    Result,
    as_json,
    describe_versions,
    experiment_of,
    result_path,
    save,
    write,
)
from nonlin.errors import NonlinError

FOLDER = Path("nonlin-results") / "claims"


def run_claim(
    claim: Claim,
    mode: str = "quick",
    *,
    data_dir: Path | None = None,
    out: Path = FOLDER,
    work: Path = FOLDER,
    workers: int = 1,
    quiet: bool = True,
) -> Result:
    """Run the experiment of a claim, or what is left of it.

    Args:
        claim: which.
        mode: ``quick`` or ``full``.
        data_dir: the folder of MNIST, for the claims that train on it.
        out: where the result is written when all steps are done.
        work: where finished steps are kept until then, so that the same call resumes.
        workers: processes that train at a time.
        quiet: show no progress.

    Returns:
        The result, which is also in `out`.

    Raises:
        NonlinError: an unknown mode, missing data, or a folder that cannot be written.
    """
    if mode not in MODES:
        raise NonlinError(f"mode {mode!r}; allowed: {', '.join(MODES)}")
    settings, versions = as_json(claim.settings[mode]), describe_versions()
    steps = claim.steps(**claim.settings[mode])
    check_data([claim], mode, data_dir)
    begun = work / f"{claim.slug}.{mode}.part.json"
    # What was done under other settings or versions does not belong to this run.
    experiment = experiment_of(claim, mode)
    identity = {"settings": settings, "versions": versions, "experiment": experiment}
    folder = work / f"{claim.slug}.{mode}"
    done = _resumed(begun, identity)
    if done is None:
        shutil.rmtree(folder, ignore_errors=True)
        done = {}
        write(begun, {**identity, "steps": done})
    for index, step in enumerate(steps, 1):
        if step.name in done:
            continue
        if not quiet:
            print(f"claim {claim.number}, {index} of {len(steps)}: {step.name}", file=sys.stderr)
        context = Context(folder / str(index), data_dir, workers, quiet)
        done[step.name] = as_json(step.run(context, **step.settings))
        write(begun, {**identity, "steps": done})
    result = Result(claim.number, mode, settings, versions, experiment, done)
    save(result_path(out, claim, mode), result)
    # The same call again is another run, not a second look at this one.
    begun.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    return result


def _resumed(path: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    """The finished steps of the same experiment; None where there is nothing to resume."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    steps = content.pop("steps", None) if isinstance(content, dict) else None
    return steps if isinstance(steps, dict) and content == identity else None


def check_data(claims: Sequence[Claim], mode: str, data_dir: Path | None) -> None:
    """Refuse before anything is computed: hours of work must not end at a missing file.

    Args:
        claims: those that are to run.
        mode: ``quick`` or ``full``.
        data_dir: the folder of MNIST, if one was named.

    Raises:
        NonlinError: one of them trains on MNIST, and it is not there.
    """
    training = [
        claim
        for claim in claims
        if any("mnist" in step.needs for step in claim.steps(**claim.settings[mode]))
    ]
    if not training:
        return
    if data_dir is None:
        number = training[0].number
        raise NonlinError(
            f"claim {number} trains on MNIST; name the folder of its files: --data-dir DIR"
        )
    from nonlin.comparison.data import load

    load("mnist", data_dir=data_dir)
