"""What was counted: errors by binade and sign, and the kinds of failure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

# Shares above these errors are counted, in ULP; the first is "not correctly rounded".
LIMITS = (0.5, 1.0, 2.0, 10.0)
FAILURES = {
    "false_zeros": "result 0 where the true one rounds to a normal number",
    "flushed": "result 0 where the true one rounds to a subnormal number",
    "wrong_signs": "result of the wrong sign",
    "spurious_nans": "NaN at a finite input",
    "spurious_infinities": "infinite where the true one rounds to a finite number",
    "missed_overflows": "finite where the true one rounds to infinity",
    "out_of_range": "result outside the range the record declares",
    "not_monotone": "result below that of the next smaller input, of a monotone function",
    "raised": "the function raised an exception",
    "nan_lost": "number where the input is NaN",
    "unjudged": "the reference does not settle",
}

_COUNTS = ("n", "undecided", *(f"above_{k}" for k in range(len(LIMITS))))


@dataclass
class Extent:
    """How many inputs show a failure, and from where to where they lie."""

    count: int = 0
    low: float = math.inf
    high: float = -math.inf

    def add(self, count: int, low: float, high: float) -> None:
        """Add inputs that lie between `low` and `high`."""
        self.count += count
        self.low, self.high = min(self.low, low), max(self.high, high)


@dataclass
class Tally:
    """Counts and largest errors of the inputs judged so far, by binade and sign.

    Attributes:
        binades: how many slots there are: a pattern's sign and exponent bits.
        counts: arrays of shape (binades,): inputs, undecided roundings, inputs above limits.
        worst: largest error in ULP.
        worst_at: pattern of the input that shows it.
        worst_got: pattern of its result.
        mixed: largest error by the mixed measure.
        mixed_at: pattern of the input that shows it.
        failures: extents by kind.
    """

    binades: int
    counts: dict[str, np.ndarray] = field(default_factory=dict)
    failures: dict[str, Extent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.counts:
            self.counts = {name: np.zeros(self.binades, np.int64) for name in _COUNTS}
        self.worst = np.zeros(self.binades)
        self.mixed = np.zeros(self.binades)
        self.worst_at = np.zeros(self.binades, np.uint64)
        self.worst_got = np.zeros(self.binades, np.uint64)
        self.mixed_at = np.zeros(self.binades, np.uint64)

    def fail(self, kind: str, x: np.ndarray) -> None:
        """Count inputs `x` as failures of a kind."""
        if len(x):
            extent = self.failures.setdefault(kind, Extent())
            extent.add(len(x), float(x.min()), float(x.max()))

    def exceed(self, slot: int, error: float, at: int, got: int) -> None:
        """Keep an error in ULP if it is the largest of its binade."""
        if error > self.worst[slot] or not self.worst_at[slot]:
            self.worst[slot] = error
            self.worst_at[slot], self.worst_got[slot] = at, got

    def exceed_mixed(self, slot: int, error: float, at: int) -> None:
        """Keep an error of the mixed measure if it is the largest of its binade."""
        if error > self.mixed[slot]:
            self.mixed[slot], self.mixed_at[slot] = error, at

    def merge(self, other: Tally) -> None:
        """Add what another tally has counted at other inputs."""
        for name, counts in other.counts.items():
            self.counts[name] += counts
        for largest, places in (
            ("worst", ("worst_at", "worst_got")),
            ("mixed", ("mixed_at",)),
        ):
            theirs = getattr(other, largest)
            larger = theirs > getattr(self, largest)
            for name in (largest, *places):
                getattr(self, name)[larger] = getattr(other, name)[larger]
        for kind, extent in other.failures.items():
            self.failures.setdefault(kind, Extent()).add(extent.count, extent.low, extent.high)

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything, as arrays that a file can hold."""
        extents = [[e.count, e.low, e.high] for e in self.failures.values()]
        return {
            **{f"count_{name}": counts for name, counts in self.counts.items()},
            **{name: getattr(self, name) for name in self._arrays},
            "failure_kinds": np.array(list(self.failures), dtype="U32"),
            "failure_extents": np.array(extents, dtype=np.float64).reshape(-1, 3),
        }

    _arrays = ("worst", "worst_at", "worst_got", "mixed", "mixed_at")

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> Tally:
        """The tally that was written as arrays."""
        tally = cls(
            len(arrays["worst"]),
            {name: arrays[f"count_{name}"].copy() for name in _COUNTS},
        )
        for name in cls._arrays:
            setattr(tally, name, arrays[name].copy())
        for kind, row in zip(arrays["failure_kinds"], arrays["failure_extents"], strict=True):
            tally.failures[str(kind)] = Extent(int(row[0]), float(row[1]), float(row[2]))
        return tally
