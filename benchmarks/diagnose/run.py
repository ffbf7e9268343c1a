"""Run every case under `nonlin watch`, and count what is found: recall and precision.

    python benchmarks/diagnose/run.py [NAME ...] [--unseen] [--jobs 2] [--json FILE]

A fault counts as found when a finding of its kind is there. A finding is right when its kind is
the fault's or a true consequence of it (`also`); any other is a false alarm, and in a healthy
script any at all. The causes are counted apart.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import unseen
from cases import all_cases, summary
from faulty import Case


def watch(case: Case) -> dict[str, Any]:
    """Run one script as the command does, in this process, which is a fork of its own."""
    from nonlin.cli import run

    with tempfile.TemporaryDirectory() as folder:
        script, out = Path(folder, f"{case.name.replace('-', '_')}.py"), Path(folder, "out.json")
        script.write_text(case.text, "utf-8")
        log = Path(folder, "log")
        began = time.perf_counter()
        with (
            log.open("w") as sink,
            contextlib.redirect_stdout(sink),
            contextlib.redirect_stderr(sink),
        ):
            code = run(["watch", "--json", str(out), str(script)])
        seconds = time.perf_counter() - began
        told = log.read_text()
        if not out.exists():
            return {"name": case.name, "error": told[-600:], "findings": [], "code": code}
        data = json.loads(out.read_text())
    found = [
        {k: f[k] for k in ("kind", "severity", "layer", "cause", "since_step")}
        for f in data["findings"]
    ]
    return {
        "name": case.name,
        "findings": found,
        "notes": [n for n in data["notes"] if "failed" in n],
        "steps": data["steps"],
        "looked_at": data["looked_at"],
        "seconds": round(seconds, 2),
        "code": code,
        "error": told[-600:] if code else None,
    }


def judge(case: Case, result: dict[str, Any]) -> dict[str, Any]:
    """What was right and what was not."""
    kinds = {f["kind"] for f in result["findings"]}
    right = {case.kind, *case.also} if case.kind else set()
    causes = {f["cause"] for f in result["findings"] if f["kind"] == case.kind}
    return {
        "expected": case.kind,
        "found": case.kind in kinds if case.kind else None,
        "false": sorted(kinds - right),
        "cause_right": bool(causes & set(case.causes))
        if case.causes and case.kind in kinds
        else None,
    }


def _reseed(text: str, by: int) -> str:
    return re.sub(r"manual_seed\((\d+)\)", lambda m: f"manual_seed({int(m[1]) + by})", text)


def _init() -> None:
    import torch

    torch.set_num_threads(1)
    sys.path.insert(0, str(Path(__file__).parent))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only cases whose name contains one of these")
    parser.add_argument("--unseen", action="store_true", help="the scripts of unseen/ instead")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seed", type=int, default=0, help="added to every script's seed")
    parser.add_argument("--write", type=Path, help="write the scripts to this folder and stop")
    options = parser.parse_args()
    chosen = unseen.cases() if options.unseen else all_cases()
    cases = [c for c in chosen if not options.names or any(n in c.name for n in options.names)]
    if options.seed:
        cases = [c._replace(text=_reseed(c.text, options.seed)) for c in cases]
    if options.write:
        options.write.mkdir(parents=True, exist_ok=True)
        for case in cases:
            (options.write / f"{case.name}.py").write_text(case.text, "utf-8")
        print(f"{len(cases)} scripts in {options.write}")
        return
    import nonlin.diagnosis  # noqa: F401 (before the forks, so that each starts at once)

    options.json = options.json and options.json.resolve()
    os.chdir(Path(__file__).parents[2])  # Where the scripts find their data.

    results = []
    context = multiprocessing.get_context("fork")
    with context.Pool(options.jobs, initializer=_init, maxtasksperchild=1) as pool:
        for result in pool.imap(watch, cases):
            case = next(c for c in cases if c.name == result["name"])
            result.update(judge(case, result))
            bad = result["false"] or result["found"] is False or result["cause_right"] is False
            if bad or result["error"] or result["notes"]:
                told = [(f["kind"], f["layer"], f["cause"]) for f in result["findings"]]
                print(f"{case.name}: wanted {case.kind} {case.causes}; found {told}")
                if result["error"] or result["notes"]:
                    print("  ", result["error"], result["notes"])
            results.append(result)
    total = summary(results)
    for kind, figures in total["by_kind"].items():
        shown = {k: f"{v:.2f}" if isinstance(v, float) else v for k, v in figures.items()}
        print(f"{kind:22} {shown}")
    print({k: v for k, v in total.items() if k != "by_kind"})
    if options.json:
        import torch

        command = " ".join(
            ["python benchmarks/diagnose/run.py", *["--unseen"] * options.unseen, *options.names]
        )
        head = {"command": command, "torch": torch.__version__}
        body = {**head, "summary": total, "cases": results}
        options.json.write_text(json.dumps(body, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
