"""What a certificate's figures depend on beside the function: processor and versions."""

from __future__ import annotations

import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_SETS = ("avx512f", "avx2", "fma", "avx", "sse4_2", "asimd", "sve", "sve2")


def describe_machine() -> dict[str, str]:
    """Processor, its vector instruction sets and the operating system; no names of hosts."""
    model, flags = platform.processor() or platform.machine(), set[str]()
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        text = ""
    if found := re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE):
        model = found[1].strip()
    if found := re.search(r"^(?:flags|Features)\s*:\s*(.+)$", text, re.MULTILINE):
        flags = set(found[1].split())
    return {
        "processor": model,
        "architecture": platform.machine(),
        "instructions": " ".join(name for name in _SETS if name in flags) or "not known",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
    }


def describe_versions(framework: dict[str, str]) -> dict[str, str]:
    """Versions of Python, nonlin, mpmath and the framework."""
    import nonlin

    found = {"python": platform.python_version(), "nonlin": nonlin.__version__, **framework}
    for package in ("numpy", "mpmath"):
        try:
            found.setdefault(package, version(package))
        except PackageNotFoundError:
            continue
    return found
