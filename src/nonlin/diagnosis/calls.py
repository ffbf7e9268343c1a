"""What the calls of one training step mean: activations, layers, losses, dead ends."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from nonlin.activation import Activation
from nonlin.diagnosis import gates, measuring
from nonlin.diagnosis.activations import Activations
from nonlin.diagnosis.arguments import is_wrapped, learned_of, tensors_in
from nonlin.diagnosis.between import Between, Seen
from nonlin.diagnosis.clamps import clamp_of
from nonlin.diagnosis.handwritten import Handwritten
from nonlin.diagnosis.layers import Layers, When
from nonlin.diagnosis.losses import PARTS, note_loss, note_scores
from nonlin.diagnosis.naming import Names
from nonlin.diagnosis.operations import WITHOUT_GRAPH, Effect, effect_of
from nonlin.diagnosis.provenance import INPUT, Origin, Origins
from nonlin.diagnosis.recurrence import Recurrences
from nonlin.diagnosis.running import Frame, Running
from nonlin.diagnosis.scales import Scales
from nonlin.diagnosis.statistics import Blocker, Run
from nonlin.diagnosis.unread import Unread
from nonlin.facts import Facts
from nonlin.nn import ActivationModule, activation_of
from nonlin.recognition import recognise


class Calls:
    """Reads the calls of a step into a run."""

    def __init__(self, run: Run, model: nn.Module | None, pictures: bool) -> None:
        self.run, self.names = run, Names()
        self.looking = False
        # Most calls are questions such as x.shape: to ask twice what they do would cost a look.
        self.ignored: set[Any] = set()
        self.stack = Running()
        self.origins = Origins()
        self.scales = Scales()
        self.layers = Layers(run, self.names, self.origins, self.scales)
        self.activations = Activations(run, self.scales, pictures)
        self.recurrences = Recurrences(run)
        self.between = Between(run, self.names, self.origins)
        self.handwritten = Handwritten(self.origins)
        self.unread = Unread(run, self.stack)
        self.step = 0
        self._order = 0
        self._last_weight = -1
        self._root = ""
        # Weak, so that a network the program is done with goes.
        self._records: weakref.WeakKeyDictionary[nn.Module, Activation | None]
        self._records = weakref.WeakKeyDictionary()
        self._mine = None if model is None else {id(m) for m in model.modules()}

    def is_mine(self, module: nn.Module) -> bool:
        """Whether a module belongs to what is watched."""
        if self._mine is not None:
            return id(module) in self._mine
        if isinstance(module, ActivationModule) or activation_of(module) is not None:
            return True
        return any(True for _ in module.parameters())

    def begin_step(self, step: int) -> None:
        """A step that is looked at begins."""
        self.step, self._order, self._last_weight = step, 0, -1
        self.activations.begin_step(step)
        self.recurrences.begin_step()
        self.origins.clear()
        self.scales.clear()
        self.handwritten.clear()
        self.unread.clear()
        self.stack.clear()

    def end_step(self) -> None:
        """A step that was looked at is over."""
        self.activations.end_step(self._last_weight)
        self.recurrences.end_step(self.step)
        self.between.end_step()
        self.origins.clear()
        self.scales.clear()
        self.handwritten.clear()
        self.unread.clear()
        self.stack.clear()

    def enter_root(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        """A model's forward pass begins."""
        if any(self.names.module(part) is None for part in module.modules()):
            self.names.add(module)  # Anew where a program has exchanged a part of it.
        # Layers that a program calls one by one are one network.
        self._root = (self.names.module(module) or "") if next(module.children(), None) else ""
        for x in inputs:
            if isinstance(x, Tensor) and x.is_floating_point() and self.origins.of(x) is None:
                self.origins.note(x, INPUT)
                if x.numel() and not is_wrapped(x):
                    spread = measuring.sample(x).float().std(correction=0)
                    self.run.input_rms.add(
                        self.step, torch.stack([self.scales.rms(x), spread]).float()
                    )

    def pass_into(self, module: nn.Module) -> bool:
        """Whether a module that begins is known to be a mere container or layer; then noted."""
        if not self.stack or self._records.get(module, module) is not None:
            return False
        self.stack.enter(module, self.names.module(module), None)
        return True

    def pass_out(self) -> bool:
        """Whether the module that ends is such a one and ends no network; then noted."""
        if len(self.stack) < 2 or self.stack[-1].seen is not None:
            return False
        self.activations.something_runs()
        self._ended(self.stack.pop())
        return True

    def enter(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        """A module begins."""
        path = self.names.module(module)
        record = self._record(module)
        seen = None
        self.activations.something_runs()
        z = inputs[0] if inputs else None
        if record is not None and isinstance(z, Tensor) and not self.stack.in_activation:
            seen = self._activation(record, z, learned_of(module, record), path, True)
        self.stack.enter(module, path, seen)

    def leave(self, module: nn.Module, output: Any) -> None:
        """A module ends."""
        self.activations.something_runs()
        frame = self.stack.pop()
        if frame.seen is not None and isinstance(output, Tensor):
            self._activated(frame.seen, output)
        self._ended(frame)
        if not self.stack:
            parts = list(output.values()) if isinstance(output, Mapping) else output
            for part in parts if isinstance(parts, tuple | list) else (parts,):
                if isinstance(part, Tensor):
                    self._handed_out(module, part)

    def _ended(self, frame: Frame) -> None:
        if frame.path and frame.module._parameters:
            self.run.ran[frame.path] = self._order

    def _handed_out(self, module: nn.Module, output: Tensor) -> None:
        """A network ends."""
        origin = self.origins.of(output)
        if origin is None:
            return
        if origin.linear_from and next(module.children(), None):
            # What one network hands to another is meant to be what it is.
            self.origins.note(output, replace(origin, linear_from=None))
        if origin.site is not None and origin.exact:
            facts = origin.site.record.facts
            low, high = facts.range.low, facts.range.high
            if high - low < float("inf"):
                origin.site.is_output = True

    def before(
        self, function: Any, args: Any, kwargs: Mapping[str, Any], grad: bool
    ) -> Seen | None:
        """A function is about to be called."""
        effect, name = effect_of(function)
        if effect is Effect.IGNORED:
            self.ignored.add(function)
            return None
        if self.stack.in_activation or (name == WITHOUT_GRAPH and kwargs.get("create_graph")):
            return None
        self.activations.something_runs()
        if effect is Effect.BACKWARD:
            self.between.severed.backward()
            loss = args[0] if args else None
            if isinstance(loss, Tensor) and loss.numel() == 1:
                self.run.loss.add(self.step, loss.detach().reshape(1).float())
            return None
        # A sparse matrix is that of a graph: it has no rows to look at, and is a constant.
        tensors = [t for t in tensors_in(args, kwargs) if t.layout == torch.strided]
        if not tensors or is_wrapped(tensors[0]):
            return None
        if grad and not self.handwritten.follows(effect, name):
            for tensor in tensors:
                self._written_out(tensor)
        if grad and name in PARTS:
            dim = kwargs.get("dim", args[1] if len(args) > 1 else None)
            note_scores(self.run, self.step, name, tensors[0], dim, self.origins.of(tensors[0]))
        if effect is Effect.OTHER or name in ("softmax", "log_softmax"):
            known = recognise(function, args, kwargs)
            if known is not None and known.record.name != "identity" and (grad or self.stack):
                given = {k: v for k, v in known.tensors.items() if isinstance(v, Tensor)}
                return self._activation(known.record, known.input, given, None, grad)
            clamp = clamp_of(name, args, kwargs)
            if clamp is not None:
                seen = self._activation(*clamp, {}, None, grad)
                if seen is not None and seen.site is not None:
                    seen.site.is_bound = seen.site.name == "hard_tanh"
                return seen
        self.unread.read(tensors)
        self.between.note_edge(name, tensors[-1], self.step, self.stack.place)
        return Seen(effect, name, tensors, grad=grad)

    def after(self, seen: Seen, args: Any, kwargs: Mapping[str, Any], result: Any) -> None:
        """A function has been called."""
        if seen.site is not None:
            if isinstance(result, Tensor):
                self._activated(seen, result)
            return
        effect = seen.effect
        if effect is Effect.WEIGHT and isinstance(result, Tensor):
            found = self.layers.find(seen.name, seen.tensors, args, kwargs, self.stack.place)
            if found is not None:
                self._order += 1
                self._last_weight = self._order
                self.layers.note(found, seen.name, args, kwargs, result, self._when())
                self.handwritten.layer(result)
                self.unread.made(result, found.layer, self.stack.around(found.layer))
                self.between.severed.read(found.layer, seen.tensors)
                return
        elif effect is Effect.LOSS:
            origin = (self.origins.of(seen.tensors[0]) or Origin()).output()
            for head in origin.heads or (origin.site,):
                if head is not None and origin.exact:
                    head.is_output = True
            note_loss(self.run, self.step, seen.name, seen.tensors, origin, result)
            return
        elif seen.name in gates.CALLS and seen.grad:
            self.recurrences.called(seen.name, self.stack.place, args, result)
            self.activations.within(seen.name, args, result, self.stack.place, self._when())
        self.between.note(seen, args, kwargs, result, self._when(), self.stack.place)
        if seen.grad and self.handwritten.follows(effect, seen.name):
            self.handwritten.note(seen.name, seen.tensors, result)
        if seen.grad and isinstance(result, Tensor):
            self.handwritten.layer(result)

    def _written_out(self, y: Tensor, by: str = "") -> None:
        """A tensor is read: it may be the end of an activation that is written out."""
        found = self.handwritten.read(y, by)
        if found is None:
            return
        for part in found.parts:
            self.run.sites.pop(part.layer, None)
        root = found.root
        if found.record.name == "identity":
            self.origins.note(y, replace(root.origin, exact=False))
            return
        seen = self._activation(found.record, root.z, {}, None, True, root.origin)
        if seen is not None:
            self._activated(seen, y)
            self.activations.something_runs()  # It is read at once.

    def _when(self) -> When:
        return When(self.step, self._order, self._root)

    def _record(self, module: nn.Module) -> Activation | None:
        if module not in self._records:
            record = activation_of(module)
            known = record is not None and record.name != "identity"
            self._records[module] = record if known else None
        return self._records[module]

    def _activation(
        self,
        record: Activation,
        z: Tensor,
        tensors: Mapping[str, Tensor],
        path: str | None,
        grad: bool,
        origin: Origin | None = None,
    ) -> Seen | None:
        if not isinstance(z, Tensor) or not z.numel() or z.is_complex() or is_wrapped(z):
            return None
        if origin is None:
            self._written_out(z, record.name)
        origin = origin or self.origins.of(z) or Origin()
        place = origin.producer or self.stack.place
        where = path if path is not None else f"{place}:{record.name}".lstrip(":")
        self._order += 1
        site = self.activations.enter(where, record, z, tensors, origin, self._when())
        return Seen(Effect.OTHER, record.name, [z], site, origin, grad)

    def _activated(self, seen: Seen, result: Tensor) -> None:
        site, origin = seen.site, seen.origin or Origin()
        assert site is not None
        self.activations.leave(site, result, seen.grad)
        self.origins.note(result, Origin(None, None, site, True, origin.axis))
        self.unread.activated(seen.tensors[0], result, origin.producer)
        if seen.grad:
            self.handwritten.part(site, seen.tensors[0], result)
        facts = site.record.facts
        if isinstance(facts, Facts) and facts.smoothness < 0 and not facts.surrogate:
            key = (site.name, site.layer)
            self.run.blockers[key] = Blocker(site.name, site.layer, self._order, "step", self.step)
