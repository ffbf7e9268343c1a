"""What each layer reads and feeds, how large that is, and so how its weights are to be drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from nonlin.activation import Activation
from nonlin.errors import NonlinError
from nonlin.facts import Facts
from nonlin.init.gains import Mode, critical_variances, gain, second_moment
from nonlin.tracing import Flow, Step, Trace

# Draws by which the spread of an activation over an axis is found, where there is no quadrature.
_DRAWS = 2**16


@dataclass(frozen=True)
class Plan:
    """How a layer is to be drawn.

    Attributes:
        step: the layer.
        reads: what it reads, in words.
        gain: factor on 1/√fan; None where the layer is to be left as it is.
        bias_variance: variance of its biases.
        target: variance that its output should have; below 1 at the end of a residual branch.
        scheme: the known name of it.
        why: in words.
    """

    step: Step
    reads: str
    gain: float | None
    bias_variance: float = 0.0
    target: float = 1.0
    scheme: str = ""
    why: str = ""


def plan(trace: Trace, mode: str, tensors: dict[str, Any]) -> list[Plan]:
    """A plan for every layer of a trace.

    Args:
        trace: what ran.
        mode: ``forward``, ``backward``, ``compromise`` or ``critical``.
        tensors: parameters by name, whose own spread is what flows from them.
    """
    residual = _Residual(trace)
    sizes = _Sizes(trace, tensors, residual)
    return [_plan(step, mode, sizes, residual) for step in trace.of_kind("layer")]


def _plan(step: Step, mode: str, sizes: _Sizes, residual: _Residual) -> Plan:
    flow = step.reads[0]
    source = sizes.steps[flow.source]
    words = _described(source, flow)
    try:
        size = sizes.of(flow)
        factor, bias, why = _factor(source, size, mode)
    except NonlinError as error:
        return Plan(step, words, None, why=str(error))
    scheme = _scheme(source, factor, mode)
    share = residual.shares.get(step.index, 1.0)
    if share != 1.0:
        why += f"; {residual.words[step.index]}"
    if step.index in residual.normed:
        why += "; ends a residual branch in a norm, whose scale decides"
    return Plan(step, words, factor * share, bias * share**2, share**2, scheme, why)


def _factor(source: Step, size: float, mode: str) -> tuple[float, float, str]:
    """Gain, variance of the biases, and why, for what a layer reads."""
    record = source.record
    if source.kind != "activation" or record is None:
        return 1 / math.sqrt(size), 0.0, _why_linear(source, size)
    if mode == "critical":
        weight, bias = critical_variances(record)
        return math.sqrt(weight), bias, f"critical line: E[f′²] = {1 / weight:.4g}, χ = 1"
    forward = 1 / math.sqrt(size)
    if mode == "forward" or not isinstance(record.facts_of(**record.bound), Facts):
        return forward, 0.0, f"E[f²] = {size:.4g}"
    asked: Mode = "backward" if mode == "backward" else "compromise"
    # What the activation reads may not have variance 1; the ratio is that of a variance of 1.
    factor = forward * gain(record, asked) / gain(record)
    return factor, 0.0, f"{mode}: E[f²] = {size:.4g}"


def _why_linear(source: Step, size: float) -> str:
    if source.kind == "input":
        return "reads the input, taken to have E[x²] = 1"
    return "keeps the variance" if math.isclose(size, 1.0) else f"reads E[x²] = {size:.4g}"


def _scheme(source: Step, factor: float, mode: str) -> str:
    """The name by which the literature knows a variance."""
    if mode == "critical" and source.kind == "activation":
        return "critical"
    if mode == "compromise":
        return "Xavier"
    facts = None if source.record is None else source.record.facts_of(**source.record.bound)
    if isinstance(facts, Facts) and facts.homogeneous == 1 and not facts.polynomial:
        return "He"
    return "LeCun" if math.isclose(factor, 1.0, rel_tol=1e-6) else "matched"


def _described(source: Step, flow: Flow) -> str:
    names = {"norm": "a norm", "add": "a sum", "layer": "a layer", "mix": "attention"}
    if source.kind == "activation":
        words = repr(source.record)
    elif source.kind == "product":
        words = "a product"
    else:
        words = names.get(source.kind, source.name)
    through = [name for name in dict.fromkeys(flow.through) if "pool" in name or name == "mean"]
    return f"{words} through {', '.join(through)}" if through else words


class _Sizes:
    """E[x²] of what flows, if every layer's output has variance 1."""

    def __init__(self, trace: Trace, tensors: dict[str, Any], residual: _Residual) -> None:
        self.steps = trace.steps
        self._tensors = tensors
        self._residual = residual
        self._known: dict[int, float] = {}

    def of(self, flow: Flow) -> float:
        """E[x²] of a flow, or an error that says where it cannot be told."""
        return flow.factor**2 * self._handed_on(flow.source)

    def _handed_on(self, index: int) -> float:
        if index not in self._known:
            self._known[index] = self._found(self.steps[index])
        return self._known[index]

    def _found(self, step: Step) -> float:
        if step.kind == "unknown":
            read = {self.steps[flow.source].name for flow in step.reads}
            raise NonlinError(
                f"reads {step.name!r} of {', '.join(sorted(read)) or 'nothing'}, which is no "
                "activation of the catalogue; make it one with nonlin.define or nonlin.parse"
            )
        if step.kind == "activation":
            assert step.record is not None
            return _spread(_current(step), self.of(step.reads[0]))
        if step.kind in ("parameter", "embedding"):
            return self._measured(step.weight)
        if step.kind == "layer":
            return self._residual.shares.get(step.index, 1.0) ** 2
        if step.kind == "norm":
            return 1.0
        parts = [self.of(flow) for flow in step.reads]
        if step.kind == "add":
            return sum(parts)
        if step.kind == "product":
            return math.prod(parts)
        if step.kind in ("join", "mix"):
            return sum(parts) / len(parts)
        return 1.0  # an input or a constant

    def _measured(self, name: str) -> float:
        tensor = self._tensors.get(name)
        if tensor is None or tensor.numel() == 0 or tensor.device.type == "meta":
            return 1.0
        return tensor.detach().double().square().mean().item()


def _current(step: Step) -> Activation:
    """An activation with what its module has learned since it was made."""
    record = step.record
    assert record is not None
    learned = {}
    for name in record.learned:
        parameter = next((p for p in record.parameters if p.name == name), None)
        tensor = step.values.get(name, getattr(step.module, name, None))
        if tensor is None and step.module is not None:
            tensor = getattr(step.module, "weight", None)
        if tensor is not None and parameter is not None:
            value = tensor.detach().double().mean().item()
            learned[name] = value if parameter.allows(value) else record.bound[name]
    return record.bind(**learned)


@cache
def _spread(record: Activation, variance: float) -> float:
    """E[f(x)²] for x ~ N(0, variance); by draws where f is over an axis."""
    facts = record.facts_of(**record.bound)
    if isinstance(facts, Facts):
        moment = second_moment(record, variance)
        if moment == 0:
            raise NonlinError(f"{record}: E[f(z)²] = 0.0 for z ~ N(0, 1); no gain exists")
        return moment
    if facts.ratio == 1:
        raise NonlinError(
            f"reads {record.name}, whose values depend on the length of their axis; no gain exists"
        )
    axis = math.sqrt(variance) * np.random.default_rng(0).standard_normal((_DRAWS, facts.inputs))
    return float(np.mean(record.bind(axis=-1)(axis) ** 2))


class _Residual:
    """The sums that are residual connections, and the layers that end their branches.

    A stream that L branches are added to would grow to variance 1 + L; a branch of variance
    1/L each keeps it below 2 (the 1/√N of GPT-2, Radford et al. 2019, section 2.3).
    """

    def __init__(self, trace: Trace) -> None:
        self._steps = trace.steps
        self._ancestors: dict[int, frozenset[int]] = {}
        for step in trace.steps:
            above = [self._ancestors[flow.source] for flow in step.reads]
            self._ancestors[step.index] = frozenset({step.index}).union(*above)
        self.shares: dict[int, float] = {}
        self.words: dict[int, str] = {}
        self.normed: set[int] = set()
        branches: list[Flow] = []
        for step in trace.of_kind("add"):
            branch = self._branch(step)
            if branch is not None:
                branches.append(branch)
            else:
                self._share(step)
        for branch in branches:
            ends, normed = self._ends(branch.source)
            self.normed |= normed
            for index in ends:
                self.shares[index] = len(branches) ** -0.5
                self.words[index] = f"ends one of {len(branches)} residual branches: ×1/√N"

    def _private(self, flow: Flow, other: Flow) -> tuple[int, int]:
        """Layers, and steps that are not linear, that only one side of a sum has."""
        own = self._ancestors[flow.source] - self._ancestors[other.source]
        kinds = [self._steps[index].kind for index in own]
        return kinds.count("layer"), sum(kind in ("activation", "mix", "product") for kind in kinds)

    def _branch(self, step: Step) -> Flow | None:
        left, right = step.reads
        if not self._ancestors[left.source] & self._ancestors[right.source]:
            return None
        sides = {flow: self._private(flow, other) for flow, other in ((left, right), (right, left))}
        for flow, other in ((left, right), (right, left)):
            layers, bends = sides[flow]
            if layers and (sides[other] == (0, 0) or (bends and not sides[other][1])):
                return flow
        return None

    def _share(self, step: Step) -> None:
        """Layers of one sum share its variance, as in Wx + Uh."""
        kinds = [self._steps[flow.source].kind for flow in step.reads]
        if kinds == ["layer", "layer"]:
            for flow in step.reads:
                self.shares[flow.source] = 0.5**0.5
                self.words[flow.source] = "one of two layers that are added: ×1/√2"

    def _ends(self, index: int) -> tuple[set[int], set[int]]:
        """The layers that end a branch, and those that do before a norm."""
        step = self._steps[index]
        if step.kind == "layer":
            return {index}, set()
        ends, normed = set[int](), set[int]()
        for flow in step.reads[:1] if step.kind == "product" else step.reads:
            more, more_normed = self._ends(flow.source)
            ends, normed = ends | more, normed | more_normed
        return (set(), ends | normed) if step.kind == "norm" else (ends, normed)
