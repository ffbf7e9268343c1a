"""Time of `import nonlin`, each in a fresh interpreter, over an interpreter that imports nothing.

python benchmarks/import_time.py
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 15


def seconds(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began


def main() -> None:
    pairs = [(seconds("pass"), seconds("import nonlin")) for _ in range(RUNS)]
    added = [loaded - empty for empty, loaded in pairs]
    result = {
        "command": "python benchmarks/import_time.py",
        "median_seconds": round(statistics.median(added), 4),
        "largest_seconds": round(max(added), 4),
        "python": platform.python_version(),
    }
    target = Path(__file__).parent / "results" / "import_time.json"
    target.write_text(json.dumps(result, indent=2) + "\n")
    print(f"import nonlin: median {result['median_seconds']} s; written to {target.name}")


if __name__ == "__main__":
    main()
