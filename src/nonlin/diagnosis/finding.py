"""What a diagnosis says: findings, each with its evidence, cause and repairs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["problem", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("problem", "warning", "info")

KINDS = (
    "dead-units",
    "saturated-units",
    "vanishing-gradient",
    "exploding-gradient",
    "non-finite",
    "linear-network",
    "blocked-gradient",
    "output-loss-mismatch",
    "init-mismatch",
    "selu-misuse",
    "underflow",
)

_DOCS = "docs/findings.md"


def titled(layer: str) -> str:
    """What a sentence calls a layer: paths in an unnamed nn.Sequential are mere numbers.

    >>> titled("2"), titled("encoder.0")
    ('layer 2', 'encoder.0')
    """
    return f"layer {layer}" if layer[:1].isdigit() else layer


class Titled:
    """What has a layer."""

    layer: str

    @property
    def title(self) -> str:
        """What a sentence calls the layer."""
        return titled(self.layer)


@dataclass(frozen=True)
class Threshold:
    """The limit that a finding went over, and where the limit comes from.

    Attributes:
        name: the field of :class:`nonlin.diagnosis.Thresholds` that sets it.
        value: the limit.
        source: its derivation, in a sentence.
    """

    name: str
    value: float
    source: str


@dataclass(frozen=True)
class Repair:
    """A change that should help.

    Attributes:
        action: what kind of change: ``activation``, ``initialisation``, ``normalisation``,
            ``learning-rate``, ``clipping``, ``output-layer``, ``input``, ``dtype``, ``code``.
        text: the change, in a sentence.
        change: the change for :mod:`nonlin.diagnosis.repairing`, which can apply it.
    """

    action: str
    text: str
    change: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding(Titled):
    """One thing that is wrong.

    Attributes:
        kind: a stable id, one of :data:`KINDS`.
        severity: ``problem``, ``warning`` or ``info``.
        layer: where: the path of a module, or ``fc1:relu`` for a call after the layer ``fc1``.
        cause: a stable id of the cause, such as ``learning-rate-too-high``.
        since_step: the optimizer step from which on it was seen; None where no step counts.
        summary: what is wrong, in a sentence.
        evidence: figures by name.
        units: which units of the layer, or how many layers; None where it is about a whole.
        layers: all layers that it is about.
        repairs: changes, the one with the largest expected effect first.
        threshold: the limit it went over.
    """

    kind: str
    severity: Severity
    layer: str
    cause: str
    since_step: int | None
    summary: str
    evidence: Mapping[str, Any]
    units: tuple[int, ...] | None = None
    layers: tuple[str, ...] = ()
    repairs: tuple[Repair, ...] = ()
    threshold: Threshold | None = None

    @property
    def docs(self) -> str:
        """Where the finding is explained."""
        return f"{_DOCS}#{self.kind}"

    def as_json(self) -> dict[str, Any]:
        """Plain data, with no number that JSON cannot hold."""
        return plain(
            {
                "kind": self.kind,
                "severity": self.severity,
                "layer": self.layer,
                "layers": list(self.layers),
                "units": None if self.units is None else list(self.units),
                "cause": self.cause,
                "since_step": self.since_step,
                "summary": self.summary,
                "evidence": dict(self.evidence),
                "threshold": None if self.threshold is None else vars(self.threshold),
                "repairs": [
                    {"action": r.action, "text": r.text, "change": dict(r.change)}
                    for r in self.repairs
                ],
                "docs": self.docs,
            }
        )


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The highest severity among findings."""
    found = {f.severity for f in findings}
    return next((severity for severity in SEVERITIES if severity in found), None)


def plain(value: Any) -> Any:
    """Data of JSON: tuples as lists, NaN and infinities as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def dumps(value: Any) -> str:
    """JSON as a reader likes it."""
    return json.dumps(plain(value), indent=1, ensure_ascii=False) + "\n"
