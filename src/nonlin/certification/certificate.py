"""The certificate: what was judged, how, and what was found."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nonlin.errors import NonlinError

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Worst:
    """The input that shows the largest error, judged again by mpmath.

    Attributes:
        x: the input.
        got: the result.
        true: the true result, to 17 digits.
        ulp: the error.
    """

    x: float
    got: float
    true: float
    ulp: float


@dataclass(frozen=True, kw_only=True)
class Binade:
    """Errors of the inputs of one sign between two powers of two.

    Attributes:
        negative: whether the inputs are negative.
        exponent: of the power of two below them; the lowest holds the subnormal inputs.
        subnormal: whether the inputs are subnormal.
        n: how many.
        max_ulp: largest error.
        at: the input that shows it.
        above_half: how many are not correctly rounded.
        above_1: how many have an error above 1 ULP.
    """

    negative: bool
    exponent: int
    subnormal: bool
    n: int
    max_ulp: float
    at: float
    above_half: int
    above_1: int


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Inputs that fail in one way, and from where to where they lie.

    Attributes:
        kind: a key of ``tally.FAILURES``.
        words: what it means.
        n: how many.
        low: the smallest of them.
        high: the largest of them.
    """

    kind: str
    words: str
    n: int
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Point:
    """The result at one point.

    Attributes:
        x: the input.
        got: the result.
        right: what it should be.
        good: whether it is.
        words: which rule says so.
    """

    x: float
    got: float
    right: float
    good: bool
    words: str


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """Whether results change with something that is not the input.

    Attributes:
        words: with what.
        tried: how many results were compared.
        differing: how many inputs gave different bits.
        note: an example, or why it was not tried.
    """

    words: str
    tried: int
    differing: int
    note: str


@dataclass(frozen=True, kw_only=True)
class Trust:
    """How far the reference can be trusted, measured for this certificate.

    Attributes:
        words: what it is.
        checks: points at which it was held to the definition by mpmath.
        relative_error: largest relative error there.
        ulp: the same in ULP of the target's format.
        rejudged: extreme figures of this certificate that mpmath judged again.
        disagreements: of these, how many it judged differently.
    """

    words: str
    checks: int
    relative_error: float
    ulp: float
    rejudged: int
    disagreements: int


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """How wrong one implementation is; made by :func:`nonlin.certify`.

    Attributes:
        target: name of the function.
        arguments: keywords that it was called with.
        framework: ``numpy``, ``torch`` or ``jax``.
        device: where it ran.
        reference: the activation that it was held to.
        definition: its formula.
        dtype: of input and result.
        order: 0 for the value, 1 for the gradient.
        route: how the gradient was taken; empty for the value.
        inputs: which inputs were tried, in words.
        exhaustive: whether these are all.
        n: how many.
        max_ulp: largest error in ULP of the correctly rounded result.
        worst: the input that shows it.
        mixed_ulp: largest error by the mixed measure.
        mixed_worst: the input that shows it.
        mixed_words: what the mixed measure is, and where it differs.
        not_rounded: inputs whose result is not the correctly rounded one.
        undecided: inputs so near to half an ULP that the reference cannot tell.
        above_1: inputs with an error above 1 ULP.
        above_2: above 2.
        above_10: above 10.
        failures: what else is wrong, and where.
        raised: exceptions, in a line each.
        points: results at ±0, ±inf, NaN and kinks.
        repeats: whether results change from call to call.
        binades: errors by binade and sign.
        trust: how far the reference can be trusted.
        versions: of the packages that took part.
        machine: processor, its instruction sets, operating system.
        seconds: how long it took.
    """

    target: str
    arguments: Mapping[str, Any]
    framework: str
    device: str
    reference: str
    definition: str
    dtype: str
    order: int
    route: str
    inputs: str
    exhaustive: bool
    n: int
    max_ulp: float
    worst: Worst
    mixed_ulp: float
    mixed_worst: Worst
    mixed_words: str
    not_rounded: int
    undecided: int
    above_1: int
    above_2: int
    above_10: int
    failures: tuple[Failure, ...] = ()
    raised: tuple[str, ...] = ()
    points: tuple[Point, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    binades: tuple[Binade, ...] = ()
    trust: Trust
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def title(self) -> str:
        """Name of what was judged, as one would write the call."""
        from nonlin.certification.target import spelled

        name = spelled(self.target, self.arguments)
        return f"gradient of {name}" if self.order else name

    def count(self, kind: str) -> int:
        """How many inputs fail in a way, a key of ``tally.FAILURES``."""
        return next((f.n for f in self.failures if f.kind == kind), 0)

    def exceeds(self, ulp: float) -> list[str]:
        """Why the target does not hold to a bound: empty when it does.

        Args:
            ulp: the largest error allowed.

        Returns:
            A sentence each: an error above the bound, NaN or infinity where the true result
            is finite, results lost at NaN or infinity, exceptions.
        """
        reasons = []
        if self.max_ulp > ulp:
            reasons.append(f"{self.max_ulp:.5g} ULP at x = {self.worst.x!r}, allowed {ulp:g}")
        for kind in ("spurious_nans", "spurious_infinities", "raised"):
            if self.count(kind):
                failure = next(f for f in self.failures if f.kind == kind)
                reasons.append(f"{failure.words}: {failure.n:,} inputs, from x = {failure.low!r}")
        return reasons

    def to_json(self) -> str:
        """The certificate as JSON text; numbers that JSON lacks stand as text."""
        content = {"schema": SCHEMA, **_plain(dataclasses.asdict(self))}
        rows = [list(row.values()) for row in content["binades"]]
        content["binades"] = []
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        # Five hundred binades, a line each.
        names = json.dumps([f.name for f in dataclasses.fields(Binade)])
        lines = ",\n  ".join([names, *(json.dumps(row) for row in rows)])
        return text.replace('"binades": []', f'"binades": [\n  {lines}\n ]') + "\n"

    @classmethod
    def from_json(cls, text: str) -> Certificate:
        """Read a certificate from JSON text.

        Raises:
            NonlinError: the text is no certificate of a version that is known.
        """
        try:
            content = json.loads(text)
            if content.pop("schema") != SCHEMA:
                raise NonlinError("certificate: made by another version of nonlin; make it anew")
            names, *rows = content["binades"]
            content["binades"] = [dict(zip(names, row, strict=True)) for row in rows]
            return _read(cls, content)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            if isinstance(error, NonlinError):
                raise
            raise NonlinError(f"certificate: not one of nonlin's: {error}") from None

    def save(self, path: str | Path) -> Path:
        """Write the certificate as JSON; returns the path."""
        return write(path, self.to_json())

    def save_report(self, path: str | Path) -> Path:
        """Write the certificate as an HTML page that needs no network; returns the path."""
        from nonlin.report.certificate import render

        return write(path, render([self]))

    def __str__(self) -> str:
        from nonlin.report.certificate_text import certificate_text

        return certificate_text(self)

    def _repr_html_(self) -> str:
        from nonlin.report.certificate import render_inline

        return render_inline(self)


def write(path: str | Path, text: str) -> Path:
    """Write a text file, or say in one line why it cannot be written."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NonlinError(f"cannot write {str(path)!r}: {error.strerror}") from None
    return path


def _plain(value: Any) -> Any:
    """With infinities and NaN as text, and every float as its shortest exact text would read."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value)


_PARTS = {
    "worst": Worst,
    "mixed_worst": Worst,
    "trust": Trust,
    "failures": Failure,
    "points": Point,
    "repeats": Repeat,
    "binades": Binade,
}


def _read(cls: type, content: Mapping[str, Any]) -> Any:
    values = {}
    types = {f.name: str(f.type) for f in dataclasses.fields(cls)}
    for name, value in content.items():
        part = _PARTS.get(name)
        if part is not None:
            many = isinstance(value, list)
            value = tuple(_read(part, item) for item in value) if many else _read(part, value)
        elif types[name] == "float":
            value = float(value)
        elif isinstance(value, list):
            value = tuple(value)
        values[name] = value
    return cls(**values)


def check_writable(path: Path | None) -> None:
    """Refuse a path that cannot be written, before minutes are spent on what goes there."""
    if path is None:
        return
    if path.is_dir():
        raise NonlinError(f"cannot write {str(path)!r}: it is a folder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NonlinError(f"cannot write {str(path)!r}: {error.strerror}") from None
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise NonlinError(f"cannot write {str(path)!r}: Permission denied")
