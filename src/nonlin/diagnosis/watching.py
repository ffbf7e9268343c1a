"""`nonlin.watch`: look at a training while it runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from nonlin.diagnosis import ranks
from nonlin.diagnosis.byhand import KIND
from nonlin.diagnosis.finding import SEVERITIES
from nonlin.diagnosis.observation import Observer
from nonlin.diagnosis.repairing import with_repairs
from nonlin.diagnosis.result import Diagnosis
from nonlin.diagnosis.rules import judge
from nonlin.diagnosis.sampling import Schedule
from nonlin.diagnosis.statistics import Run
from nonlin.diagnosis.thresholds import Thresholds, read_thresholds
from nonlin.errors import NonlinError


class watch:
    """Look at a training, and say what its activations do to it.

    The training is not touched: with the same seeds the weights are the same bit for bit. Steps
    are sampled, so that looking takes no more than a share of the time.

    Args:
        model: the network; every network that runs inside the block by default.
        optimizer: its optimizer; found by itself, named here only to check that it trains
            the model.
        overhead: share of the time that looking may take.
        every: look at every so many steps instead.
        thresholds: limits of the rules that differ from the usual ones, by name.
        fail_on: raise at the end of the block where a finding is of this severity or worse:
            ``"problem"``, ``"warning"`` or ``"info"``.
        quiet: say nothing at the end.

    Raises:
        NonlinError: an argument that is not allowed.

    Example:
        >>> import nonlin, torch
        >>> _ = torch.manual_seed(0)
        >>> from torch import nn
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
        >>> with torch.no_grad():
        ...     _ = model[0].bias.fill_(-50.0)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        >>> with nonlin.watch(model, optimizer, quiet=True) as watcher:
        ...     for _ in range(20):
        ...         loss = model(torch.randn(64, 4)).square().mean()
        ...         optimizer.zero_grad()
        ...         loss.backward()
        ...         optimizer.step()
        >>> [(f.kind, f.layer, f.cause) for f in watcher.diagnosis.findings]
        [('dead-units', '1', 'negative-bias')]
    """

    def __init__(
        self,
        model: Any = None,
        optimizer: Any = None,
        *,
        overhead: float = 0.02,
        every: int | None = None,
        thresholds: Mapping[str, float] | Thresholds | None = None,
        fail_on: str | None = None,
        quiet: bool = False,
    ) -> None:
        import torch

        if model is not None and not isinstance(model, torch.nn.Module):
            raise NonlinError(f"watch: got a {type(model).__name__}; allowed: a torch.nn.Module")
        if fail_on is not None and fail_on not in SEVERITIES:
            raise NonlinError(f"fail_on={fail_on!r}; allowed: {', '.join(SEVERITIES)}")
        _check_optimizer(model, optimizer)
        self.thresholds = read_thresholds(thresholds)  # type: ignore[arg-type]
        self.fail_on, self.quiet = fail_on, quiet
        self.run = Run()
        self._schedule = Schedule(overhead, every)
        self._observer = Observer(self.run, self._schedule, model, pictures=True)
        self._began = 0.0
        self._diagnosis: Diagnosis | None = None

    def start(self) -> watch:
        """Begin to look, where a block would not fit."""
        self._began = time.perf_counter()
        self._observer.start()
        return self

    def stop(self) -> Diagnosis:
        """End to look, and judge."""
        if self._diagnosis is None:
            self._observer.stop()
            self.run.seconds = time.perf_counter() - self._began
            if ranks.are_several():
                ranks.put_together(self.run)
            self._diagnosis = diagnose(self.run, self.thresholds)
        return self._diagnosis

    @property
    def diagnosis(self) -> Diagnosis:
        """The findings so far; the block may still run."""
        return self._diagnosis or diagnose(self.run, self.thresholds)

    @property
    def findings(self) -> tuple[Any, ...]:
        """The findings so far."""
        return self.diagnosis.findings

    def __enter__(self) -> watch:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        diagnosis = self.stop()
        if not self.quiet:
            from nonlin.report.terminal_diagnosis import show

            show(diagnosis)
        if kind is None and self.fail_on is not None and fails(diagnosis, self.fail_on):
            found = ", ".join(f"{f.kind} in {f.title}" for f in diagnosis.findings)
            raise NonlinError(f"watch: fail_on={self.fail_on!r}, found: {found}")


def diagnose(run: Run, limits: Thresholds) -> Diagnosis:
    """Judge what was measured."""
    found = tuple(with_repairs(f, run) for f in judge(run, limits))
    notes = list(dict.fromkeys(run.notes))
    if not run.steps:
        notes.append("no optimizer step was seen: only what comes before one was judged")
    if KIND in run.optimizers:
        notes.append(
            "the program moves its parameters itself: a step is what changes them after a "
            "back-propagation"
        )
    activations = {s.layer: repr(s.record) for s in run.sites.values()}
    activations |= {r.layer: r.activation for r in run.recurrent.values()}
    if run.steps and not (activations or run.gates or run.compiled):
        notes.append(
            "no activation was seen: neither a module nor a call that nonlin knows "
            "(nonlin list names them)"
        )
    notes += [
        f"{name} is compiled: what happens inside was not seen, only its gradients and updates"
        for name in sorted(run.compiled)
    ]
    return Diagnosis(
        findings=found,
        notes=tuple(notes),
        steps=run.steps,
        sampled=tuple(run.sampled),
        seconds=run.seconds,
        seconds_measuring=run.seconds_measuring,
        activations=activations,
        run=run,
    )


def fails(diagnosis: Diagnosis, fail_on: str) -> bool:
    """Whether a finding is of a severity or worse."""
    worst = diagnosis.worst
    return worst is not None and SEVERITIES.index(worst) <= SEVERITIES.index(fail_on)  # type: ignore


def _check_optimizer(model: Any, optimizer: Any) -> None:
    if optimizer is None or model is None:
        return
    optimizers = optimizer if isinstance(optimizer, list | tuple) else [optimizer]
    own = {id(p) for p in model.parameters()}
    for each in optimizers:
        groups = getattr(each, "param_groups", None)
        if groups is None:
            raise NonlinError(
                f"watch: optimizer is a {type(each).__name__}; allowed: a torch.optim.Optimizer"
            )
        if not any(id(p) in own for group in groups for p in group["params"]):
            raise NonlinError(
                f"watch: the {type(each).__name__} trains no parameter of the "
                f"{type(model).__name__}; give the optimizer that was made with its parameters()"
            )
