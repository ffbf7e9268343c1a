"""Does the first verified repair of each faulty case raise the metric?

    python benchmarks/diagnose/repairs.py [--seeds 5] [--json FILE]

Each case is watched, its findings' repairs are tried in their order on the script itself, in pairs
of runs, until one helps: ln of the final loss falls, with an interval that excludes 0. A case whose
repairs are words for a person (remove a detach, mend the data) is counted apart.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import multiprocessing
import os
import runpy
import tempfile
from pathlib import Path
from typing import Any

import faulty
from faulty import Case

FORK = multiprocessing.get_context("fork")


def forked(script: Path, arguments: list[str], change: dict[str, Any], seed: int) -> dict[str, Any]:
    """One trial in a fork of this process, which has PyTorch already."""
    ours, theirs = FORK.Pipe(duplex=False)

    def work() -> None:
        from nonlin.diagnosis.trial import run_trial

        with (
            open(os.devnull, "w") as sink,
            contextlib.redirect_stdout(sink),
            contextlib.redirect_stderr(sink),
        ):
            theirs.send(run_trial(change, seed, script, arguments))

    process = FORK.Process(target=work)
    process.start()
    theirs.close()
    try:
        return ours.recv()
    except EOFError:
        return {"losses": [], "code": 1}
    finally:
        process.join()


def attempt(case: Case, seeds: int) -> dict[str, Any]:
    """Watch a case and try its repairs."""
    import nonlin
    from nonlin.diagnosis.verifying import verify

    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "train.py")
        script.write_text(case.text, "utf-8")
        with (
            nonlin.watch(quiet=True) as watcher,
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.suppress(Exception),
        ):
            runpy.run_path(str(script), run_name="__main__")
        tried = verify(script, [], watcher.diagnosis.findings, seeds=seeds, jobs=1, trial=forked)
    helped = next((v for v in tried if v.helps), None)
    return {
        "name": case.name,
        "kind": case.kind,
        "tried": [v.as_json() for v in tried],
        "helped": helped is not None,
        "repair": helped.repair.text if helped else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    results = []
    cases = faulty.cases()
    # Kinds mixed, so that a run that is cut short says something of each.
    for case in (*cases[::3], *cases[1::3], *cases[2::3]):
        if options.names and not any(n in case.name for n in options.names):
            continue
        result = attempt(case, options.seeds)
        results.append(result)
        last = result["tried"][0] if result["tried"] else None
        first = f"{last['gain']:.2f} {[round(v, 2) for v in last['interval']]}" if last else "-"
        print(
            f"{case.name:34} {'helps' if result['helped'] else 'no':6} first: {first} "
            f"{result['repair'] or ''}"[:150],
            flush=True,
        )
        if options.json:
            _write(options.json, options.seeds, results)
    print(_summary(results))


def _summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    able = [r for r in results if r["tried"]]
    helped = sum(r["helped"] for r in able)
    return {
        "cases": len(results),
        "tried": len(able),
        "helped": helped,
        "share": helped / len(able) if able else None,
        "only_words": [r["name"] for r in results if not r["tried"]],
        "not_helped": [r["name"] for r in able if not r["helped"]],
    }


def _write(path: Path, seeds: int, results: list[dict[str, Any]]) -> None:
    head = {"command": "python benchmarks/diagnose/repairs.py", "seeds": seeds}
    body = {**head, "summary": _summary(results), "cases": results}
    path.write_text(json.dumps(body, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
