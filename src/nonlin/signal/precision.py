"""What the floating-point formats can hold, and where a course leaves them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Format:
    """A floating-point format.

    Attributes:
        name: such as ``float16``.
        normal: the smallest number with full precision.
        smallest: the smallest number above 0.
        largest: the largest finite number.
    """

    name: str
    normal: float
    smallest: float
    largest: float


def _ieee(name: str, exponent_bits: int, fraction_bits: int) -> Format:
    """A format by its two widths, as IEEE 754 lays it out."""
    bias = 2 ** (exponent_bits - 1) - 1
    normal = 2.0 ** (1 - bias)
    largest = (2 - 2.0**-fraction_bits) * 2.0**bias
    return Format(name, normal, normal * 2.0**-fraction_bits, largest)


FORMATS = (_ieee("float16", 5, 10), _ieee("bfloat16", 8, 7), _ieee("float32", 8, 23))


@dataclass(frozen=True)
class Holding:
    """Where a course of root mean squares leaves a format, from the end backwards.

    Attributes:
        format: the format.
        falls: the first layer from the end at which it is below the smallest number; None
            where it never is.
        coarse: the same for the smallest number with full precision.
        rises: the same for the largest number.
    """

    format: Format
    falls: int | None
    coarse: int | None
    rises: int | None


def holding(rms: np.ndarray, format: Format) -> Holding:
    """Where root mean squares, first layer first, leave a format on the way back.

    Args:
        rms: shape (depth + 1,).
        format: the format.
    """

    def last(outside: np.ndarray) -> int | None:
        places = np.flatnonzero(outside)
        return int(places[-1]) if len(places) else None

    return Holding(
        format,
        last(rms < format.smallest),
        last(rms < format.normal),
        last(rms > format.largest),
    )
