"""What an optimizer's step does to each parameter."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Sequence
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
        self.run.optimizers.add(kind)
        number = 0
        for group in optimizer.param_groups:
            rate = group.get("lr", float("nan"))
            for parameter in group["params"]:
                number += 1
                if not parameter.requires_grad or not parameter.is_floating_point():
                    continue
                found.append((f"{kind}.parameter{number}", parameter, rate))
        views = [followed(own_part(p)) for _, p, _ in found]
        before = copies(views)
        norms = None
        if not has_closure:
            # With a closure the gradients are made inside the step.
            norms = self._gradients(optimizer, [p for _, p, _ in found])
        self._before[id(optimizer)] = [found, views, before, norms, kind]

    def after(self, optimizer: Any, step: int) -> None:
        """Note what has changed."""
        entry = self._before.pop(id(optimizer), None)
        if entry is None:
            return
        found, views, before, norms, kind = entry
        if norms is None:
            norms = self._gradients(optimizer, [p for _, p, _ in found])
        looked: list[Look] = []
        idle = self._names_of_idle() if any(norm is None for norm in norms) else {}
        for (otherwise, parameter, rate), view, copy, norm in zip(
            found, views, before, norms, strict=True
        ):
            # Not before: a closure may have run the model for the first time.
            kept = self.entry(parameter, kind, otherwise, idle.get(id(parameter)))
            kept.seen += 1
            if not kept.rates or kept.rates[-1][1] != rate:
                kept.rates.append((step, float(rate)))
            if norm is None:
                self.without(kept, copy, id(parameter) in idle)
                continue
            own = own_part(parameter)
            now = view if view.numel() and view.data_ptr() else followed(own)
            looked.append(Look(kept, own, now, copy, norm, parameter.grad))
        keep(looked, step)

    def without(self, kept: Parameter, entries: Tensor, is_idle: bool = False) -> None:
        """Note a parameter that got no gradient, and its entries where the program may move it."""
        kept.without += 1
        if is_idle or kept.name in self.run.read_as_constants:
            kept.idle.append(entries.clone())
            del kept.idle[1:-1]

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

    def entry(
        self, parameter: Tensor, kind: str, otherwise: str, idle: str | None = None
    ) -> Parameter:
        """What is kept of a parameter.

        Args:
            parameter: the parameter.
            kind: what moves it.
            otherwise: its name where neither a module nor a variable of the program has one.
            idle: its name in a module that ran without gradients alone.
        """
        name = self.names.parameter(parameter) or self.names.adopt(parameter, otherwise, idle)
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
        norms = norms_of_gradients([parameters[i].grad for i in present])
        scale = getattr(optimizer, "grad_scale", None)
        result: list[Tensor | None] = [None] * len(parameters)
        for i, norm in zip(present, norms, strict=True):
            # A fused optimizer gets gradients that AMP has not divided yet.
            result[i] = norm / scale if isinstance(scale, Tensor) else norm
        return result


class Look(NamedTuple):
    """A parameter after a step: what is kept of it, and the tensors that are measured."""

    kept: Parameter
    own: Tensor
    now: Tensor
    copy: Tensor
    norm: Tensor
    gradient: Any


def by_device(tensors: list[Tensor]) -> list[list[int]]:
    """Places of the tensors that lie on one device.

    They are measured together: a call for each of many parameters costs more than what it computes.
    """
    places: dict[torch.device, list[int]] = {}
    for i, tensor in enumerate(tensors):
        places.setdefault(tensor.device, []).append(i)
    return list(places.values())


def copies(views: list[Tensor]) -> list[Tensor]:
    """A copy of each; of several dtypes all have the widest."""
    found: dict[int, Tensor] = {}
    for places in by_device(views):
        parts = [views[i] for i in places]
        found |= zip(places, torch.cat(parts).split([p.numel() for p in parts]), strict=True)
    return [found[i] for i in range(len(views))]


def keep(looked: list[Look], step: int) -> None:
    """Add the figures of parameters after a step."""
    for places in by_device([look.norm for look in looked]):
        _keep([looked[i] for i in places], step)


def _keep(looked: list[Look], step: int) -> None:
    """Add the figures of parameters that lie on one device."""
    sizes = [look.now.numel() for look in looked]
    before = torch.cat([look.copy for look in looked])
    # In the parameters' own dtype, or a wider one, where a lost step leaves exactly 0.
    changed = torch.cat([look.now for look in looked]) - before
    figures = [
        torch.stack([look.norm for look in looked]),
        torch.stack(norms_of([look.own for look in looked])),
        torch.stack(norms_of(list(changed.split(sizes)))),
        torch.stack(norms_of(list(before.split(sizes)))),
        _lost(looked, changed, sizes),
        _rows(looked),
        _means(looked, before.split(sizes)),
    ]
    table = torch.stack([row.float() for row in figures], dim=1)
    for look, row in zip(looked, table.unbind(), strict=True):
        look.kept.series.add(step, row)


def _lost(looked: list[Look], changed: Tensor, sizes: list[int]) -> Tensor:
    """Of each one's gradient, the share in entries that the step left as they were.

    Not of the entries: a plain step in 16 bits may leave most of them, which hardly have a
    gradient, and lose nothing.
    """
    shares = changed.new_full((len(looked),), float("nan"), dtype=torch.float32)
    gradients = {
        i: followed(own_part(look.gradient))
        for i, look in enumerate(looked)
        if is_dense(look.gradient)
        and (look.own.dtype.itemsize < 4 or look.kept.seen - 1 in _COMPARED)
    }
    whole = [i for i, gradient in gradients.items() if gradient.numel() == sizes[i] > 0]
    if not whole:
        return shares
    if len(whole) < len(looked):
        parts = changed.split(sizes)
        changed = torch.cat([parts[i] for i in whole])
    pushed = torch.cat([gradients[i] for i in whole]).double().abs()
    pushed = torch.where(pushed.isfinite(), pushed, torch.zeros_like(pushed))
    sums = torch.stack([pushed * (changed == 0), pushed]).cumsum(1)
    ends = list(itertools.accumulate(sizes[i] for i in whole))
    at = sums[:, torch.tensor(ends, device=sums.device) - 1]
    counts = at.diff(dim=1, prepend=at.new_zeros(2, 1))
    shares[torch.tensor(whole, device=shares.device)] = (counts[0] / counts[1]).float()
    return shares


def _rows(looked: list[Look]) -> Tensor:
    """How far the rows of each differ, where that is compared."""
    unknown = looked[0].norm.new_full((len(looked),), float("nan"))
    for i, look in enumerate(looked):
        if _is_compared(look) and look.own.shape[0] > 1:
            unknown[i] = spread_of_rows(look.own)
    return unknown


def _means(looked: list[Look], before: Sequence[Tensor]) -> Tensor:
    """Mean of what is followed of each, at the same looks."""
    unknown = looked[0].norm.new_full((len(looked),), float("nan"))
    for i, look in enumerate(looked):
        if _is_compared(look) and before[i].numel():
            unknown[i] = before[i].float().mean()
    return unknown


def _is_compared(look: Look) -> bool:
    return look.kept.is_weight and look.kept.seen - 1 in _COMPARED


def is_dense(gradient: Any) -> bool:
    return gradient is not None and gradient.layout == torch.strided


def norms_of_gradients(gradients: list[Any]) -> list[Tensor]:
    """Norm of each, of sparse ones too."""
    dense = [g if is_dense(g) else g.coalesce().values() for g in gradients]
    return norms_of([own_part(g) for g in dense])


def norms_of(tensors: list[Tensor]) -> list[Tensor]:
    if not tensors:
        return []
    if all(t.dtype.itemsize >= 4 for t in tensors):
        return list(torch._foreach_norm(tensors))  # type: ignore[attr-defined]
    return [torch.linalg.vector_norm(t, dtype=torch.float32) for t in tensors]
