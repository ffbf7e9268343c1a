"""One run of a script with a change and a seed: ``python -m nonlin.diagnosis.trial JSON script``.

Prints, as the last line of standard error, the losses that were back-propagated.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from nonlin.diagnosis.changing import Changed
from nonlin.diagnosis.script import run_script

MARK = "nonlin-trial "


class _Losses(TorchFunctionMode):
    """Keeps every loss that is back-propagated."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[torch.Tensor] = []
        self.right: list[torch.Tensor] = []  # share of rows whose class is right

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.Tensor.backward and args and args[0].numel() == 1:
            self.values.append(args[0].detach().double())
        if getattr(func, "__name__", "") in ("cross_entropy", "nll_loss") and len(args) > 1:
            output, target = args[0].detach(), args[1]
            if output.ndim > 1 and not target.is_floating_point():
                self.right.append((output.argmax(1) == target).double().mean())
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def _seeded(offset: int):
    """Seeds that the script sets are moved by `offset`, so that runs pair by it."""
    plain = torch.manual_seed
    plain(offset)
    torch.manual_seed = lambda seed: plain(int(seed) + offset)  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.manual_seed = plain


def run_trial(
    change: Mapping[str, Any], seed: int, script: Path, arguments: Sequence[str]
) -> dict[str, Any]:
    """Run a script in this process.

    Returns:
        ``losses``, None where one was no number; ``right``, the share of right classes where a
        loss of classes was called; and the script's exit ``code``.
    """
    losses = _Losses()
    changed = Changed(change) if change else contextlib.nullcontext()
    with _seeded(seed), losses, changed:
        ending = run_script(script, arguments)
    values = [float(v) for v in losses.values]
    return {
        "losses": [v if math.isfinite(v) else None for v in values],
        "right": [float(v) for v in losses.right],
        "code": ending.code,
    }


def main() -> None:
    asked = json.loads(sys.argv[1])
    answer = run_trial(asked["change"], asked["seed"], Path(sys.argv[2]), sys.argv[3:])
    print(MARK + json.dumps(answer), file=sys.stderr)


if __name__ == "__main__":
    main()
