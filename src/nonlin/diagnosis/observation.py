"""Hooks and a function mode that see a training step without touching it."""

from __future__ import annotations

import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as module_hooks
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.overrides import TorchFunctionMode

from nonlin.diagnosis import ranks
from nonlin.diagnosis.calls import Calls
from nonlin.diagnosis.sampling import Schedule
from nonlin.diagnosis.statistics import Run
from nonlin.diagnosis.updates import Updates

_dynamo: Any = torch._C._dynamo.eval_frame  # type: ignore[attr-defined]
_ABOUT_HOOKS = "Using `torch.compile.* when there are global hooks"


class Observer:
    """Sees the steps of a training that a schedule asks for.

    Everything it does is guarded: an error in a measurement switches the measurement off with
    one warning and never reaches the training.

    Args:
        run: where figures are kept.
        schedule: which steps are looked at.
        model: the only model to look at; every model by default.
        pictures: whether to keep histograms for a report.
    """

    def __init__(
        self, run: Run, schedule: Schedule, model: nn.Module | None = None, pictures: bool = False
    ) -> None:
        self.run, self.schedule = run, schedule
        self.calls = Calls(run, model, pictures)
        self.updates = Updates(run, self.calls.names)
        self.broken = False
        self._model = model
        # Weak: the next optimizer may lie where one was that is gone.
        self._counts: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._active = self._paused = False
        self._roots = False  # whether a module ran
        self._mode = _Mode(self)
        self._frames = 0
        self._thread = threading.get_ident()
        self._handles: list[Any] = []
        self._optimizer_handles: list[Any] = []

    def start(self) -> None:
        """Begin to look."""
        if self._model is not None:
            self.calls.names.add(self._model)
        self._optimizer_handles = [
            register_optimizer_step_pre_hook(self._before_step),
            register_optimizer_step_post_hook(self._after_step),
        ]
        # It speaks of our hooks, which leave a compiled module at once.
        warnings.filterwarnings("ignore", message=_ABOUT_HOOKS)
        self._frames = _compiled_frames()
        self.schedule.in_step = ranks.are_several()
        self.schedule.begin()
        if self.schedule.wants(0, False):
            self._arm()

    def stop(self) -> None:
        """End all looking; what was seen stays in the run."""
        self._disarm()
        for handle in self._optimizer_handles:
            handle.remove()
        self._optimizer_handles = []
        warnings.filters[:] = [  # type: ignore[index]
            f for f in warnings.filters if getattr(f[1], "pattern", f[1]) != _ABOUT_HOOKS
        ]
        self.run.seconds_measuring = self.schedule.spent

    def pause(self) -> None:
        """Look at nothing, and count no steps, until :meth:`resume`."""
        self._disarm()
        self._paused = True
        self.schedule.pause()

    def resume(self) -> None:
        """Go on looking."""
        self._paused = False
        self.schedule.resume()

    def guard(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do a measurement; an error in it is the last of all measurements."""
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
        self._disarm()
        warnings.warn(
            f"nonlin: a measurement failed and is off from here on; the training goes on ({said})",
            RuntimeWarning,
            stacklevel=3,
        )

    def _arm(self) -> None:
        if self._active or self.broken:
            return
        self._active = True
        self.updates.begin_step()
        self.calls.begin_step(self.run.steps)
        self._handles = [
            module_hooks.register_module_forward_pre_hook(self._enter),
            module_hooks.register_module_forward_hook(self._leave, always_call=True),
        ]
        if self._has_no_modules() and _compiled_frames() == self._frames:
            self.calls.looking = True
            self._mode.insert()

    def _has_no_modules(self) -> bool:
        """Whether whole steps went by with nothing but functions of tensors."""
        return self._model is None and bool(self.run.sampled) and not self._roots

    def _disarm(self) -> None:
        self._active = False
        self.calls.looking = False
        self._mode.remove()
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _enter(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if torch.compiler.is_compiling() or threading.get_ident() != self._thread:
            return
        if not self.calls.stack:
            if not self.calls.is_mine(module):
                return
            if not torch.is_grad_enabled():
                self.updates.runs_idle(module)
                return
            if _is_compiled(module):
                # Dynamo would trace the hooks, and compile anew for them.
                name = type(getattr(module, "_orig_mod", module)).__name__
                self._roots = True
                self.run.compiled.add(name)
                self.guard(self.calls.names.add, module)
                self._remove_forward()
                return
            self._roots = True
            self.guard(self.calls.enter_root, module, inputs)
            if self.broken:
                return
            self.calls.looking = True
            if _compiled_frames() > self._frames:
                # A mode on the stack is part of what Dynamo guards: it would compile anew.
                self.run.compiled.add("a function of this program")
            else:
                self._mode.insert()
        elif _is_compiled(module):
            self.run.compiled.add(self.calls.names.module(module) or type(module).__name__)
            self._remove_forward()
            return
        # A guard costs more than what is done for most modules, which can go wrong in no way.
        if not self.calls.pass_into(module):
            self.guard(self.calls.enter, module, inputs)

    def _leave(self, module: nn.Module, inputs: Any, output: Any) -> None:
        stack = self.calls.stack
        if stack and stack[-1].module is module and not self.calls.pass_out():
            self.guard(self.calls.leave, module, output)

    def _remove_forward(self) -> None:
        """Look at nothing but gradients and updates until the step ends."""
        self.calls.looking = False
        self.calls.stack.clear()
        self._mode.remove()
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if not self._active or not self._concerns(optimizer):
            return
        self._mode.remove()
        self.calls.looking = False
        self.guard(self.updates.before, optimizer, bool(args or (kwargs or {}).get("closure")))

    def _after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self._paused or not self._concerns(optimizer):
            return
        if self._active:
            self.guard(self.updates.after, optimizer, self.run.steps)
        if optimizer not in self._counts:
            # It joins the others' count: a second optimizer of the training, or the next training
            # of a program that makes several.
            self._counts[optimizer] = max(0, self.run.steps - 1)
            if self.run.steps > 1:
                self.schedule.restart(self.run.steps)
        count = self._counts[optimizer] + 1
        self._counts[optimizer] = count
        if count <= self.run.steps:
            return  # Another optimizer of the same training step.
        was = self._active
        if was:
            self.run.sampled.append(self.run.steps)
            self.guard(self.calls.end_step)
        self.run.steps = count
        wanted = not self.broken and self.schedule.wants(count, was)
        if was:
            self._disarm()
        if wanted:
            self._arm()

    def _concerns(self, optimizer: Any) -> bool:
        if self._model is None:
            return True
        names = self.calls.names
        first = (p for group in optimizer.param_groups for p in group["params"])
        return any(names.parameter(p) is not None for p in first)


def _compiled_frames() -> int:
    """How many functions Dynamo has compiled in this process."""
    utils = sys.modules.get("torch._dynamo.utils")
    return 0 if utils is None else int(utils.counters["frames"].get("total", 0))


def _is_compiled(module: nn.Module) -> bool:
    compiled = getattr(module, "_compiled_call_impl", None) is not None
    return compiled or type(module).__name__ == "OptimizedModule"


class _Mode(TorchFunctionMode):
    """Shows every call of PyTorch to the observer; lies at the bottom of the stack of modes.

    At the bottom, a mode that the user leaves in between takes itself off and not this one.
    """

    def __init__(self, observer: Observer) -> None:
        super().__init__()
        self._observer = observer
        self._in_place = False

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        observer = self._observer
        calls = observer.calls
        if not calls.looking or func in calls.ignored:
            return func(*args, **kwargs)
        seen = observer.guard(calls.before, func, args, kwargs, torch.is_grad_enabled())
        result = func(*args, **kwargs)
        if seen is not None and not observer.broken:
            observer.guard(calls.after, seen, args, kwargs, result)
        return result

    def insert(self) -> None:
        if self._in_place:
            return
        self._rebuild(lambda stack: [self, *stack])
        self._in_place = True

    def remove(self) -> None:
        if not self._in_place:
            return
        self._rebuild(lambda stack: [mode for mode in stack if mode is not self])
        self._in_place = False

    @staticmethod
    def _rebuild(change: Callable[[list[Any]], list[Any]]) -> None:
        overrides: Any = torch.overrides
        taken = [overrides._pop_mode() for _ in range(overrides._len_torch_function_stack())]
        for mode in change(taken[::-1]):
            overrides._push_mode(mode)
