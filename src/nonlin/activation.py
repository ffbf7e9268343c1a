"""What an activation *is*: one frozen record, from which everything else is derived."""

from __future__ import annotations

import dataclasses
import difflib
import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from nonlin.errors import NonlinError

Formula = Callable[..., Any]
Value = float | int | str
KinkChoice = Literal["torch", "left", "right", "middle"]
KINK_CHOICES = ("torch", "left", "right", "middle")


@dataclass(frozen=True)
class Parameter:
    """A number, or a choice of words, that an activation depends on.

    Attributes:
        name: keyword of the parameter, such as ``beta``.
        default: value when none is given; its type is the parameter's type.
        meaning: what it does, in a few words.
        minimum: smallest value allowed.
        exclusive: whether ``minimum`` itself is excluded.
        choices: the words allowed, for a parameter that is a choice.
        derivative: formula of ∂f/∂parameter; a parameter that has one can be learned.
        of_torch: reads the value from PyTorch's module of the activation.
    """

    name: str
    default: Value
    meaning: str
    minimum: float = -math.inf
    exclusive: bool = False
    choices: tuple[str, ...] = ()
    derivative: Formula | None = None
    of_torch: Callable[[Any], Value] | None = None

    @property
    def domain(self) -> str:
        """The values allowed, in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        kind = "an integer" if isinstance(self.default, int) else "a finite number"
        if self.minimum == -math.inf:
            return kind
        return f"{kind} {'>' if self.exclusive else '>='} {self.minimum:g}"

    def validate(self, activation: str, value: object) -> Value:
        """Return `value` in the parameter's type, or raise NonlinError naming the domain."""
        refused = NonlinError(
            f"{activation}: parameter {self.name}={value!r}; allowed: {self.domain}"
        )
        if self.choices:
            if value not in self.choices:
                raise refused
            return str(value)
        number: Value
        if isinstance(value, bool):
            raise refused
        if isinstance(self.default, int):
            if not isinstance(value, numbers.Integral):
                raise refused
            number = int(value)
        elif isinstance(value, numbers.Real):
            number = float(value)
        else:
            raise refused
        if not math.isfinite(number) or number < self.minimum:
            raise refused
        if self.exclusive and number == self.minimum:
            raise refused
        return number


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
    """A point without a derivative, with the slopes on both sides and PyTorch's choice."""

    at: float
    left: float
    right: float
    torch: float

    def slope(self, choice: KinkChoice) -> float:
        """The slope that stands in for the derivative at this point."""
        return (self.left + self.right) / 2 if choice == "middle" else getattr(self, choice)


@dataclass(frozen=True)
class Facts:
    """Properties of an elementwise activation with its parameters fixed; tests check each.

    They describe the function itself; a surrogate derivative changes none but
    ``slope_limits``, which are those of :meth:`Activation.derivative`.

    Attributes:
        range: the smallest interval that holds the values taken.
        monotone: whether it never decreases.
        smoothness: k of the class C^k; -1 for a jump, ``math.inf`` for smooth.
        lipschitz: supremum of the slope's magnitude.
        limits: limits of the value at −inf and +inf.
        slope_limits: limits of the derivative at −inf and +inf.
        kinks: the points without a derivative.
        minimum: where the global minimum lies and its value, if it is at one point.
        zero_centred: whether E f(z) = 0 for z ~ N(0, 1).
        surrogate: whether the derivative is a stand-in that back-propagation uses.
        self_gated: whether it is x·g(x) with a smooth gate g that stays in [−1, 1] and
            tends to different limits at −inf and +inf.
    """

    range: Range
    monotone: bool
    smoothness: float
    lipschitz: float
    limits: tuple[float, float]
    slope_limits: tuple[float, float]
    kinks: tuple[Kink, ...] = ()
    minimum: tuple[float, float] | None = None
    zero_centred: bool = False
    self_gated: bool = False
    surrogate: bool = False

    @property
    def saturating_sides(self) -> tuple[str, ...]:
        """The sides on which the slope tends to zero, so that units can stop learning."""
        sides = zip(("left", "right"), self.slope_limits, strict=True)
        return tuple(side for side, slope in sides if slope == 0)


@dataclass(frozen=True)
class Contract:
    """Largest error of the formulas, in units in the last place of the dtype.

    Measured in float32 with NumPy and PyTorch; float64 keeps the same bounds. Two things
    count apart:

    - A parameter that is no power of two is rounded to the dtype, and so is its product
      with x. That adds one unit of relative error times the condition number of the
      function in the parameter.
    - Within |m|/2 of a minimum at m the derivative crosses zero, and its error counts in
      ULP of 1/16.

    For a vector-valued function the value is bounded beside the rounding of x − max x,
    which the exponential multiplies, and the Jacobian counts in ULP of 1.

    Attributes:
        value_ulp: bound on the value.
        derivative_ulp: bound on the derivative.
        tail_ulp: added to both for each factor e by which the true result lies below 1,
            where the formula rounds the argument of an exponential.
    """

    value_ulp: float
    derivative_ulp: float
    tail_ulp: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Activation:
    """An activation function: callable, with its derivative, parameters and facts.

    Formulas take ``(x, xp, **parameters)``, where ``xp`` is an array API namespace
    (see :mod:`nonlin.backends.namespace`).

    Attributes:
        name: canonical name, such as ``leaky_relu``.
        class_name: name of the module in :mod:`nonlin.nn`, such as ``LeakyReLU``.
        text: the formula as a reader would write it.
        value: formula of the function.
        slope: formula of the derivative, in PyTorch's convention at kinks.
        identity: the identity the derivative's formula uses.
        definition: the textbook definition, taking ``(mp, x, **parameters)`` with an
            mpmath context; the formulas are judged against it.
        facts_of: :class:`Facts` for given parameters.
        contract: the formulas' error bounds.
        parameters: in the order they are written.
        aliases: other names it is found by.
        torch: name of the ``torch.nn`` class that is the same function.
        references: where it was introduced or defined.
        frameworks: where frameworks differ.
        bound: values of the parameters, by name.
        learned: names of the parameters that a module trains.
        at_kink: which slope stands in for the derivative at a kink.

    Example:
        >>> import nonlin
        >>> round(nonlin.swish(2.0), 12)
        1.761594155956
        >>> nonlin.get("swish", beta=1.5)
        swish(beta=1.5)
        >>> nonlin.relu.derivative(0.0), nonlin.relu.derivative(0.0, at_kink="right")
        (0.0, 1.0)
    """

    name: str
    class_name: str
    text: str
    value: Formula
    slope: Formula
    identity: str
    definition: Formula
    facts_of: Callable[..., Facts]
    contract: Contract
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()
    torch: str | None = None
    references: tuple[str, ...] = ()
    frameworks: str = ""
    bound: Mapping[str, Value] = field(default_factory=dict)
    learned: tuple[str, ...] = ()
    at_kink: KinkChoice = "torch"

    def __post_init__(self) -> None:
        for name in (self.name, *self.aliases):
            if not name.isidentifier() or name != name.lower():
                raise NonlinError(f"activation name {name!r}: allowed: a lower-case identifier")
        if self.at_kink not in KINK_CHOICES:
            raise NonlinError(
                f"{self.name}: at_kink={self.at_kink!r}; allowed: {', '.join(KINK_CHOICES)}"
            )
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in (*self.bound, *self.learned):
            if name not in known:
                raise NonlinError(self._unknown_parameter(name, list(known)))
        for name in self.learned:
            if known[name].derivative is None:
                raise NonlinError(f"{self.name}: parameter {name} cannot be learned")
        values = {
            name: parameter.validate(self.name, self.bound.get(name, parameter.default))
            for name, parameter in known.items()
        }
        object.__setattr__(self, "bound", MappingProxyType(values))

    def _unknown_parameter(self, name: str, known: list[str]) -> str:
        if not known:
            return f"{self.name} takes no parameters; got {name!r}"
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ";"
        return f"{self.name}: unknown parameter {name!r}{hint} (known: {', '.join(known)})"

    def __hash__(self) -> int:
        return hash((self.name, tuple(self.bound.items()), self.learned, self.at_kink))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by name: formulas are code, which the catalogue holds."""
        from nonlin.functions import restore

        return restore, (self.name, dict(self.bound), self.learned, self.at_kink)

    def __copy__(self) -> Activation:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Activation:
        return self

    def __repr__(self) -> str:
        shown = [f"{p.name}={self.bound[p.name]}" for p in self.parameters if self._is_set(p)]
        shown += [f"at_kink={self.at_kink}"] if self.at_kink != "torch" else []
        shown += ["learned"] if self.learned else []
        return f"{self.name}({', '.join(shown)})" if shown else self.name

    def _is_set(self, parameter: Parameter) -> bool:
        return self.bound[parameter.name] != parameter.default

    @cached_property
    def facts(self) -> Facts:
        """Facts of the function with the parameters it is bound to."""
        return self.facts_of(**self.bound)

    def bind(self, *, at_kink: KinkChoice | None = None, **parameters: Any) -> Activation:
        """Return the same function with other parameters.

        Args:
            at_kink: slope at a kink: ``"torch"`` (default), ``"left"``, ``"right"``, ``"middle"``.
            **parameters: values by name.

        Raises:
            NonlinError: unknown parameter, or a value outside its domain.
        """
        if not parameters and at_kink in (None, self.at_kink):
            return self
        choice = self.at_kink if at_kink is None else at_kink
        return dataclasses.replace(self, bound={**self.bound, **parameters}, at_kink=choice)

    def learn(self, *names: str) -> Activation:
        """Return the same function with parameters that a module trains.

        Args:
            *names: which parameters; all that can be learned when none is named.

        Raises:
            NonlinError: a parameter that is unknown or cannot be learned.

        Example:
            >>> import nonlin
            >>> nonlin.swish.learn("beta")
            swish(learned)
        """
        names = names or tuple(p.name for p in self.parameters if p.derivative is not None)
        if not names:
            raise NonlinError(f"{self.name} has no parameter that can be learned")
        return dataclasses.replace(self, learned=names)

    def variant(self, name: str, **changes: Any) -> Activation:
        """Return a record of another name that shares this one's formulas."""
        return dataclasses.replace(self, **{"name": name, "aliases": (), **changes})

    def __call__(self, x: Any, /, **parameters: Any) -> Any:
        """Value of the function, elementwise.

        Args:
            x: Python number, NumPy array, PyTorch tensor, JAX array or any array of an
                array API library; floating point, any shape.
            **parameters: values that replace the bound ones.

        Returns:
            The same kind, shape and dtype as `x`.

        Raises:
            NonlinError: `x` is not floating point, or a parameter is not allowed.
        """
        from nonlin import backends

        return backends.value(self.bind(**parameters), x)

    def derivative(self, x: Any, /, *, at_kink: KinkChoice | None = None, **parameters: Any) -> Any:
        """Derivative of the function at `x`, elementwise.

        Args:
            x: as for the function itself.
            at_kink: slope at a kink: ``"torch"`` (default), ``"left"``, ``"right"``, ``"middle"``.
            **parameters: values that replace the bound ones.

        Returns:
            The same kind, shape and dtype as `x`; for a vector-valued function the
            Jacobian, one axis longer.

        Raises:
            NonlinError: `x` is not floating point, or a parameter is not allowed.
        """
        from nonlin import backends

        return backends.derivative(self.bind(at_kink=at_kink, **parameters), x)

    def evaluate_value(self, x: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        """Value by the formula in namespace `xp`, for backends."""
        return self.value(x, xp, **parameters)

    def evaluate_slope(self, x: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        """Derivative by the formula in namespace `xp`, kinks as chosen, for backends."""
        slope = self.slope(x, xp, **parameters)
        if self.at_kink != "torch":
            for kink in self.facts.kinks:
                slope = xp.where(x == kink.at, kink.slope(self.at_kink), slope)
        return slope

    def pull_back(self, x: Any, gradient: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        """Gradient with respect to `x` from the gradient with respect to the value."""
        return gradient * self.evaluate_slope(x, xp, parameters)


@dataclass(frozen=True)
class VectorFacts:
    """Properties of an activation whose output depends on all inputs along an axis."""

    range: Range
    sums_to_one: bool
    kinks: ClassVar[tuple[Kink, ...]] = ()


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class VectorActivation(Activation):
    """An activation over a whole axis, such as softmax; its derivative is a Jacobian.

    Attributes:
        product: formula of the vector-Jacobian product, taking ``(x, gradient, xp, ...)``;
            the Jacobian itself is never formed to back-propagate.
    """

    facts_of: Callable[..., Any]
    product: Formula

    def pull_back(self, x: Any, gradient: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        return self.product(x, gradient, xp, **parameters)
