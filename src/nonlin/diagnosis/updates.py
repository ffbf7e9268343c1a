"""What an optimizer's step does to each parameter."""

from __future__ import annotations

from typing import Any

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
                name = self.names.parameter(parameter) or f"{kind}.parameter{number}"
                found.append((name, parameter, rate))
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
        plain = [own_part(p.detach()) for _, p, _ in found]
        weights = _norms(plain)
        for (name, parameter, rate), own, view, copy, norm, weight in zip(
            found, plain, views, copies, norms, weights, strict=True
        ):
            entry = self.run.parameters.get(name)
            if entry is None:
                shape = tuple(parameter.shape)
                entry = Parameter(
                    name, layer_of(name), shape, parameter.dtype, len(shape) > 1, optimizer=kind
                )
                entry.sharded = any(p.is_shard() for p in getattr(parameter, "placements", ()))
                self.run.parameters[name] = entry
            entry.seen += 1
            if not entry.rates or entry.rates[-1][1] != rate:
                entry.rates.append((step, float(rate)))
            if norm is None:
                entry.without += 1
                continue
            changed = (view if view.numel() and view.data_ptr() else followed(own)) - copy
            if copy.dtype.itemsize < 4:
                changed, copy = changed.float(), copy.float()
            whole = parameter.grad
            gradient = followed(own_part(whole)) if _is_dense(whole) else None
            lost = norm.new_tensor(float("nan"))
            if gradient is not None and gradient.numel() == changed.numel():
                moved = gradient != 0
                lost = (moved & (changed == 0)).sum() / moved.sum()
            rows = norm.new_tensor(float("nan"))
            if entry.is_weight and entry.seen - 1 in _COMPARED and own.shape[0] > 1:
                rows = spread_of_rows(own)
            figures = [
                norm,
                weight,
                torch.linalg.vector_norm(changed),
                torch.linalg.vector_norm(copy),
                lost,
                rows,
            ]
            entry.series.add(step, torch.stack([f.float() for f in figures]))

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


def _is_dense(gradient: Any) -> bool:
    return gradient is not None and gradient.layout == torch.strided


def _norms(tensors: list[Tensor]) -> list[Tensor]:
    if not tensors:
        return []
    if all(t.dtype.itemsize >= 4 for t in tensors):
        return list(torch._foreach_norm(tensors))  # type: ignore[attr-defined]
    return [torch.linalg.vector_norm(t, dtype=torch.float32) for t in tensors]
