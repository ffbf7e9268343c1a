"""Which inputs are tried: all of a format, a range of patterns, or a stratified sample."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nonlin.activation import Activation
from nonlin.certification.ulp import LOWEST, Format

# Neighbours of a hard point that are tried: so many units to either side.
_REACH = (0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 64, 256, 4096)
# Where implementations are known to switch: saturation of tanh and sigmoid in float32 and
# float64, PyTorch's thresholds, rational approximations of erf, and round numbers.
_SWITCHES = (
    *(0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 16.0, 20.0, 30.0, 32.0, 40.0, 50.0, 64.0),
    *(80.0, 100.0, 128.0, 500.0, 512.0, 1000.0, 1024.0),
    *(9.010913, 16.635532, 17.328679, 18.714973, 19.061547, 36.7368, 37.42995, 5.5418, 5.06),
    *(0.84375, 1.25, 2.857142857142857, 0.46875, 0.625, 1e-3, 1e-4, 1e-8),
)

CHUNK = 1 << 21


@dataclass(frozen=True)
class Inputs:
    """Finite inputs of one format, in chunks.

    Attributes:
        form: their format.
        words: what they are, for the certificate.
        exhaustive: whether every number of the format is among them.
        chosen: their patterns in rising order; None for ranges.
        ranges: first pattern and the one after the last, for chunks of consecutive patterns.
    """

    form: Format
    words: str
    exhaustive: bool
    chosen: np.ndarray | None = None
    ranges: tuple[tuple[int, int], ...] = ()

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return len(self.ranges) if self.chosen is None else -(-len(self.chosen) // CHUNK)

    @property
    def total(self) -> int:
        """How many inputs there are."""
        if self.chosen is not None:
            return len(self.chosen)
        return sum(end - first for first, end in self.ranges)

    def binades(self, of: Format) -> list[int]:
        """Sign and exponent bits that the inputs have as numbers of a format that holds them."""
        if self.form == of and self.chosen is None:
            shift = of.shift
            spans = [range(a >> shift, ((b - 1) >> shift) + 1) for a, b in self.ranges]
            return sorted({binade for span in spans for binade in span})
        parts = [self.part(k, 0, self.size(k)) for k in range(self.chunks)]
        numbers = self.form.numbers(np.concatenate(parts)).astype(of.stored, copy=False)
        return np.unique(numbers.view(of.bits) >> of.bits.type(of.shift)).tolist()

    def size(self, index: int) -> int:
        """How many inputs a chunk has."""
        if self.chosen is not None:
            return min(CHUNK, len(self.chosen) - index * CHUNK)
        first, end = self.ranges[index]
        return end - first

    def part(self, index: int, low: int, high: int) -> np.ndarray:
        """Patterns of a chunk from its place `low` to before `high`."""
        if self.chosen is not None:
            start = index * CHUNK
            return self.chosen[start + low : start + high]
        first, _ = self.ranges[index]
        return np.arange(first + low, first + high, dtype=self.form.bits)


def every_input(form: Format, first: int = 0, end: int | None = None) -> Inputs:
    """All finite numbers of a format of up to 32 bits, or those of a range of patterns.

    Args:
        form: float16, bfloat16 or float32.
        first: first pattern.
        end: the pattern after the last; every pattern when None.
    """
    last = (1 << form.width) if end is None else end
    ranges: list[tuple[int, int]] = []
    for low, high in ((0, form.infinity), (form.sign, form.sign + form.infinity)):
        low, high = max(low, first), min(high, last)
        ranges += [(at, min(at + CHUNK, high)) for at in range(low, high, CHUNK)]
    whole = first == 0 and end is None
    words = f"every finite {form.name}" if whole else f"every {form.name} of a range"
    return Inputs(form, words, whole, ranges=tuple(ranges))


def stratified(
    record: Activation,
    form: Format,
    count: int,
    zeros: tuple[float, ...] = (),
    seed: int = 0,
) -> Inputs:
    """Random bits in every binade of either sign, more where the function bends, hard points.

    Args:
        record: the function, for its kinks and minimum.
        form: the format.
        count: about how many inputs.
        zeros: other zeros of the function or its derivative.
        seed: of the random bits.
    """
    generator = np.random.default_rng(seed)
    per_sign = form.infinity >> form.shift
    exponents = np.arange(per_sign) + LOWEST[form.name] - 1
    # Seven inputs in eight lie where functions bend, and a binade there is as wide as any.
    bent = (exponents >= -12) & (exponents <= 10)
    shares = np.where(bent, 7 / 8 / bent.sum(), 1 / 8 / (~bent).sum())
    each = np.maximum(1, np.rint(shares * count / 2)).astype(np.int64)
    parts = [hard_patterns(record, form, zeros)]
    for sign in (0, form.sign):
        starts = np.repeat(np.arange(per_sign, dtype=np.uint64) << np.uint64(form.shift), each)
        low_bits = generator.integers(0, 1 << form.shift, len(starts), dtype=np.uint64)
        parts.append((starts + low_bits + np.uint64(sign)).astype(form.bits))
    chosen = np.unique(np.concatenate(parts))
    words = f"a stratified sample of {form.name}: random bits in every binade, and hard points"
    return Inputs(form, words, False, chosen=chosen)


def hard_patterns(record: Activation, form: Format, zeros: tuple[float, ...] = ()) -> np.ndarray:
    """Patterns of hard points and of their neighbours.

    Kinks, zeros, the minimum, points where implementations switch, and the edges at which
    the format, or an exponential in it, overflows or underflows.
    """
    points = np.array([*hard_points(record, form, zeros)])
    centres = form.patterns(points).astype(np.int64)
    steps = np.array([*_REACH, *(-step for step in _REACH)])
    near = (centres[:, None] + steps).ravel()
    magnitude = near & (form.sign - 1)
    valid = (near >= 0) & (near < 2 * form.sign if form.width < 64 else True)
    near = near[valid & (magnitude < form.infinity)]
    return np.unique(near.astype(np.uint64).astype(form.bits))


def hard_points(record: Activation, form: Format, zeros: tuple[float, ...] = ()) -> list[float]:
    """Finite numbers at which an implementation is likely to fail; see `hard_patterns`."""
    smallest = form.smallest_normal
    least = smallest * 2.0 ** (1 - form.precision)
    # exp reaches the ends of the format here; so does exp(−x²/2) at the root of twice that.
    edges = [math.log(form.largest), -math.log(smallest), -math.log(least) + math.log(2)]
    edges += [-math.log(least), *(2.0 * edge for edge in edges), *(0.5 * edge for edge in edges)]
    edges += [math.sqrt(2.0 * edge) for edge in edges]
    centres = [0.0, smallest, least, form.largest, *edges, *_SWITCHES]
    centres += [form.largest**0.5, form.largest ** (1 / 3), smallest**0.5, 2.0**-form.precision]
    centres += [2.0 ** (-form.precision / 2), 2.0**form.precision]
    points = [p for c in centres for p in (c, -c)]
    points += [kink.at for kink in record.facts.kinks]
    if record.facts.minimum is not None:
        points.append(record.facts.minimum[0])
    points += zeros
    # Switches scale with parameters such as a sharpness.
    for value in record.bound.values():
        if isinstance(value, float) and value not in (0.0, 1.0):
            points += [p for c in edges for p in (c / value, -c / value)] + [value, -value]
    return [p for p in points if abs(p) <= form.largest]
