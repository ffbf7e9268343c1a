"""What a claim *is*: a statement, and what decides it, written down before the run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from nonlin.errors import NonlinError
from nonlin.sources import SOURCES

Relation = Literal["above", "below", "level"]
RELATIONS: tuple[Relation, ...] = ("above", "below", "level")
MODES = ("quick", "full")


@dataclass(frozen=True)
class Exact:
    """A part of a claim that one number decides: nothing about it is drawn at random.

    Attributes:
        name: what is measured, in a few words; unique within the claim.
        low: the part is confirmed if the number is at least this,
        high: and at most this; otherwise it is refuted.
        unit: appended to the number.
        control: not a part of the claim, but what has to be seen for the measurement to mean
            anything; where it is not confirmed the claim is undecided.
    """

    name: str
    low: float = -float("inf")
    high: float = float("inf")
    unit: str = ""
    control: bool = False


@dataclass(frozen=True)
class Sampled:
    """A part of a claim that repeated runs decide, by their differences to a reference.

    Attributes:
        name: what is measured, in a few words; unique within the claim.
        confirms: the relations of the measured to the reference that confirm the part; a
            relation that is proven and is not among them refutes it.
        margin: a difference smaller than this is ``level``.
        resolution: the step of the measured number; 0 for a continuous one.
        unit: appended to differences.
        scale: factor from the stored difference to the shown one.
        control: as of :class:`Exact`.
    """

    name: str
    confirms: tuple[Relation, ...]
    margin: float
    resolution: float = 0.0
    unit: str = ""
    scale: float = 1.0
    control: bool = False


Part = Exact | Sampled


@dataclass(frozen=True)
class Scores:
    """What the runs of a sampled part gave: the same runs, measured and reference.

    Attributes:
        measured: a number for each run.
        reference: what each is compared with.
        resolution: the step of the measured number, where it depends on the data.
    """

    measured: Sequence[float]
    reference: Sequence[float]
    resolution: float = 0.0


@dataclass(frozen=True)
class Series:
    """A line of a picture, with a band where there is one."""

    name: str
    x: Sequence[float]
    y: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()


@dataclass(frozen=True)
class Panel:
    """One picture of a claim; `log` names the logarithmic axes."""

    title: str
    x: str
    y: str
    series: Sequence[Series]
    log: str = ""


@dataclass(frozen=True)
class Context:
    """What a step is given beside its own settings.

    Attributes:
        folder: where it may keep what lets it resume.
        data_dir: the folder of MNIST, where the user named one.
        workers: processes that may train.
        quiet: show no progress.
    """

    folder: Path
    data_dir: Path | None = None
    workers: int = 1
    quiet: bool = True


@dataclass(frozen=True)
class Step:
    """A piece of an experiment that is kept when it is done.

    Attributes:
        name: the key of its result; unique within the claim.
        run: called with the context and `settings`; returns JSON values.
        settings: its keywords.
        needs: data that have to be there, such as ``mnist``.
    """

    name: str
    run: Callable[..., Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim of the sources, and how it is put to the test.

    Attributes:
        number: of ``nonlin claims run``.
        statement: what the sources say, restated.
        sources: their tags.
        confirms: what would confirm it, in words; `parts` say it in numbers.
        refutes: what would refute it.
        parts: what is measured, and what counts for and against.
        steps: the experiment, from the settings.
        measure: a number or :class:`Scores` for each part, from the results of the steps.
        picture: panels, from the same.
        settings: of each mode, ``quick`` and ``full``.
        notes: what a reader has to know to read the verdict rightly.
    """

    number: int
    statement: str
    sources: tuple[str, ...]
    confirms: str
    refutes: str
    parts: tuple[Part, ...]
    steps: Callable[..., Sequence[Step]]
    measure: Callable[[Mapping[str, Any]], Mapping[str, float | Scores]]
    picture: Callable[[Mapping[str, Any]], Sequence[Panel]]
    settings: Mapping[str, Mapping[str, Any]]
    notes: str = ""

    def __post_init__(self) -> None:
        label = f"claim {self.number}"
        if not all((self.statement, self.confirms, self.refutes, self.parts)):
            raise NonlinError(f"{label}: a statement, what confirms and refutes it, and parts")
        if unknown := [tag for tag in self.sources if tag not in SOURCES] or not self.sources:
            raise NonlinError(f"{label}: sources {unknown}; allowed: {', '.join(SOURCES)}")
        if set(self.settings) != set(MODES):
            raise NonlinError(f"{label}: settings of {sorted(self.settings)}; allowed: {MODES}")
        names = [part.name for part in self.parts]
        if len(set(names)) < len(names):
            raise NonlinError(f"{label}: two parts have one name: {names}")
        if all(part.control for part in self.parts):
            raise NonlinError(f"{label}: every part is a control; nothing is claimed")
        for part in self.parts:
            allowed = RELATIONS if isinstance(part, Sampled) else ()
            wrong = [word for word in getattr(part, "confirms", ()) if word not in allowed]
            if wrong or (isinstance(part, Sampled) and not 0 < len(part.confirms) < 3):
                raise NonlinError(f"{label}, {part.name}: can it be confirmed and refuted?")
            if isinstance(part, Exact) and part.low == -float("inf") and part.high == float("inf"):
                raise NonlinError(f"{label}, {part.name}: every number would confirm it")

    @property
    def slug(self) -> str:
        """The stem of its files, such as ``07``."""
        return f"{self.number:02d}"

    @property
    def needs_data(self) -> bool:
        """Whether its full run trains on MNIST."""
        return any(step.needs for step in self.steps(**self.settings["full"]))

    @property
    def title(self) -> str:
        """The statement up to its first stop or semicolon."""
        return re.split(r"[;.](?:\s|$)", self.statement, maxsplit=1)[0]
