"""Hooks and a function mode that see a training step without touching it."""

from __future__ import annotations

import threading
import weakref
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as module_hooks
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from nonlin.diagnosis import ranks
from nonlin.diagnosis.backpropagation import Backpropagations, Pushed
from nonlin.diagnosis.byhand import MovedByHand
from nonlin.diagnosis.calls import Calls
from nonlin.diagnosis.compiled import (
    compiled_frames,
    heed_warning_of_hooks,
    ignore_warning_of_hooks,
    is_compiled,
)
from nonlin.diagnosis.guarding import Guard
from nonlin.diagnosis.mode import CallMode
from nonlin.diagnosis.sampling import Rates, Schedule
from nonlin.diagnosis.statistics import Run
from nonlin.diagnosis.updates import Updates


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
        self._model = model
        # Weak: the next optimizer may lie where one was that is gone.
        self._counts: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._rates = Rates()
        self._active = self._paused = False
        self._roots = False  # whether a module ran
        self._mode = CallMode(self._show)
        self.guard = Guard(run, self.calls, schedule, self._disarm)
        self._frames = 0
        self._thread = threading.get_ident()
        self._handles, self._optimizer_handles = [], []
        self._by_hand = MovedByHand(self.updates)
        # Until an optimizer is seen, a program may move its parameters itself.
        around = (self._backward_begins, self._backward_ended)
        self._backpropagations = Backpropagations(self.guard, *around)
        self._waits = False  # for the forward pass that comes after a back-propagation
        self._passes = 0  # back-propagations since the last step
        self._passes_of_step = 1

    def start(self) -> None:
        """Begin to look."""
        if self._model is not None:
            self.calls.names.add(self._model)
        self._optimizer_handles = [
            register_optimizer_step_pre_hook(self._before_step),
            register_optimizer_step_post_hook(self._after_step),
        ]
        self._backpropagations.insert()
        ignore_warning_of_hooks()
        self._frames = compiled_frames()
        self.schedule.in_step = ranks.are_several()
        self.schedule.begin()
        if self.schedule.wants(0, False):
            self._arm()

    def stop(self) -> None:
        """End all looking; what was seen stays in the run."""
        self._end_by_hand()
        self._by_hand.clear()
        self._backpropagations.remove()
        self._disarm()
        for handle in self._optimizer_handles:
            handle.remove()
        self._optimizer_handles = []
        heed_warning_of_hooks()
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

    def _arm(self) -> None:
        if self._active or self.guard.broken:
            return
        self._active = True
        self.updates.begin_step()
        self.calls.begin_step(self.run.steps)
        self._handles = [
            module_hooks.register_module_forward_pre_hook(self._enter),
            module_hooks.register_module_forward_hook(self._leave, always_call=True),
        ]
        if self._has_no_modules() and compiled_frames() == self._frames:
            self.calls.looking = True
            self._mode.insert()

    def _has_no_modules(self) -> bool:
        """Whether whole steps went by with nothing but functions of tensors."""
        return self._model is None and bool(self.run.sampled) and not self._roots

    def _disarm(self) -> None:
        self._active = self._waits = False
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
            if self._waits and not self._forward_begins():
                return
            if is_compiled(module):
                # Dynamo would trace the hooks, and compile anew for them.
                name = type(getattr(module, "_orig_mod", module)).__name__
                self._roots = True
                self.run.compiled.add(name)
                self.guard(self.calls.names.add, module)
                self._remove_forward()
                return
            self._roots = True
            self.guard(self.calls.enter_root, module, inputs)
            if self.guard.broken:
                return
            self.calls.looking = True
            if compiled_frames() > self._frames:
                # A mode on the stack is part of what Dynamo guards: it would compile anew.
                self.run.compiled.add("a function of this program")
            else:
                self._mode.insert()
        elif is_compiled(module):
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

    def _show(self, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Make a call of PyTorch's, and read it."""
        calls = self.calls
        if self._waits and not self._by_hand.may_be(function, args, kwargs):
            self._forward_begins()
        if not calls.looking or function in calls.ignored:
            return function(*args, **kwargs)
        seen = self.guard(calls.before, function, args, kwargs, torch.is_grad_enabled())
        result = function(*args, **kwargs)
        if seen is not None and not self.guard.broken:
            self.guard(calls.after, seen, args, kwargs, result)
        return result

    def _remove_forward(self) -> None:
        """Look at nothing but gradients and updates until the step ends."""
        self.calls.looking = False
        self.calls.stack.clear()
        self._mode.remove()
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if not self._concerns(optimizer):
            return
        if self._backpropagations.inserted:
            self._backpropagations.remove()
            self._by_hand.clear()
        if not self._active:
            return
        self._waits = False
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
        if self._rates.jump(optimizer):
            self.schedule.restart(count)
        if count <= self.run.steps:
            return  # Another optimizer of the same training step.
        self._step_is_over(count)

    def _step_is_over(self, count: int) -> None:
        """Of so many steps the last one has ended: the next may be worth a look."""
        was = self._active
        if was:
            self.run.sampled.append(self.run.steps)
            self.guard(self.calls.end_step)
        self.run.steps = count
        wanted = not self.guard.broken and self.schedule.wants(count, was)
        if was:
            self._disarm()
        if wanted:
            self._arm()

    def _backward_begins(self) -> bool:
        """A back-propagation begins, of a program that has shown no optimizer yet."""
        if self._is_elsewhere():
            return False
        self._mode.settle()
        self._end_by_hand()
        return self._active

    def _backward_ended(self, pushed: list[Pushed]) -> None:
        if self._is_elsewhere() or not self._backpropagations.inserted:
            return
        self._passes += 1
        if self._active:
            self.guard(self._note_pushed, pushed)
        elif self._passes >= self._passes_of_step:
            self._passes = 0
            self._step_is_over(self.run.steps + 1)
        if self._active:
            # What comes now is the step, or is left out as if it were.
            self._waits = True
            self.calls.looking = False
            if not self._has_no_modules():
                self._mode.remove()

    def _note_pushed(self, pushed: list[Pushed]) -> None:
        if self._model is not None:
            pushed = [p for p in pushed if self.calls.names.parameter(p.parameter) is not None]
        self._by_hand.note(pushed)

    def _forward_begins(self) -> bool:
        """A forward pass begins after a back-propagation; whether it is looked at."""
        self._end_by_hand()
        self._waits = False
        if self._active:
            self.guard(self._by_hand.follow)
        if self._active and self._has_no_modules():
            self.calls.looking = True
        return self._active

    def _end_by_hand(self) -> None:
        """End the step, where the program has moved its parameters since they were noted."""
        if self._active and self.guard(self._by_hand.has_moved, self.run.steps):
            self._passes_of_step, self._passes = self._passes, 0
            self._step_is_over(self.run.steps + 1)

    def _is_elsewhere(self) -> bool:
        """Whether what runs is not what is watched."""
        return self._paused or self.guard.broken or threading.get_ident() != self._thread

    def _concerns(self, optimizer: Any) -> bool:
        if self._model is None:
            return True
        names = self.calls.names
        first = (p for group in optimizer.param_groups for p in group["params"])
        return any(names.parameter(p) is not None for p in first)
