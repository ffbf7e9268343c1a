"""Records outside the catalogue: one that a Python formula made, one that a text made."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nonlin.activation import Activation
from nonlin.defining.formulas import Given, Slope, Value
from nonlin.defining.measurement import Measurement
from nonlin.errors import NonlinError, UserCodeError
from nonlin.facts import Contract, Facts
from nonlin.functions import get, list_activations
from nonlin.parameter import Parameter

# What is promised of a formula that nobody has measured.
NO_CONTRACT = Contract(value_ulp=math.inf, derivative_ulp=math.inf)
_TRIED = np.array([-1.5, 0.25, 2.0], dtype=np.float32)
_FINGERPRINT = np.linspace(-6.0, 6.0, 97)


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Defined(Activation):
    """An activation from a user's formula; it travels by value, not by name."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.at_kink != "torch":
            # Found now: no compiler can trace the search.
            _ = self.kinks

    def __reduce__(self) -> tuple[Any, ...]:
        values = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        return _restore, (type(self), {**values, "bound": dict(self.bound)})

    def __repr__(self) -> str:
        return super().__repr__().replace(self.name, f"{self.name}#{self._fingerprint}", 1)

    @cached_property
    def _fingerprint(self) -> str:
        """Six digits that change with the formula, so that results of two are not mixed."""
        plain = {p.name: p.default for p in self.parameters}
        record = dataclasses.replace(self, bound=plain, at_kink="torch")
        found = [record(_FINGERPRINT), record.derivative(_FINGERPRINT)]
        digits = " ".join(f"{number:.6e}" for number in np.concatenate(found))
        return hashlib.sha256(digits.encode()).hexdigest()[:6]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Parsed(Defined):
    """An activation from a text; it is printed as the text that makes it again."""

    def __repr__(self) -> str:
        return f"{self.name}={self.source}" if self.is_named else self.source

    @property
    def is_named(self) -> bool:
        """Whether its name was given."""
        return self.name != name_of(self.text)

    @property
    def source(self) -> str:
        """The text with all that is set, as :func:`nonlin.defining.parse_definition` reads it."""
        parts = [self.text, *(f"{name}={value!r}" for name, value in self.bound.items())]
        if self.at_kink != "torch":
            parts.append(f"at_kink={self.at_kink}")
        if len(self.learned) < len(self.parameters):
            parts.append(f"learn={'+'.join(self.learned) or 'none'}")
        return ", ".join(parts)


def name_of(text: str) -> str:
    """The name of a formula that was given none."""
    return f"formula_{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def make(
    kind: type[Defined],
    formula: Callable[..., Any],
    *,
    name: str,
    starts: Mapping[str, Any],
    derivative: Callable[..., Any] | None = None,
    facts_of: Callable[..., Facts] | None = None,
    **attributes: Any,
) -> Any:
    """Make a record of a formula and see whether it runs.

    Args:
        kind: class of the record.
        formula: takes ``(x, xp, **parameters)``.
        name: canonical name.
        starts: start values of the parameters.
        derivative: of the formula; found by differentiation when None.
        facts_of: facts for given parameters; measured when None.
        **attributes: other attributes of the record.

    Raises:
        NonlinError: a name that is taken, or a formula that does not work on arrays.
    """
    if name in list_activations() or any(name in get(n).aliases for n in list_activations()):
        raise NonlinError(f"name {name!r} is taken by the catalogue; choose another")
    value = Value(formula)
    slope = Slope(formula) if derivative is None else Given(derivative)
    record = kind(
        name=name,
        value=value,
        slope=slope,
        identity="found by automatic differentiation" if derivative is None else "given",
        facts_of=facts_of or Measurement(value, slope),
        contract=NO_CONTRACT,
        parameters=tuple(
            Parameter(
                key, _start(name, key, start), "of the formula", derivative=Slope(formula, key)
            )
            for key, start in starts.items()
        ),
        **attributes,
    )
    _try(record)
    return record


def _start(activation: str, key: str, start: Any) -> float:
    return float(Parameter(key, 0.0, "").validate(activation, start))


def _try(record: Defined) -> None:
    """Run the formulas once, so that a mistake shows where it is made."""
    learned = {f"∂/∂{p.name}": p.derivative for p in record.parameters}
    from nonlin.backends.namespace import namespace_of

    xp = namespace_of(_TRIED)
    for kind, formula in {"value": record.value, "derivative": record.slope, **learned}.items():
        try:
            with np.errstate(all="ignore"):
                got = formula(_TRIED, xp, **record.bound)  # type: ignore[misc]
        except NonlinError as error:
            raise type(error)(f"{record.name}: {kind}: {error}") from None
        except Exception as error:
            raise UserCodeError(
                f"{record.name}: its {kind} failed on a float32 array: "
                f"{type(error).__name__}: {error}"
            ) from error
        shape, dtype = getattr(got, "shape", None), getattr(got, "dtype", None)
        if shape != _TRIED.shape or dtype != _TRIED.dtype:
            raise NonlinError(
                f"{record.name}: its {kind} of a float32 array of shape {_TRIED.shape} is "
                f"{dtype} of shape {shape}; allowed: the same dtype and shape"
            )


def _restore(kind: type[Defined], values: dict[str, Any]) -> Defined:
    return kind(**values)
