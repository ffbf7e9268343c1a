"""Run the peers' rules on the cases.

    python benchmarks/diagnose/peers/run.py [--json benchmarks/results/diagnose_peers.json]

A peer is judged on the kinds that its rules can express: other faults count neither way. A kind of
finding that is ours under another name is counted as ours; `learning-rate` is right where it is the
cause of the fault.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import multiprocessing
import runpy
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent)]

from cases import all_cases, summary  # noqa: E402

from peers import autotrainer, deepdiagnosis, sagemaker  # noqa: E402
from peers.recording import Recording  # noqa: E402

PEERS = {
    "AutoTrainer": autotrainer,
    "SageMaker Debugger": sagemaker,
    "DeepDiagnosis": deepdiagnosis,
}
EXPRESSED = {
    "AutoTrainer": {"dead-units", "vanishing-gradient", "exploding-gradient", "non-finite"},
    "SageMaker Debugger": {
        "dead-units",
        "vanishing-gradient",
        "exploding-gradient",
        "non-finite",
        "saturated-units",
        "init-mismatch",
    },
    "DeepDiagnosis": {
        "dead-units",
        "vanishing-gradient",
        "exploding-gradient",
        "non-finite",
        "saturated-units",
        "init-mismatch",
    },
}
# NaN after an explosion is one fault to them.
_SAME = {"non-finite": {"exploding-gradient"}, "exploding-gradient": {"non-finite"}}


def look(case: Any) -> tuple[str, dict[str, list[str]]]:
    """Run a script, and hear all three."""
    recording = Recording()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "script.py")
        script.write_text(case.text, "utf-8")
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
            runpy.run_path(str(script), run_name="__main__")
    looks = recording.stop()
    return case.name, {name: sorted(peer.judge(looks)) for name, peer in PEERS.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    cases = {c.name: c for c in all_cases()}
    import torch

    torch.set_num_threads(1)
    with multiprocessing.get_context("fork").Pool(options.jobs, maxtasksperchild=1) as pool:
        answers = dict(pool.imap(look, cases.values()))
    totals = {}
    for peer, expressed in EXPRESSED.items():
        judged = []
        for name, case in cases.items():
            if case.kind and case.kind not in expressed:
                continue
            kinds = set(answers[name][peer])
            right = {case.kind, *case.also} if case.kind else set()
            right |= {same for kind in right for same in _SAME.get(kind, ())}
            if "learning-rate-too-high" in case.causes:
                right.add("learning-rate")
            judged.append(
                {
                    "expected": case.kind,
                    "found": bool(kinds & ({case.kind} | _SAME.get(case.kind or "", set()))),
                    "false": sorted(kinds - right),
                    "cause_right": None,
                }
            )
        totals[peer] = summary(judged)
        shown = {k: v for k, v in totals[peer].items() if k != "by_kind"}
        print(peer, {k: round(v, 3) if isinstance(v, float) else v for k, v in shown.items()})
    if options.json:
        body = {
            "command": "python benchmarks/diagnose/peers/run.py",
            "summary": totals,
            "found": answers,
        }
        options.json.write_text(json.dumps(body, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
