"""Measurements that can fail without a word to the training."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import torch

from nonlin.diagnosis.calls import Calls
from nonlin.diagnosis.sampling import Schedule
from nonlin.diagnosis.statistics import Run

_dynamo: Any = torch._C._dynamo.eval_frame  # type: ignore[attr-defined]


class Guard:
    """Makes measurements; an error in one is the last of all and never reaches the training.

    Args:
        run: where it is noted that a measurement failed.
        calls: do not look while something is measured.
        schedule: is told how long it took.
        switch_off: ends all looking.
    """

    def __init__(
        self, run: Run, calls: Calls, schedule: Schedule, switch_off: Callable[[], None]
    ) -> None:
        self.run, self.calls, self.schedule = run, calls, schedule
        self.switch_off = switch_off
        self.broken = False

    def __call__(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do a measurement, and return what it returns; None where it fails."""
        began = time.perf_counter()
        looking, self.calls.looking = self.calls.looking, False
        # Inside a compiled region Dynamo would compile the measurement too.
        dynamo = _dynamo.set_eval_frame(None)
        # Not torch.no_grad(): a step would make hundreds of these objects.
        grad = torch.is_grad_enabled()
        torch._C._set_grad_enabled(False)
        try:
            # The mode would see every step of the measurement, and hand it on.
            with torch._C.DisableTorchFunction():
                return work(*arguments)
        except Exception as error:
            self._break(error)
            return None
        finally:
            torch._C._set_grad_enabled(grad)
            _dynamo.set_eval_frame(dynamo)
            if not self.broken:
                self.calls.looking = looking
            self.schedule.note(time.perf_counter() - began)

    def _break(self, error: Exception) -> None:
        if self.broken:
            return
        self.broken = True
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        self.run.notes.append(
            f"a measurement failed at step {self.run.steps} and was off from there on ({said})"
        )
        self.switch_off()
        warnings.warn(
            f"nonlin: a measurement failed and is off from here on; the training goes on ({said})",
            RuntimeWarning,
            stacklevel=4,
        )
