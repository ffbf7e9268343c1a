"""Which steps are looked at: few at first, then as many as the budget allows."""

from __future__ import annotations

import time
import weakref
from collections import deque
from statistics import median
from typing import Any

from nonlin.errors import NonlinError

# Between looks that are taken whatever they cost: each comes after a quarter more steps, so that
# a run of N steps has about 4.5·ln N of them and their share of the time tends to 0.
_GROWTH = 1.25
# Once the first steps are seen, a watcher that has spent its share takes longer steps.
_FIRST, _GROWTH_BEHIND = 64, 1.4
_KEPT = 32


class Schedule:
    """Decides after each step whether the next one is looked at.

    Args:
        overhead: share of the training time that looking may take.
        every: look at every so many steps instead.
    """

    def __init__(self, overhead: float = 0.02, every: int | None = None) -> None:
        if not 0 < overhead < 1:
            raise NonlinError(f"overhead={overhead}; allowed: a share between 0 and 1")
        if every is not None and every < 1:
            raise NonlinError(f"every={every}; allowed: a number of steps, 1 or more")
        self.overhead, self.every = overhead, every
        self.spent = 0.0
        self._began = self._last = time.perf_counter()
        self._plain: deque[float] = deque(maxlen=_KEPT)
        self._costs: deque[float] = deque(maxlen=_KEPT)
        self._expected = 0.0  # cost of a look
        self._due = 0
        # Several processes have to look at the same steps, whatever their clocks say.
        self.in_step = False
        self._paused = 0.0
        self._origin = 0
        self._counted = 0.0

    def begin(self) -> None:
        """The training begins."""
        self._began = self._last = time.perf_counter()

    def pause(self) -> None:
        """Time that passes from here on is not the training's."""
        self._paused = time.perf_counter()

    def resume(self) -> None:
        """The training goes on."""
        gone = time.perf_counter() - self._paused
        self._began += gone
        self._last += gone

    def restart(self, step: int) -> None:
        """Another training begins: its first steps are worth a look."""
        self._origin, self._due = step, 0

    def note(self, seconds: float) -> None:
        """Time that a measurement took."""
        self._counted += seconds

    def wants(self, step: int, was_looked_at: bool) -> bool:
        """Whether to look at the step to come, numbered from 0."""
        now = time.perf_counter()
        took, self._last = now - self._last, now
        if was_looked_at:
            # What hooks and dispatch cost is seen only in the whole step.
            extra = took - median(self._plain) if len(self._plain) >= 5 else 0.0
            # Not more than several times what was counted: a validation may lie in between.
            cost = max(self._counted, min(extra, 4 * self._counted))
            self._costs.append(cost)
            self._expected = median(self._costs)
            self.spent += cost
            self._counted = 0.0
        else:
            self._plain.append(took)
        if self.every is not None:
            return step % self.every == 0
        if step >= self._due:
            since = step - self._origin
            behind = since >= _FIRST and self.spent > self.overhead * (now - self._began)
            growth = _GROWTH_BEHIND if behind else _GROWTH
            self._due = self._origin + max(since + 1, int((since + 1) * growth))
            return True
        if self.in_step:
            return False
        return self.spent + self._expected < self.overhead * (now - self._began)


class Rates:
    """Learning rates of optimizers, step by step: one that jumps may ruin units between looks."""

    def __init__(self) -> None:
        self._last: weakref.WeakKeyDictionary[Any, list[Any]] = weakref.WeakKeyDictionary()

    def jump(self, optimizer: Any) -> bool:
        """Whether one is twice what it was in the step before, or more."""
        rates = [group.get("lr") for group in optimizer.param_groups]
        before, self._last[optimizer] = self._last.get(optimizer, rates), rates
        return any(
            # As a tensor it may lie on a device that nobody should wait for.
            isinstance(old, float) and isinstance(new, float) and new >= 2 * old > 0
            for old, new in zip(before, rates, strict=False)
        )
