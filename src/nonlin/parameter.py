"""A parameter of an activation: its default, its domain, and whether it can be learned."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nonlin.errors import NonlinError

Formula = Callable[..., Any]
Value = float | int | str


@dataclass(frozen=True)
class Parameter:
    """A number, or a choice of words, that an activation depends on.

    Attributes:
        name: keyword of the parameter, such as ``beta``.
        default: value when none is given; its type is the parameter's type.
        meaning: what it does, in a few words.
        minimum: smallest value allowed.
        maximum: largest value allowed.
        exclusive: whether ``minimum`` itself is excluded.
        choices: the words allowed, for a parameter that is a choice.
        derivative: formula of ∂f/∂parameter; a parameter that has one can be learned.
        torch: its keyword in PyTorch's function, which is also the attribute of the module.
        torch_words: PyTorch's words for the choices, where it has others; a choice that is
            not there PyTorch does not offer.
    """

    name: str
    default: Value
    meaning: str
    minimum: float = -math.inf
    maximum: float = math.inf
    exclusive: bool = False
    choices: tuple[str, ...] = ()
    derivative: Formula | None = None
    torch: str = ""
    torch_words: Mapping[str, str] = field(default_factory=dict)

    @property
    def domain(self) -> str:
        """The values allowed, in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        kind = "an integer" if isinstance(self.default, int) else "a finite number"
        if self.maximum < math.inf:
            return f"{kind} <= {self.maximum:g}"
        if self.minimum == -math.inf:
            return kind
        return f"{kind} {'>' if self.exclusive else '>='} {self.minimum:g}"

    def from_torch(self, theirs: Any) -> Value:
        """The value that PyTorch writes as `theirs`; None is its word for the default.

        PyTorch takes a tensor of one number for a number, and True: ``nn.LeakyReLU(True)``, meant
        to be in place, has slope 1.
        """
        if theirs is None:
            return self.default
        if hasattr(theirs, "item"):
            theirs = theirs.item()
        if isinstance(theirs, bool) and not self.choices:
            return int(theirs)
        ours = [choice for choice, word in self.torch_words.items() if word == theirs]
        return ours[0] if ours else theirs

    def to_torch(self, value: Value) -> Any:
        """PyTorch's way of writing `value`; None where it has none."""
        if self.torch_words:
            return self.torch_words.get(str(value))
        return value if self.torch else None

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
        if not math.isfinite(number) or not self.allows(number):
            raise refused
        return number

    def allows(self, number: float) -> bool:
        """Whether a number lies in the domain."""
        if self.exclusive and number == self.minimum:
            return False
        return self.minimum <= number <= self.maximum
