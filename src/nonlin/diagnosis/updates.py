"""What an optimizer's step does to each parameter."""

from __future__ import annotations

import itertools
import weakref
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from nonlin.diagnosis.measuring import followed, own_part, spread_of_rows
from nonlin.diagnosis.naming import Names
from nonlin.diagnosis.statistics import Parameter, Run

# Sampled steps at which the rows of weights are compared, and at which it is counted what a step
# leaves as it was where that is not rounding's doing: where numbers have more than 16 bits.
_COMPARED = (0, 4)


class Updates:
    """Figures of parameters around optimizer steps."""

    def __init__(self, run: Run, names: Names) -> None:
        self.run, self.names = run, names
        self._idle: dict[int, weakref.ref[nn.Module]] = {}
        self._before: dict[int, list[Any]] = {}

    def begin_step(self) -> None:
        """A step that is looked at begins."""
        self._idle.clear()

    def runs_idle(self, network: nn.Module) -> None:
        """A network runs without gradients, as one that only acts does."""
        self._idle.setdefault(id(network), weakref.ref(network))

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
        copies = _copies(views)
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
        idle = self._names_of_idle() if any(norm is None for norm in norms) else {}
        for (otherwise, parameter, rate), view, copy, norm in zip(
            found, views, copies, norms, strict=True
        ):
            # Not before: a closure may have run the model for the first time.
            name = self.names.parameter(parameter)
            if name is None:
                name = self.names.adopt(parameter, otherwise, idle.get(id(parameter)))
            kept = self._entry(name, parameter, kind)
            kept.seen += 1
            if not kept.rates or kept.rates[-1][1] != rate:
                kept.rates.append((step, float(rate)))
            if norm is None:
                kept.without += 1
                if id(parameter) in idle or name in self.run.read_as_constants:
                    kept.idle.append(copy.clone())
                    del kept.idle[1:-1]
                continue
            own = own_part(parameter)
            now = view if view.numel() and view.data_ptr() else followed(own)
            looked.append(_Look(kept, own, now, copy, norm, parameter.grad))
        for places in _by_device([look.norm for look in looked]):
            _keep([looked[i] for i in places], step)

    def _names_of_idle(self) -> dict[int, str]:
        """Parameters of the networks that ran without gradients, and what to call them."""
        names: dict[int, str] = {}
        kinds: dict[str, int] = {}  # how many there were of each class
        for network in [n for of in self._idle.values() if (n := of()) is not None]:
            # Outermost first: its parts have run too.
            if all(id(parameter) in names for parameter in network.parameters()):
                continue
            kind = type(network).__name__
            kinds[kind] = same = kinds.get(kind, 0) + 1
            prefix = f"{kind}#{same}" if same > 1 else kind
            for name, parameter in network.named_parameters(prefix=prefix):
                names.setdefault(id(parameter), name)
        return names

    def _entry(self, name: str, parameter: Tensor, kind: str) -> Parameter:
        entry = self.run.parameters.get(name)
        if entry is None:
            shape = tuple(parameter.shape)
            layer = self.names.layer(parameter) or name
            entry = Parameter(name, layer, shape, parameter.dtype, len(shape) > 1, optimizer=kind)
            entry.sharded = any(p.is_shard() for p in getattr(parameter, "placements", ()))
            self.run.parameters[name] = entry
        return entry

    def _gradients(self, optimizer: Any, parameters: list[Tensor]) -> list[Tensor | None]:
        present = [i for i, p in enumerate(parameters) if p.grad is not None]
        gradients: list[Any] = [parameters[i].grad for i in present]
        dense = [g if _is_dense(g) else g.coalesce().values() for g in gradients]
        norms = _norms([own_part(g) for g in dense])
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


def _by_device(tensors: list[Tensor]) -> list[list[int]]:
    """Places of the tensors that lie on one device.

    They are measured together: a call for each of many parameters costs more than what it computes.
    """
    places: dict[torch.device, list[int]] = {}
    for i, tensor in enumerate(tensors):
        places.setdefault(tensor.device, []).append(i)
    return list(places.values())


def _copies(views: list[Tensor]) -> list[Tensor]:
    """A copy of each; of several dtypes all have the widest."""
    found: dict[int, Tensor] = {}
    for places in _by_device(views):
        parts = [views[i] for i in places]
        found |= zip(places, torch.cat(parts).split([p.numel() for p in parts]), strict=True)
    return [found[i] for i in range(len(views))]


def _keep(looked: list[_Look], step: int) -> None:
    """Add the figures of parameters that lie on one device."""
    sizes = [look.now.numel() for look in looked]
    before = torch.cat([look.copy for look in looked])
    # In the parameters' own dtype, or a wider one, where a lost step leaves exactly 0.
    changed = torch.cat([look.now for look in looked]) - before
    figures = [
        torch.stack([look.norm for look in looked]),
        torch.stack(_norms([look.own for look in looked])),
        torch.stack(_norms(list(changed.split(sizes)))),
        torch.stack(_norms(list(before.split(sizes)))),
        _lost(looked, changed, sizes),
        _rows(looked),
    ]
    table = torch.stack([row.float() for row in figures], dim=1)
    for look, row in zip(looked, table.unbind(), strict=True):
        look.kept.series.add(step, row)


def _lost(looked: list[_Look], changed: Tensor, sizes: list[int]) -> Tensor:
    """Of each one's entries with a gradient, the share that the step left as they were."""
    shares = changed.new_full((len(looked),), float("nan"), dtype=torch.float32)
    gradients = {
        i: followed(own_part(look.gradient))
        for i, look in enumerate(looked)
        if _is_dense(look.gradient)
        and (look.own.dtype.itemsize < 4 or look.kept.seen - 1 in _COMPARED)
    }
    whole = [i for i, gradient in gradients.items() if gradient.numel() == sizes[i] > 0]
    if not whole:
        return shares
    if len(whole) < len(looked):
        parts = changed.split(sizes)
        changed = torch.cat([parts[i] for i in whole])
    pushed = torch.cat([gradients[i] for i in whole]) != 0
    sums = torch.stack([pushed & (changed == 0), pushed]).cumsum(1)
    ends = list(itertools.accumulate(sizes[i] for i in whole))
    at = sums[:, torch.tensor(ends, device=sums.device) - 1]
    counts = at.diff(dim=1, prepend=at.new_zeros(2, 1))
    shares[torch.tensor(whole, device=shares.device)] = (counts[0] / counts[1]).float()
    return shares


def _rows(looked: list[_Look]) -> Tensor:
    """How far the rows of each differ, where that is compared."""
    unknown = looked[0].norm.new_full((len(looked),), float("nan"))
    for i, look in enumerate(looked):
        if look.kept.is_weight and look.kept.seen - 1 in _COMPARED and look.own.shape[0] > 1:
            unknown[i] = spread_of_rows(look.own)
    return unknown


def _is_dense(gradient: Any) -> bool:
    return gradient is not None and gradient.layout == torch.strided


def _norms(tensors: list[Tensor]) -> list[Tensor]:
    if not tensors:
        return []
    if all(t.dtype.itemsize >= 4 for t in tensors):
        return list(torch._foreach_norm(tensors))  # type: ignore[attr-defined]
    return [torch.linalg.vector_norm(t, dtype=torch.float32) for t in tensors]
