"""What an optimizer's step does to each parameter."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nonlin.diagnosis.measuring import followed, own_part, spread_of_rows
from nonlin.diagnosis.naming import Names, layer_of
from nonlin.diagnosis.statistics import Parameter, Run

# Sampled steps at which the rows of weights are compared.
_COMPARED = (0, 4)


class Updates:
    """Figures of parameters around optimizer steps."""

    def __init__(self, run: Run, names: Names) -> None:
        self.run, self.names = run, names
        self._before: dict[int, list[Any]] = {}

    def before(self, optimizer: Any, has_closure: bool) -> None:
        """Note weights, and gradients as the optimizer is going to see them."""
        found = []
        kind = type(optimizer).__name__
        self.run.optimizers.setdefault(kind, {})
        number = 0
        for group in optimizer.param_groups:
            rate = group.get("lr", float("nan"))
            for parameter in group["params"]:
                number += 1
                if not parameter.requires_grad or not parameter.is_floating_point():
                    continue
                found.append((f"{kind}.parameter{number}", parameter, rate))
        views = [followed(own_part(p)) for _, p, _ in found]
        copies = [v.clone() for v in views]
        norms = None
        if not has_closure:
            # With a closure the gradients are made inside the step.
            norms = self._gradients(optimizer, [p for _, p, _ in found])
        self._before[id(optimizer)] = [found, views, copies, norms, kind]

    def after(self, optimizer: Any, step: int) -> None:
        """Note what has changed."""
        entry = self._before.pop(id(optimizer), None)
        if entry is None:
            return
        found, views, copies, norms, kind = entry
        if norms is None:
            norms = self._gradients(optimizer, [p for _, p, _ in found])
        looked: list[_Look] = []
        for (otherwise, parameter, rate), view, copy, norm in zip(
            found, views, copies, norms, strict=True
        ):
            # Not before: a closure may have run the model for the first time.
            name = self.names.parameter(parameter) or self.names.adopt(parameter, otherwise)
            kept = self._entry(name, parameter, kind)
            kept.seen += 1
            if not kept.rates or kept.rates[-1][1] != rate:
                kept.rates.append((step, float(rate)))
            if norm is None:
                kept.without += 1
                continue
            own = own_part(parameter.detach())
            now = view if view.numel() and view.data_ptr() else followed(own)
            looked.append(_Look(kept, own, now, copy, norm, parameter.grad))
        by_device: dict[Any, list[_Look]] = {}
        for look in looked:
            by_device.setdefault(look.norm.device, []).append(look)
        # Together, because a call for each of many parameters costs more than what it computes.
        for group in by_device.values():
            _keep(group, step)

    def _entry(self, name: str, parameter: Tensor, kind: str) -> Parameter:
        entry = self.run.parameters.get(name)
        if entry is None:
            shape = tuple(parameter.shape)
            entry = Parameter(
                name, layer_of(name), shape, parameter.dtype, len(shape) > 1, optimizer=kind
            )
            entry.sharded = any(p.is_shard() for p in getattr(parameter, "placements", ()))
            self.run.parameters[name] = entry
        return entry

    def _gradients(self, optimizer: Any, parameters: list[Tensor]) -> list[Tensor | None]:
        present = [i for i, p in enumerate(parameters) if p.grad is not None]
        gradients: list[Any] = [parameters[i].grad for i in present]
        dense = [g if _is_dense(g) else g.coalesce().values() for g in gradients]
        norms = _norms([own_part(g.detach()) for g in dense])
        scale = getattr(optimizer, "grad_scale", None)
        result: list[Tensor | None] = [None] * len(parameters)
        for i, norm in zip(present, norms, strict=True):
            # A fused optimizer gets gradients that AMP has not divided yet.
            result[i] = norm / scale if isinstance(scale, Tensor) else norm
        return result


class _Look(NamedTuple):
    """A parameter after a step: what is kept of it, and the tensors that are measured."""

    kept: Parameter
    own: Tensor
    now: Tensor
    copy: Tensor
    norm: Tensor
    gradient: Any


def _keep(looked: list[_Look], step: int) -> None:
    """Add the figures of parameters that lie on one device."""
    copies = [look.copy if look.copy.dtype.itemsize >= 4 else look.copy.float() for look in looked]
    # In the parameters' own dtype, where a lost step leaves exactly 0.
    changed = [look.now - look.copy for look in looked]
    moved = [c if c.dtype.itemsize >= 4 else c.float() for c in changed]
    unknown = looked[0].norm.new_tensor(float("nan"))
    figures = [
        [look.norm for look in looked],
        _norms([look.own for look in looked]),
        _norms(moved),
        _norms(copies),
        _lost(looked, changed, unknown),
        [_rows(look, unknown) for look in looked],
    ]
    table = torch.stack([torch.stack([f.float() for f in row]) for row in figures], dim=1)
    for look, row in zip(looked, table.unbind(), strict=True):
        look.kept.series.add(step, row)


def _lost(looked: list[_Look], changed: list[Tensor], unknown: Tensor) -> list[Tensor]:
    """Of the entries with a gradient, the share that the step left as they were."""
    gradients = [
        followed(own_part(look.gradient)) if _is_dense(look.gradient) else None for look in looked
    ]
    whole = [
        i
        for i, gradient in enumerate(gradients)
        if gradient is not None and gradient.numel() == changed[i].numel() > 0
    ]
    if not whole:
        return [unknown] * len(looked)
    pushed = torch.cat([gradients[i] != 0 for i in whole])
    stayed = torch.cat([changed[i] == 0 for i in whole])
    sums = torch.stack([pushed & stayed, pushed]).long().cumsum(1)
    ends = list(itertools.accumulate(changed[i].numel() for i in whole))
    at = sums[:, torch.tensor(ends, device=sums.device) - 1]
    counts = at.diff(dim=1, prepend=at.new_zeros(2, 1))
    shares = dict(zip(whole, (counts[0] / counts[1]).unbind(), strict=True))
    return [shares.get(i, unknown) for i in range(len(looked))]


def _rows(look: _Look, unknown: Tensor) -> Tensor:
    compared = look.kept.is_weight and look.kept.seen - 1 in _COMPARED and look.own.shape[0] > 1
    return spread_of_rows(look.own) if compared else unknown


def _is_dense(gradient: Any) -> bool:
    return gradient is not None and gradient.layout == torch.strided


def _norms(tensors: list[Tensor]) -> list[Tensor]:
    if not tensors:
        return []
    if all(t.dtype.itemsize >= 4 for t in tensors):
        return list(torch._foreach_norm(tensors))  # type: ignore[attr-defined]
    return [torch.linalg.vector_norm(t, dtype=torch.float32) for t in tensors]
