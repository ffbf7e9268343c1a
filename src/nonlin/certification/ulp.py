"""Floating-point formats: their precision, their rounding, and errors in their last place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nonlin.errors import NonlinError, did_you_mean

# Bits of precision and smallest normal exponent of each dtype.
PRECISION = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}
LOWEST = {"float64": -1022, "float32": -126, "float16": -14, "bfloat16": -126}

# Unit in which a derivative counts where it crosses zero, within |m|/2 of a minimum at m.
CROSSING = 1 / 16

_EXPONENT = np.uint64(0x7FF << 52)


def ulp(true: np.ndarray, dtype: str) -> np.ndarray:
    """Size of one unit in the last place of `dtype` at float64 values `true`.

    Example:
        >>> float(ulp(np.array(1.0), "float16")) == 2.0**-10
        True
    """
    _, exponent = np.frexp(np.abs(np.asarray(true, dtype=np.float64)))
    exponent = np.maximum(exponent - 1, LOWEST[dtype])
    return np.ldexp(1.0, exponent - (PRECISION[dtype] - 1))


@dataclass(frozen=True)
class Format:
    """A floating-point format, and its numbers as bit patterns.

    Arrays of numbers are kept in the dtype ``stored``, which NumPy can hold; bfloat16 is kept
    as its bits.

    Attributes:
        name: ``float16``, ``bfloat16``, ``float32`` or ``float64``.
    """

    name: str

    def __post_init__(self) -> None:
        if self.name not in PRECISION:
            raise NonlinError(
                f"dtype {self.name!r}{did_you_mean(self.name, PRECISION)} "
                f"(allowed: {', '.join(reversed(PRECISION))})"
            )

    @property
    def precision(self) -> int:
        """Bits of the significand, the hidden one included."""
        return PRECISION[self.name]

    @property
    def width(self) -> int:
        """Bits of a number."""
        return {"float64": 64, "float32": 32}.get(self.name, 16)

    @cached_property
    def bits(self) -> np.dtype:
        """The unsigned integers that hold a pattern."""
        return np.dtype(f"u{self.width // 8}")

    @cached_property
    def stored(self) -> np.dtype:
        """The dtype in which NumPy holds the numbers."""
        return self.bits if self.name == "bfloat16" else np.dtype(self.name)

    @property
    def infinity(self) -> int:
        """Pattern of +inf; those below it are the finite numbers that are not negative."""
        mantissa = self.precision - 1
        return ((1 << (self.width - 1 - mantissa)) - 1) << mantissa

    @property
    def sign(self) -> int:
        """The bit that makes a number negative."""
        return 1 << (self.width - 1)

    @property
    def shift(self) -> int:
        """Bits to the right of sign and exponent; a pattern shifted by it is its binade."""
        return self.precision - 1

    @property
    def binades(self) -> int:
        """How many values a shifted pattern takes, those of infinity included."""
        return 1 << (self.width - self.shift)

    @property
    def smallest_normal(self) -> float:
        """The smallest positive number of full precision."""
        return 2.0 ** LOWEST[self.name]

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return float(self.numbers(np.array([self.infinity - 1], dtype=self.bits))[0])

    def numbers(self, patterns: np.ndarray) -> np.ndarray:
        """The numbers with these bits, in float64 for float64 and else in float32."""
        if self.name == "bfloat16":
            return (patterns.astype(np.uint32) << np.uint32(16)).view(np.float32)
        numbers = patterns.view(self.stored)
        return numbers.astype(np.float32) if self.name == "float16" else numbers

    def patterns(self, numbers: np.ndarray) -> np.ndarray:
        """Bits of the nearest numbers of this format to float64 ones."""
        if self.name == "bfloat16":
            near = self.round(np.asarray(numbers, dtype=np.float64)).astype(np.float32)
            return (near.view(np.uint32) >> np.uint32(16)).astype(np.uint16)
        with np.errstate(over="ignore", under="ignore"):
            return np.asarray(numbers, dtype=np.float64).astype(self.stored).view(self.bits)

    def round(self, values: np.ndarray) -> np.ndarray:
        """The nearest numbers of this format to float64 values, ties to even, as float64."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            if self.name != "bfloat16":
                return values.astype(self.stored).astype(np.float64)
            unit = ulp(values, self.name)
            near = np.rint(values / unit) * unit
            beyond = np.abs(near) >= 2.0 ** (1 - LOWEST[self.name] + 1)
            return np.where(beyond, np.copysign(np.inf, values), near)

    def per_unit(self, rounded: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Units in the last place that make 1, at numbers of this format given as float64.

        Args:
            rounded: the numbers; may be overwritten.
            out: float64 array for the result.
        """
        if self.precision == PRECISION["float64"]:
            # 1/unit is beyond float64 at its smallest numbers; the judge divides instead.
            raise NonlinError("per_unit: float64 has no float64 reciprocal of its unit")
        np.abs(rounded, out=rounded)
        np.maximum(rounded, self.smallest_normal, out=rounded)
        whole = out.view(np.uint64)
        np.bitwise_and(rounded.view(np.uint64), _EXPONENT, out=whole)
        np.subtract(np.uint64((2046 + self.precision - 1) << 52), whole, out=whole)
        return out
