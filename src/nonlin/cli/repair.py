"""`nonlin repair`: what would mend a training, and does it?"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from nonlin.errors import NonlinError


def repair(
    context: typer.Context,
    script: Annotated[str, typer.Argument(help="A Python script that trains with PyTorch.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Train with and without each repair, in pairs.")
    ] = False,
    seeds: Annotated[int, typer.Option(help="Pairs of runs for --verify.")] = 5,
    jobs: Annotated[int, typer.Option(help="Runs at a time.")] = 2,
    json: Annotated[Path | None, typer.Option(help="Write what was tried to this file.")] = None,
) -> int:
    """Watch a script, and list its findings' repairs; with --verify, try them.

    A repair is tried by changing the network, its data or its optimizer while the unchanged script
    runs. One that does not help is not recommended.
    """
    from nonlin.cli.output import console, write
    from nonlin.cli.watch import check_writable
    from nonlin.diagnosis.finding import dumps
    from nonlin.diagnosis.script import require_script, run_script
    from nonlin.errors import require

    if seeds < 2:
        raise NonlinError(f"--seeds {seeds}; allowed: 2 or more, for an interval")
    path = require_script(script)
    require("torch", "torch", "nonlin repair")
    check_writable("--json", json)
    from nonlin.diagnosis.watching import watch as look

    watcher = look(quiet=True).start()
    with contextlib.redirect_stdout(io.StringIO()):
        ending = run_script(path, context.args)
    diagnosis = watcher.stop()
    if ending.code and not diagnosis.findings:
        raise NonlinError(f"repair {script}: the script ended with {ending.code}")
    out = console()
    if not diagnosis.findings:
        out.print("nothing found: there is nothing to repair")
    tried = []
    if verify and diagnosis.findings:
        require("scipy", "torch", "nonlin repair --verify")
        from nonlin.diagnosis.verifying import verify as try_out

        tried = try_out(
            path,
            context.args,
            diagnosis.findings,
            seeds=seeds,
            jobs=jobs,
            told=lambda text: print(f"nonlin: {text}", file=sys.stderr),
        )
    for finding in diagnosis.findings:
        out.print(f"{finding.kind} in {finding.title} ({finding.cause})", markup=False)
        mine = {v.repair.text: v for v in tried if v.finding is finding}
        for one in finding.repairs:
            result = mine.get(one.text)
            out.print(f"  {_said(result)}{one.text}", markup=False)
    if json is not None:
        write(
            "--json",
            json,
            dumps(
                {
                    "findings": [f.as_json() for f in diagnosis.findings],
                    "verified": [v.as_json() for v in tried],
                }
            ),
        )
    return 0


def _said(result) -> str:
    if result is None:
        return "- "
    if not result.has_effect:
        return "- changed nothing, there is nothing here that it can be tried on: "
    low, high = result.interval
    verdict = "helps" if result.helps else "no proven gain"
    return (
        f"- {verdict}: loss {result.before:.3g} → {result.after:.3g}, ln ratio {result.gain:.2f} "
        f"({low:.2f} to {high:.2f}, {result.seeds} pairs): "
    )
