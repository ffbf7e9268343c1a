"""What is true of an activation, and how exact its formulas are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

KinkChoice = Literal["torch", "jax", "left", "right", "middle"]
KINK_CHOICES = ("torch", "jax", "left", "right", "middle")


@dataclass(frozen=True)
class Range:
    """The set of values a function takes, and whether it reaches its ends."""

    low: float
    high: float
    low_reached: bool = False
    high_reached: bool = False

    def __str__(self) -> str:
        left = "[" if self.low_reached else "("
        right = "]" if self.high_reached else ")"
        return f"{left}{self.low:g}, {self.high:g}{right}"


@dataclass(frozen=True)
class Kink:
    """A point without a derivative.

    Attributes:
        at: where it lies.
        left: slope on its left.
        right: slope on its right.
        torch: what PyTorch takes for the derivative there.
        jax: what JAX takes; the same as PyTorch where it is None.
    """

    at: float
    left: float
    right: float
    torch: float
    jax: float | None = None

    def slope(self, choice: KinkChoice) -> float:
        """The slope that stands in for the derivative at this point."""
        if choice == "middle":
            return (self.left + self.right) / 2
        if choice == "jax" and self.jax is None:
            return self.torch
        return getattr(self, choice)


@dataclass(frozen=True)
class Facts:
    """Properties of an elementwise activation with its parameters fixed; tests check each.

    They describe the function itself; a surrogate derivative changes none but
    ``slope_limits`` and ``slope_at_zero``, which are those of :meth:`Activation.derivative`.

    Attributes:
        range: the smallest interval that holds the values taken.
        monotone: whether it never decreases.
        smoothness: k of the class C^k; -1 for a jump, ``math.inf`` for smooth.
        lipschitz: supremum of the slope's magnitude.
        limits: limits of the value at −inf and +inf.
        slope_limits: limits of the derivative at −inf and +inf.
        kinks: the points without a derivative.
        minimum: where the global minimum lies and its value, if it is at one point.
        roots: where the function crosses 0, other than at 0.
        zero_centred: whether E f(z) = 0 for z ~ N(0, 1).
        surrogate: whether the derivative is a stand-in that back-propagation uses.
        self_gated: whether it is x·g(x) with a smooth gate g that stays in [−1, 1] and
            tends to different limits at −inf and +inf.
        homogeneous: the degree k with f(cx) = cᵏ·f(x) for every c > 0, if there is one.
        polynomial: whether it is a polynomial in x; no width makes such a network a
            universal approximator.
        measured: whether the facts were found on a grid rather than stated and proven.
        slope_at_zero: the derivative at 0, in PyTorch's convention at a kink.
        mean: E f(z) for z ~ N(0, 1); NaN where the integral does not exist.
        variance: Var f(z) for z ~ N(0, 1); infinite or NaN where it does not exist.

    The last three are not stated by a record but computed from its formulas.
    """

    range: Range
    monotone: bool
    smoothness: float
    lipschitz: float
    limits: tuple[float, float]
    slope_limits: tuple[float, float]
    kinks: tuple[Kink, ...] = ()
    minimum: tuple[float, float] | None = None
    roots: tuple[float, ...] = ()
    zero_centred: bool = False
    self_gated: bool = False
    surrogate: bool = False
    homogeneous: int | None = None
    polynomial: bool = False
    measured: bool = False
    slope_at_zero: float = math.nan
    mean: float = math.nan
    variance: float = math.nan

    @property
    def saturating_sides(self) -> tuple[str, ...]:
        """The sides on which the slope tends to zero, so that units can stop learning."""
        sides = zip(("left", "right"), self.slope_limits, strict=True)
        return tuple(side for side, slope in sides if slope == 0)


@dataclass(frozen=True)
class VectorFacts:
    """Properties of an activation whose output depends on all inputs along an axis.

    Attributes:
        range: the smallest interval that holds the values taken.
        sums_to_one: whether the outputs along the axis sum to 1.
        inputs: the length of the axis has to be a multiple of this.
        outputs: how many numbers come out for each `inputs` that go in.
        smoothness: k of the class C^k; -1 for a jump, ``math.inf`` for smooth.
        homogeneous: the degree k with f(cx) = cᵏ·f(x) for every c > 0, if there is one.
        shift_invariant: whether f(x + c) = f(x) for every number c.
        surrogate: whether the derivative is a stand-in that back-propagation uses.
    """

    range: Range
    sums_to_one: bool = False
    inputs: int = 1
    outputs: int = 1
    smoothness: float = math.inf
    homogeneous: int | None = None
    shift_invariant: bool = False
    surrogate: bool = False
    kinks: ClassVar[tuple[Kink, ...]] = ()

    @property
    def ratio(self) -> Fraction:
        """Length of the axis in the output over its length in the input."""
        return Fraction(self.outputs, self.inputs)


@dataclass(frozen=True)
class Contract:
    """Largest error of the formulas, in units in the last place of the dtype.

    Measured in float32 with NumPy and PyTorch; float64 keeps the same bounds. Two things
    count apart:

    - A parameter that is no power of two is rounded to the dtype, and so is its product
      with x. That adds one unit of relative error times the condition number of the
      function in the parameter.
    - Within |m|/2 of a minimum at m the derivative crosses zero, and its error counts in
      ULP of 1/16; so does that of the value within |r|/2 of a root at r other than 0.

    For a vector-valued function ``derivative_ulp`` bounds each entry of the Jacobian. A gated
    unit multiplies its gate after that was rounded, which is coarse where the gate is
    subnormal, and its tail begins below the largest entry of x instead of 1.

    Attributes:
        value_ulp: bound on the value.
        derivative_ulp: bound on the derivative.
        tail_ulp: added to both for each factor e by which the true result lies below 1,
            where the formula rounds the argument of an exponential.
        absolute_ulp: added to the value's bound, in ULP of 1, where small values are
            differences of larger numbers.
    """

    value_ulp: float
    derivative_ulp: float
    tail_ulp: float = 0.0
    absolute_ulp: float = 0.0
