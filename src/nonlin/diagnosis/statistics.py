"""What is kept of a run: small tensors by layer and step, read only after the run."""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from nonlin.activation import Activation
from nonlin.diagnosis.finding import Titled
from nonlin.diagnosis.series import (
    CALLS_FIELDS,
    LOSS_FIELDS,
    PARAMETER_FIELDS,
    SITE_FIELDS,
    Series,
)

_RECENT = 3


@dataclass
class UnitSample:
    """Per-unit figures of one sampled step, tensors of shape (units,)."""

    step: int
    rows: int
    slope_mean: Tensor
    slope_low: Tensor
    slope_high: Tensor
    z_low: Tensor
    z_high: Tensor
    bias: Tensor | None = None


@dataclass
class Site(Titled):
    """A place where an activation is called."""

    layer: str
    record: Activation
    order: int
    root: str = ""  # the network it belongs to
    producer: str | None = None  # the weight layer whose output goes in
    normalised: bool = False  # a normalisation between that layer and here
    batch_normalised: bool = False
    linear_input: bool = False  # only linear steps between that layer and here
    serves: frozenset[str] = frozenset()  # the layers whose output goes in by linear steps
    reads: Site | None = None  # the activation whose output goes in as it is
    is_gate: bool = False  # multiplies something, as in an LSTM
    is_gated: bool = False  # is multiplied by a gate
    is_output: bool = False
    is_bound: bool = False  # a clamp, which most programs mean as a guard
    calls: int = 0
    dropped: int = 0  # of these, whose result was thrown away
    axis_length: int | None = None  # of softmax: the length of the axis that sums to 1
    over_batch: bool = False  # of softmax: it sums over the rows of the batch
    plain_dropout: bool = False  # nn.Dropout acts on its output
    series: Series = field(default_factory=lambda: Series(SITE_FIELDS))
    gradient: Series = field(default_factory=lambda: Series(("norm",)))
    # Of a gradient of 16 bits: shares that are 0, and below the smallest normal number.
    rounded: Series = field(default_factory=lambda: Series(("zeros", "share_tiny")))
    over_calls: Series = field(default_factory=lambda: Series(CALLS_FIELDS))
    first: UnitSample | None = None
    recent: deque[UnitSample] = field(default_factory=lambda: deque(maxlen=_RECENT))
    rows: list[tuple[int, int]] = field(default_factory=list)
    last_open: Tensor | None = None
    histogram: Tensor | None = None
    dtype: Any = None
    pending: list[Tensor] | None = None  # figures of a call that is running

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def is_dropped(self) -> bool:
        """Whether nothing came of any of its calls."""
        return 0 < self.calls == self.dropped


@dataclass
class Weight(Titled):
    """A layer that multiplies by weights."""

    layer: str
    order: int
    shape: tuple[int, ...]
    fan_in: int
    outputs: int
    groups: int = 1
    root: str = ""  # the network it belongs to
    part_of: str | None = None  # the layer whose parameter holds the weights of several
    has_bias: bool = False
    tied: bool = False  # its weight belongs to another layer
    reads: Site | None = None  # the activation whose output it reads
    reads_normalised: bool = False
    from_input: bool = False
    calls: int = 0
    linear_calls: dict[str, int] = field(default_factory=dict)  # by the layer before
    input: Series = field(default_factory=lambda: Series(("rms", "out_rms")))
    _bias: Any = None
    _step: tuple[int, int] = (-1, 0)

    def keep_bias(self, bias: Tensor) -> None:
        """Remember which tensor the bias is, without keeping it alive."""
        self._bias = weakref.ref(bias)

    def bias(self) -> Tensor | None:
        """The bias of each unit as it is now, its largest where weights are stacked.

        None where FSDP has freed it.
        """
        bias = None if self._bias is None else self._bias()
        if bias is None or bias.untyped_storage().size() == 0:
            return None
        stacked = bias.ndim > 1 and bias.shape[-1] == self.outputs
        values = bias.detach()
        return values.reshape(-1, self.outputs).amax(0) if stacked else values.flatten().clone()

    def calls_of_step(self, step: int) -> int:
        """How often it was called in this step, the present call included."""
        last, count = self._step
        self._step = (step, count + 1 if last == step else 1)
        return self._step[1]

    @property
    def linear_from(self) -> list[str]:
        """Layers with nothing non-linear between them and this one, whenever it is called."""
        return [name for name, count in self.linear_calls.items() if count == self.calls]


@dataclass
class Parameter(Titled):
    """A parameter that an optimizer trains."""

    name: str
    layer: str
    shape: tuple[int, ...]
    dtype: Any
    is_weight: bool  # of a layer: two axes or more
    series: Series = field(default_factory=lambda: Series(PARAMETER_FIELDS))
    seen: int = 0  # sampled optimizer steps
    without: int = 0  # of these, with no gradient
    idle: list[Tensor] = field(default_factory=list)  # its entries where it ran without gradients
    rates: list[tuple[int, float]] = field(default_factory=list)
    optimizer: str = ""
    sharded: bool = False  # figures are of this rank's part until the ranks are put together


@dataclass
class Recurrent:
    """A recurrent layer of PyTorch's own, whose moments run in one call or as a cell."""

    layer: str
    activation: str
    over_calls: Series = field(default_factory=lambda: Series(CALLS_FIELDS))


@dataclass(frozen=True)
class Blocker:
    """An operation whose output passes no gradient to its input."""

    operation: str
    layer: str
    order: int
    kind: str  # "detach" or "step"
    step: int = 0  # of the optimizer, when it was met last


@dataclass
class LossCall:
    """A loss function as it was called, with what feeds it."""

    name: str
    site: Site | None  # the activation whose output goes in as it is
    classes: int | None = None
    values: Series = field(default_factory=lambda: Series(LOSS_FIELDS))
    shapes: set[tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=set)


@dataclass
class Run:
    """All that was seen of a run."""

    sites: dict[Any, Site] = field(default_factory=dict)
    weights: dict[str, Weight] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    losses: dict[Any, LossCall] = field(default_factory=dict)
    loss: Series = field(default_factory=lambda: Series(("loss",)))
    gates: dict[str, Site] = field(default_factory=dict)  # inside recurrent layers
    recurrent: dict[str, Recurrent] = field(default_factory=dict)
    ran: dict[str, int] = field(default_factory=dict)  # modules with parameters: when they ended
    blockers: dict[Any, Blocker] = field(default_factory=dict)
    read_as_constants: dict[str, str] = field(default_factory=dict)  # parameters: by which call
    drawn: dict[str, frozenset[str]] = field(default_factory=dict)  # by the layer that reads it
    scores_samples: bool = False  # as REINFORCE does, for which a sample needs no gradient
    sampled: list[int] = field(default_factory=list)
    steps: int = 0
    skipped_by_scaler: int = 0
    edges: dict[str, Series] = field(default_factory=dict)  # by operation: nearness to its pole
    input_rms: Series = field(default_factory=lambda: Series(("rms", "std")))
    compiled: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    norms: set[str] = field(default_factory=set)
    residuals: int = 0
    branched: set[str] = field(default_factory=set)  # layers that more than a next layer reads
    read: set[str] = field(default_factory=set)  # layers whose result something reads
    thrown_away: set[str] = field(default_factory=set)  # layers whose result was not handed out
    severed: dict[str, tuple[int, int]] = field(default_factory=dict)  # layers: looks, moments
    optimizers: set[str] = field(default_factory=set)
    seconds: float = 0.0
    seconds_measuring: float = 0.0

    def networks(self) -> list[Run]:
        """The run of each network apart, where there are several: their layers form no chain."""
        roots = sorted({weight.root for weight in self.weights.values()})
        if len(roots) <= 1:
            return [self]
        parts = []
        for root in roots:
            part = self._part(
                {k for k, w in self.weights.items() if w.root == root},
                {k for k, s in self.sites.items() if s.root == root},
            )
            part.gates = {k: s for k, s in self.gates.items() if s.root == root}
            parts.append(part)
        return parts

    def chains(self) -> list[Run]:
        """The run of each tower apart: layers of which each is all that reads the one before."""
        readers: dict[str, list[str]] = {}
        for layer, weight in self.weights.items():
            before = weight.reads.producer if weight.reads is not None else None
            readers.setdefault(before or "", []).append(layer)
        parts = []
        for layer in [
            w for before, ws in readers.items() if before not in self.weights for w in ws
        ]:
            chain = [layer]
            while len(after := readers.get(chain[-1], [])) == 1 and after[0] not in chain:
                chain.append(after[0])
            if len(chain) < len(self.weights):
                sites = {k for k, s in self.sites.items() if s.producer in chain}
                parts.append(self._part(set(chain), sites))
        return parts

    def _part(self, layers: set[str], sites: set[Any]) -> Run:
        layers = layers | {w.part_of for k, w in self.weights.items() if k in layers and w.part_of}
        return replace(
            self,
            sites={k: s for k, s in self.sites.items() if k in sites},
            weights={k: w for k, w in self.weights.items() if k in layers},
            parameters={k: p for k, p in self.parameters.items() if p.layer in layers},
        )
