"""Activations: what goes in, how open their gates are, what gradient comes back."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nonlin.activation import Activation
from nonlin.diagnosis import measuring
from nonlin.diagnosis.gates import gate_inputs
from nonlin.diagnosis.gradients import MOST_MOMENTS, Gradient, Place, over_calls
from nonlin.diagnosis.layers import MOST_CALLS, When
from nonlin.diagnosis.provenance import Origin
from nonlin.diagnosis.scales import Scales
from nonlin.diagnosis.statistics import Run, Site
from nonlin.facts import Facts
from nonlin.functions import get

# Looks between two histograms of an activation's input.
_PICTURED = 3


def _is_part_of_a_loss(site: Site) -> bool:
    """Whether it is the logarithm of a probability, as of scores that no layer gave."""
    facts = site.record.facts
    return site.producer is None and isinstance(facts, Facts) and facts.range.high <= 0


class Activations:
    """Reads the calls of activations into a run."""

    def __init__(self, run: Run, scales: Scales, pictures: bool) -> None:
        self.run, self.scales, self.pictures = run, scales, pictures
        self.step = 0
        self._called: dict[str, int] = {}  # by site, how often in this step
        self._last: tuple[weakref.ref[Tensor], Site] | None = None  # result not yet read
        self._norms: dict[str, dict[int, Tensor]] = {}  # by site, of each call's gradient

    def begin_step(self, step: int) -> None:
        """A step that is looked at begins."""
        self.step = step
        self._called.clear()
        self._norms.clear()

    def end_step(self, last_weight: int) -> None:
        """A step that was looked at is over: activations behind the last layer are outputs."""
        self.something_runs()
        for layer in self._called.keys() & self.run.sites.keys():
            site = self.run.sites[layer]
            if site.order > last_weight >= 0 or _is_part_of_a_loss(site):
                site.is_output = True
            figures = over_calls(self._norms.get(layer, {}))
            if figures is not None:
                site.over_calls.add(self.step, figures)

    def something_runs(self) -> None:
        """Another call begins, or a module ends: a result that is gone by then was thrown away."""
        if self._last is not None:
            result, site = self._last
            site.dropped += result() is None
            self._last = None

    def enter(
        self,
        where: str,
        record: Activation,
        z: Tensor,
        tensors: Mapping[str, Tensor],
        origin: Origin,
        when: When,
    ) -> Site:
        """An activation is about to be called; afterwards its input may be overwritten.

        Args:
            where: its path, or a name made of the layer before it.
            record: which it is.
            z: its input.
            tensors: learned parameters.
            origin: where `z` comes from.
            when: when it is called.
        """
        site = self.run.sites.get(where)
        if site is not None and site.producer != origin.producer and origin.producer is not None:
            # One module in two places: each place has units of its own.
            where = f"{where}@{origin.producer}"
            site = self.run.sites.get(where)
        if site is None or site.record != record:
            site = self.run.sites[where] = Site(where, record, when.order)
            site.root = when.root
            site.producer = origin.producer
            site.normalised = origin.normalised
            site.batch_normalised = origin.batch_normalised
            site.linear_input = bool(origin.linear_from) or origin.is_input
            site.serves = origin.linear_from or frozenset()
            site.reads = origin.site if origin.exact else None
        site.order = when.order
        if isinstance(record.facts, Facts):
            self._measure(site, record, z, tensors, origin)
        elif record.facts.sums_to_one and z.ndim:
            axis = int(record.bound.get("axis", -1))
            site.axis_length = z.shape[axis]
            site.over_batch = z.ndim > 1 and axis % z.ndim == 0
        return site

    def leave(self, site: Site, result: Tensor, grad: bool) -> None:
        """An activation has been called.

        Args:
            site: the activation.
            result: its output.
            grad: whether gradients were enabled.
        """
        if grad and result.requires_grad:
            site.calls += 1
            self._last = weakref.ref(result), site
        measured = site.pending is not None
        self._keep(site, result)
        call = self._called.get(site.layer, 0)
        self._called[site.layer] = call + 1
        wanted = measured or MOST_CALLS <= call < MOST_MOMENTS
        if wanted and grad and result.requires_grad and result.grad_fn is not None:
            place = Place(self._norms.setdefault(site.layer, {}), call)
            result.register_hook(Gradient(self.run, site, self.step, place, not measured))

    def within(self, call: str, args: Any, result: Any, path: str, when: When) -> None:
        """Look at the activations inside a recurrent layer.

        Args:
            call: name of the function.
            args: its arguments.
            result: what it returned.
            path: of the layer.
            when: when it ran.
        """
        found = gate_inputs(call, args, result)
        if found is None:
            return
        where = f"{path}:{found.function}"
        if found.gates is not None:
            self.gates(f"{path}:gates", get("sigmoid"), found.gates, when)
            where = f"{path}:candidate"
        self.gates(where, get(found.function), found.candidate, when)

    def gates(self, where: str, record: Activation, z: Tensor, when: When) -> None:
        """Look at gates inside a layer that runs as one call.

        Args:
            where: their name.
            record: what they go through.
            z: its input, of shape (moments, units).
            when: when the layer ran.
        """
        site = self.run.gates.get(where)
        if site is None:
            site = self.run.gates[where] = Site(where, record, when.order)
            site.root, site.is_gate = when.root, True
        self._measure(site, record, z, {}, Origin())
        if site.pending is not None:
            self._keep(site, record(z))
        self._called[where] = self._called.get(where, 0) + 1

    def _keep(self, site: Site, result: Tensor) -> None:
        """Add the figures of a call that is over."""
        if site.pending is not None:
            wide = torch.float64 if site.dtype == torch.float64 else torch.float32
            figures = torch.stack([*site.pending, self.scales.rms(result)])
            site.series.add(self.step, figures.to(wide))
            site.pending = None

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
        rows = measuring.rows_of(z.detach(), axis)
        figures, unit, opened = measuring.measure_call(
            record, rows, self.scales.rms(z), self.step, tensors
        )
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
            site.histogram = measuring.histogram(rows)
