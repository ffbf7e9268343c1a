"""What the calls of one training step mean: activations, layers, losses, dead ends."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from nonlin.activation import Activation
from nonlin.diagnosis import measuring
from nonlin.diagnosis.clamps import clamp_of
from nonlin.diagnosis.gradients import MOST_MOMENTS, Gradient, Place, over_calls
from nonlin.diagnosis.layers import MOST_CALLS, Layers, When
from nonlin.diagnosis.losses import note_loss
from nonlin.diagnosis.naming import Names
from nonlin.diagnosis.operations import WITH_POLE, Effect, effect_of
from nonlin.diagnosis.provenance import INPUT, Origin, Origins
from nonlin.diagnosis.statistics import Blocker, Run, Series, Site
from nonlin.facts import Facts
from nonlin.nn import ActivationModule, activation_of
from nonlin.recognition import recognise

# Looks between two histograms of an activation's input.
_PICTURED = 3


class Frame(NamedTuple):
    """A module that is running."""

    module: nn.Module
    path: str | None
    seen: Seen | None


class Seen(NamedTuple):
    """What a call is, found before it runs: afterwards its input may be overwritten."""

    effect: Effect
    name: str
    tensors: list[Tensor]
    site: Site | None = None
    origin: Origin | None = None
    grad: bool = True


class Calls:
    """Reads the calls of a step into a run."""

    def __init__(self, run: Run, model: nn.Module | None, pictures: bool) -> None:
        self.run, self.names, self.pictures = run, Names(), pictures
        self.looking = False
        # Most calls are questions such as x.shape: to ask twice what they do would cost a look.
        self.ignored: set[Any] = set()
        self.stack: list[Frame] = []
        self.origins = Origins()
        self.layers = Layers(run, self.names, self.origins)
        self.step = 0
        self._order = 0
        self._called: dict[str, int] = {}  # by site, how often in this step
        self._sites_of_step: list[Site] = []
        self._norms: dict[str, dict[int, Tensor]] = {}  # by site, of each call
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
        self._called.clear()
        self._norms.clear()
        self._sites_of_step.clear()
        self.origins.clear()
        self.stack.clear()

    def end_step(self) -> None:
        """A step that was looked at is over: activations behind the last layer are outputs."""
        for site in self._sites_of_step:
            if site.order > self._last_weight >= 0:
                site.is_output = True
            figures = over_calls(self._norms.get(site.layer, {}))
            if figures is not None:
                site.over_calls.add(self.step, figures)
        self.origins.clear()
        self.stack.clear()

    def enter_root(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        """A model's forward pass begins."""
        if self.names.module(module) is None:
            self.names.add(module)
        # Layers that a program calls one by one are one network.
        self._root = (self.names.module(module) or "") if next(module.children(), None) else ""
        for x in inputs:
            if isinstance(x, Tensor) and x.is_floating_point() and self.origins.of(x) is None:
                self.origins.note(x, INPUT)
                if x.numel() and not _is_wrapped(x):
                    spread = x.float().std(correction=0)
                    self.run.input_rms.add(self.step, torch.stack([measuring.rms(x), spread]))

    def enter(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        """A module begins."""
        path = self.names.module(module)
        record = self._record(module)
        seen = None
        if record is not None and inputs and isinstance(inputs[0], Tensor) and not self._inside():
            tensors = _learned(module, record)
            seen = self._activation(record, inputs[0], tensors, path, True)
        self.stack.append(Frame(module, path, seen))

    def leave(self, module: nn.Module, output: Any) -> None:
        """A module ends."""
        frame = self.stack.pop()
        if frame.seen is not None and isinstance(output, Tensor):
            self._activated(frame.seen, output)
        if not self.stack:
            parts = list(output.values()) if isinstance(output, Mapping) else output
            for part in parts if isinstance(parts, tuple | list) else (parts,):
                if isinstance(part, Tensor):
                    self._handed_out(module, part)

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
        if self._inside():
            return None
        if effect is Effect.BACKWARD:
            loss = args[0] if args else None
            if isinstance(loss, Tensor) and loss.numel() == 1:
                self.run.loss.add(self.step, loss.detach().reshape(1).float())
            return None
        tensors = _tensors_in(args, kwargs)
        if not tensors or _is_wrapped(tensors[0]):
            return None
        if effect is Effect.OTHER or name in ("softmax", "log_softmax"):
            known = recognise(function, args, kwargs)
            if known is not None and known.record.name != "identity":
                given = {k: v for k, v in known.tensors.items() if isinstance(v, Tensor)}
                return self._activation(known.record, known.input, given, None, grad)
            clamp = clamp_of(name, args, kwargs)
            if clamp is not None:
                seen = self._activation(*clamp, {}, None, grad)
                if seen is not None and seen.site is not None:
                    seen.site.is_bound = seen.site.name == "hard_tanh"
                return seen
        if name in WITH_POLE and tensors[-1].requires_grad and tensors[-1].numel():
            self._note_edge(name, tensors[-1])
        return Seen(effect, name, tensors, grad=grad)

    def after(self, seen: Seen, args: Any, kwargs: Mapping[str, Any], result: Any) -> None:
        """A function has been called."""
        if seen.site is not None:
            if isinstance(result, Tensor):
                self._activated(seen, result)
            return
        effect = seen.effect
        if effect is Effect.WEIGHT and isinstance(result, Tensor):
            found = self.layers.find(seen.name, seen.tensors, args, kwargs, self._path())
            if found is not None:
                self._order += 1
                self._last_weight = self._order
                when = When(self.step, self._order, self._root)
                self.layers.note(found, seen.name, args, kwargs, result, when)
                return
        elif effect is Effect.LOSS:
            origin = self.origins.of(seen.tensors[0])
            if origin is not None and origin.site is not None and origin.exact:
                origin.site.is_output = True
            note_loss(self.run, self.step, seen.name, seen.tensors, origin, result)
            return
        elif effect is Effect.MULTIPLY:
            self._multiplied(seen.tensors)
        self._note_dead_end(seen, result)
        self._note_difference(seen, result)
        if effect is Effect.DROPOUT:
            origin = self.origins.of(seen.tensors[0])
            if origin is not None and origin.site is not None:
                origin.site.plain_dropout |= _is_active(args, kwargs, self.stack)
        if effect is Effect.BATCH_NORM:
            self.run.norms.add("batch")
        elif effect is Effect.NORM:
            self.run.norms.add("other")
        if effect is Effect.ADD:
            self._added(seen.tensors)
        origin = self.origins.after(effect, seen.name, seen.tensors, result)
        if origin is not None:
            self.origins.note(result, origin)

    def _inside(self) -> bool:
        return bool(self.stack) and self.stack[-1].seen is not None

    def _path(self) -> str:
        return next((f.path for f in reversed(self.stack) if f.path), "")

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
    ) -> Seen | None:
        if not isinstance(z, Tensor) or not z.numel() or _is_wrapped(z):
            return None
        origin = self.origins.of(z) or Origin()
        where = path if path is not None else self._place(origin, record)
        self._order += 1
        site = self.run.sites.get(where)
        if site is not None and site.producer != origin.producer and origin.producer is not None:
            # One module in two places: each place has units of its own.
            where = f"{where}@{origin.producer}"
            site = self.run.sites.get(where)
        if site is None or site.record != record:
            site = self.run.sites[where] = Site(where, record, self._order)
            site.root = self._root
            site.producer = origin.producer
            site.normalised = origin.normalised
            site.batch_normalised = origin.batch_normalised
            site.linear_input = bool(origin.linear_from) or origin.is_input
        site.order = self._order
        if site not in self._sites_of_step:
            self._sites_of_step.append(site)
        if isinstance(record.facts, Facts):
            self._measure(site, record, z.detach(), tensors, origin)
        elif record.facts.sums_to_one and z.ndim:
            axis = int(record.bound.get("axis", -1))
            site.axis_length = z.shape[axis]
            site.over_batch = z.ndim > 1 and axis % z.ndim == 0
        return Seen(Effect.OTHER, record.name, [z], site, origin, grad)

    def _place(self, origin: Origin, record: Activation) -> str:
        place = origin.producer or self._path()
        return f"{place}:{record.name}" if place else record.name

    def _measure(
        self,
        site: Site,
        record: Activation,
        z: Tensor,
        tensors: Mapping[str, Tensor],
        origin: Origin,
    ) -> None:
        if self._called.get(site.layer, 0) >= MOST_CALLS:
            return
        axis = origin.axis if -z.ndim <= origin.axis < z.ndim else -1
        figures, unit, opened = measuring.measure_call(record, z, axis, self.step, tensors)
        weight = self.run.weights.get(site.producer or "")
        unit.bias = weight.bias() if weight is not None and not site.normalised else None
        site.dtype = z.dtype
        site.pending = figures
        if site.first is None:
            site.first = unit
        if site.recent and site.recent[-1].z_high.shape != unit.z_high.shape:
            site.recent.clear()
        site.recent.append(unit)
        if site.rows and site.rows[-1][0] == self.step:
            site.rows[-1] = (self.step, site.rows[-1][1] + unit.rows)
        else:
            site.rows.append((self.step, unit.rows))
        if site.last_open is None or site.last_open.shape != opened.shape:
            site.last_open = torch.full(opened.shape, -1, device=opened.device, dtype=torch.int32)
        site.last_open = torch.where(
            opened, torch.full_like(site.last_open, self.step), site.last_open
        )
        if self.pictures and len(site.series) % _PICTURED == 0:
            site.histogram = measuring.histogram(z)

    def _activated(self, seen: Seen, result: Tensor) -> None:
        site, origin = seen.site, seen.origin or Origin()
        assert site is not None
        measured = site.pending is not None
        if site.pending is not None:
            site.series.add(
                self.step, torch.cat([site.pending, measuring.rms(result.detach())[None]])
            )
            site.pending = None
        call = self._called.get(site.layer, 0)
        self._called[site.layer] = call + 1
        if (
            (measured or MOST_CALLS <= call < MOST_MOMENTS)
            and result.requires_grad
            and result.grad_fn is not None
            and seen.grad
        ):
            place = Place(self._norms.setdefault(site.layer, {}), call)
            result.register_hook(Gradient(self.run, site, self.step, place, not measured))
        self.origins.note(result, Origin(None, None, site, True, origin.axis))
        facts = site.record.facts
        if isinstance(facts, Facts) and facts.smoothness < 0 and not facts.surrogate:
            key = (site.name, site.layer)
            self.run.blockers[key] = Blocker(site.name, site.layer, self._order, "step")

    def _added(self, tensors: list[Tensor]) -> None:
        origins = [self.origins.of(tensor) for tensor in tensors]
        if sum(t.requires_grad and not t.is_leaf for t in tensors) > 1:
            self.run.residuals += 1
            for origin in origins:
                if origin is not None and origin.linear_from:
                    self.run.branched |= origin.linear_from
        elif any(t.is_leaf and t.requires_grad for t in tensors):
            for origin in origins:
                weight = self.run.weights.get((origin and origin.producer) or "")
                if weight is not None:
                    weight.has_bias = True

    def _multiplied(self, tensors: list[Tensor]) -> None:
        if len(tensors) < 2:
            return
        sites = [o.site for t in tensors if (o := self.origins.of(t)) and o.site and o.exact]
        for site in sites:
            facts = site.record.facts
            if facts.range.low >= 0 and facts.range.high <= 1:
                site.is_gate = True
            else:
                site.is_gated = True

    def _note_dead_end(self, seen: Seen, result: Any) -> None:
        through = [t for t in seen.tensors if t.requires_grad and not t.is_leaf]
        if not through:
            return
        if not seen.grad:
            kind, name = "detach", "no_grad"
        elif seen.effect is Effect.STEP:
            kind, name = "step", seen.name
        elif seen.effect is Effect.DETACH:
            kind, name = "detach", seen.name
        else:
            return
        layer = self._path()
        # Where it was last met decides, so that logging after the pass does not hide it.
        self.run.blockers.setdefault((name, layer), Blocker(name, layer, self._order, kind))

    def _note_edge(self, name: str, x: Tensor) -> None:
        """Keep how near an operation's input comes to 0, where it or its slope is infinite."""
        path = self._path()
        series = self.run.edges.setdefault(
            f"{name} in {path}" if path else name, Series(("smallest",))
        )
        series.add(self.step, x.detach().abs().amin().reshape(1).float())

    def _note_difference(self, seen: Seen, result: Any) -> None:
        """A difference from a constant of the same shape: a squared error written by hand."""
        if seen.effect is not Effect.ADD or "sub" not in seen.name or len(seen.tensors) != 2:
            return
        output, target = seen.tensors
        if target.requires_grad:
            output, target = target, output
        origin = self.origins.of(output)
        if origin is None or origin.site is None or not origin.exact or target.requires_grad:
            return
        if output.shape == target.shape and self.origins.of(target) is None:
            note_loss(self.run, self.step, "difference", [output, target], origin, result)


def _tensors_in(args: Any, kwargs: Mapping[str, Any]) -> list[Tensor]:
    found = []
    for value in (*args, *kwargs.values()):
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += [v for v in value if isinstance(v, Tensor)]
    return found


def _is_wrapped(x: Tensor) -> bool:
    """Whether a tensor has no numbers of its own to look at."""
    functorch: Any = torch._C._functorch  # type: ignore[attr-defined]
    return x.is_meta or x.layout != torch.strided or functorch.is_functorch_wrapped_tensor(x)


def _learned(module: nn.Module, record: Activation) -> dict[str, Tensor]:
    found = {}
    for name in record.learned:
        value = getattr(module, name, None)
        if value is None:
            value = getattr(module, "weight", None)
        if isinstance(value, Tensor):
            found[name] = value.detach()
    return found


def _is_active(args: Any, kwargs: Mapping[str, Any], stack: list[Frame]) -> bool:
    p = kwargs.get("p", args[1] if len(args) > 1 else 0.5)
    training = kwargs.get("training", args[2] if len(args) > 2 else True)
    return bool(training) and isinstance(p, float | int) and p > 0
