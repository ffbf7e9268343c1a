"""Wall time and answer of the commands the README leads with, installed and data at hand.

    python benchmarks/commands.py [--data-dir DIR]

Runs what `make demo` runs, and the comparison on all of MNIST that the README's picture shows
(only with --data-dir: a download would be timed too).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
MNIST = "--data mnist --activations sigmoid,tanh,relu,swish,mish --seeds 5 --epochs 3"


def demo() -> str:
    """The options of `make demo`, from the Makefile."""
    found = re.search(r"^DEMO := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def measure(options: str, *more: str) -> dict:
    """Run one comparison from nothing; return its wall time and leaderboard."""
    with tempfile.TemporaryDirectory() as out:
        words = [*options.split(), *more, "--json", "--out", out]
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "nonlin", "compare", *words],
            check=True,
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - began
    rows = json.loads(done.stdout)["leaderboard"]
    shown = ("name", "mean", "difference", "verdict", "gradient_ratio_start", "blocked_share")
    return {
        "command": f"nonlin compare {options}",
        "seconds": round(seconds, 1),
        "leaderboard": [{name: row[name] for name in shown} for row in rows],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path)
    asked = parser.parse_args()
    runs = [measure(demo())]
    if asked.data_dir:
        runs.append(measure(MNIST, "--data-dir", str(asked.data_dir)))
    result = {
        "runs": runs,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }
    target = Path(__file__).parent / "results" / "commands.json"
    target.write_text(json.dumps(result, indent=2) + "\n")
    for run in runs:
        print(f"{run['seconds']} s: {run['command']}")


if __name__ == "__main__":
    main()
