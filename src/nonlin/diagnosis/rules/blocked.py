"""Layers that no gradient reaches because an operation stops it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from nonlin.diagnosis import evidence as ev
from nonlin.diagnosis.finding import Finding, titled
from nonlin.diagnosis.statistics import Blocker, Parameter, Run
from nonlin.diagnosis.thresholds import Thresholds
from nonlin.diagnosis.unread import THROWN_AWAY

_FEWEST_LOOKS = 2
# Beside a gradient this small, a gradient of 0 is one that was rounded away.
_ROUNDED_AWAY = 1e-20


class _Layer(NamedTuple):
    name: str
    order: int
    parameter: Parameter

    @property
    def gets_none(self) -> bool:
        return self.parameter.without == self.parameter.seen


def judge(run: Run, limits: Thresholds, found: tuple[Finding, ...]) -> list[Finding]:
    """Trained layers and samples without a gradient, and parameters read as constants."""
    cut = _layers(run) + _samples(run)
    return cut + _constants(run, {layer for finding in cut for layer in finding.layers})


def judge_idle(run: Run, limits: Thresholds, found: tuple[Finding, ...]) -> list[Finding]:
    """Networks that an optimizer was given and that only ever ran without gradients."""
    layers = [
        parameter.layer
        for name, parameter in run.parameters.items()
        if parameter.is_weight
        and name not in run.read_as_constants
        and parameter.without == parameter.seen
        and len(parameter.idle) > 1
        # A target network is moved by the program.
        and torch.equal(*parameter.idle)
    ]
    if not layers:
        return []
    return [
        Finding(
            kind="blocked-gradient",
            severity="warning",
            layer=layers[-1],
            cause="detach",
            since_step=0,
            summary=f"No gradient reaches {_listed(layers)}: they are "
            "given to an optimizer, and run under torch.no_grad() alone.",
            evidence={
                "operation": "no_grad",
                "operation_in": layers[-1],
                "gradient": "None",
                "looks": max(p.seen for p in run.parameters.values()),
            },
            layers=tuple(layers),
        )
    ]


def _samples(run: Run) -> list[Finding]:
    fed = {p.layer for p in run.parameters.values() if p.without < p.seen}
    found = [(reader, sorted(means & fed)) for reader, means in run.drawn.items() if reader in fed]
    found = [(reader, layers) for reader, layers in found if layers]
    if run.scores_samples or not found:
        return []
    reader, layers = found[0]
    return [
        Finding(
            kind="blocked-gradient",
            severity="problem",
            layer=layers[0],
            cause="detach",
            since_step=0,
            summary=f"What {titled(reader)} reads is a sample around the output of "
            f"{' and '.join(map(titled, layers))}, drawn by torch.normal, as in Normal.sample(): "
            "no gradient comes back through it.",
            evidence={
                "operation": "sample",
                "operation_in": layers[0],
                "read_by": reader,
                "looks": max(p.seen for p in run.parameters.values()),
            },
            layers=tuple(layers),
        )
    ]


def _constants(run: Run, told: set[str]) -> list[Finding]:
    names = [
        name
        for name, parameter in run.parameters.items()
        if name in run.read_as_constants
        and parameter.without == parameter.seen >= _FEWEST_LOOKS
        and parameter.layer not in told
        # A codebook may be moved by the program.
        and (len(parameter.idle) < 2 or torch.equal(*parameter.idle))
    ]
    if not names:
        return []
    operation = run.read_as_constants[names[0]]
    layers = tuple(dict.fromkeys(run.parameters[name].layer for name in names))
    return [
        Finding(
            kind="blocked-gradient",
            severity="problem",
            layer=layers[0],
            cause="detach",
            since_step=0,
            summary=f"No gradient reaches {', '.join(names)}: read as a constant ({operation}), "
            "of which back-propagation knows nothing.",
            evidence={
                "operation": operation,
                "operation_in": layers[0],
                "gradient": "None",
                "looks": run.parameters[names[0]].seen,
                "parameters": names,
            },
            layers=layers,
        )
    ]


def _layers(run: Run) -> list[Finding]:
    layers = [_Layer(w.layer, w.order, p) for w, p in ev.weights_in_order(run)]
    starved, fed = _without_gradient(run), []
    for layer in layers:
        _, table = layer.parameter.series.table()
        gradient = table["gradient"]
        if layer.gets_none or (
            gradient.size and not gradient.any() and not _gets_some(run, layer.name)
        ):
            starved.append(layer)
        else:
            fed.append((layer, float(np.nan_to_num(gradient).max(initial=0.0))))
    if not starved:
        return []
    looks = max((layer.parameter.seen for layer in layers), default=0)
    found = _stopped(run, starved, fed, looks)
    cut_off = [layer for layer in starved if layer.gets_none]
    if not found and 0 < len(cut_off) < len(starved):
        # Behind a router that is cut off lie experts that it never chose, whose gradient is 0.
        found = _stopped(run, cut_off, fed, looks)
    return found


def _stopped(
    run: Run, starved: list[_Layer], fed: list[tuple[_Layer, float]], looks: int
) -> list[Finding]:
    """The finding that an operation keeps the gradient of `fed` layers from `starved` ones."""
    starved = sorted(starved, key=lambda layer: layer.order)
    last = starved[-1].order
    behind = [(layer, g) for layer, g in fed if layer.order > last]
    none = all(layer.gets_none for layer in starved)
    if behind and behind[0][1] < _ROUNDED_AWAY * max(g for _, g in behind):
        return []
    if not none and any(_is_zero(layer.parameter) for layer, _ in behind):
        return []  # What multiplies by weights of 0 passes 0.
    upper = min((layer.order for layer, _ in behind), default=10**9)
    blocker = _between(run, last, upper, none)
    if blocker is None and behind:
        # Other layers get gradients past a head that the loss leaves out.
        unread = ev.unread_layers(run)
        read = [layer for layer in starved if layer.name not in unread]
        if len(read) < len(starved):
            return _stopped(run, read, fed, looks) if read else []
    if blocker is None and (_is_shut(run, last, upper) or looks < _FEWEST_LOOKS):
        return []
    if blocker is None and not behind and not (none and not fed and _is_trained(run)):
        return []
    # Zeros without a reason that was seen: a head that is still 0, for one.
    if blocker is None and not none and (looks < 3 or _is_shut(run, -1, 10**9)):
        return []
    names = [layer.name for layer in starved]
    told = blocker.operation if blocker is not None else "an operation that was not seen"
    where = blocker.layer if blocker is not None and blocker.layer else names[-1]
    cause = {"step": "non-differentiable-operation", "detach": "detach"}.get(
        blocker.kind if blocker is not None else "step", "detach"
    )
    explicit = blocker is not None and blocker.operation == "no_grad"
    how = f"{told} behind {titled(names[-1])} stops it"
    if blocker is None and names[-1] in run.thrown_away - run.read:
        told, how = THROWN_AWAY, f"what {titled(names[-1])} returns is thrown away"
        cause = "unused-result"
    return [
        Finding(
            kind="blocked-gradient",
            severity="warning" if explicit else "problem",
            layer=names[-1],
            cause=cause,
            since_step=0,
            summary=f"No gradient reaches {_listed(names)}: {how}.",
            evidence={
                "operation": told,
                "operation_in": where,
                "gradient": "None" if none else 0.0,
                "looks": looks,
                "layers_with_gradient": [layer.name for layer, _ in fed][:8],
            },
            layers=tuple(names),
        )
    ]


def _is_trained(run: Run) -> bool:
    """Whether any parameter gets a gradient, so that there is a loss with a graph."""
    return any(p.without < p.seen for p in run.parameters.values())


def _listed(layers: list[str]) -> str:
    rest = f" and {len(layers) - 3} more layers" if len(layers) > 3 else ""
    return ", ".join(map(titled, layers[-3:])) + rest


def _without_gradient(run: Run) -> list[_Layer]:
    """Modules that ran and are no layers of a single product, such as embeddings and GRUs."""
    found = {}
    for parameter in run.parameters.values():
        name = parameter.layer
        if name in run.ran and name not in run.weights:
            layer = _Layer(name, run.ran[name], parameter)
            known = found.get(name)
            found[name] = layer if known is None or known.gets_none else known
    return [layer for layer in found.values() if layer.gets_none]


def _is_zero(parameter: Parameter) -> bool:
    _, table = parameter.series.table()
    return bool(table["weight"].size) and not table["weight"].any()


def _between(run: Run, low: int, high: int, none: bool) -> Blocker | None:
    found = [b for b in run.blockers.values() if low <= b.order < high]
    # A missing gradient is a cut; a gradient of 0 is a step that back-propagation went through.
    wanted = ("detach", "step") if none else ("step",)
    found = [b for b in found if b.kind in wanted]
    return min(found, key=lambda b: (wanted.index(b.kind), b.order), default=None)


def _gets_some(run: Run, layer: str) -> bool:
    """Whether another parameter of the layer gets a gradient: its weights then read zeros."""
    for parameter in run.parameters.values():
        if parameter.layer == layer and not parameter.is_weight:
            _, table = parameter.series.table()
            if table["gradient"].size and np.nanmax(table["gradient"]) > 0:
                return True
    return False


def _is_shut(run: Run, low: int, high: int) -> bool:
    """Whether a layer of closed gates explains a gradient of 0."""
    for site in ev.hidden(run):
        if low < site.order < high:
            _, table = site.series.table()
            if table["open"].size and np.nanmax(table["open"][-4:]) == 0:
                return True
    return False
