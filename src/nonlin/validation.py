"""What a record must be: checked when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nonlin.conventions import FRAMEWORKS
from nonlin.errors import NonlinError, did_you_mean
from nonlin.facts import KINK_CHOICES
from nonlin.parameter import Value

if TYPE_CHECKING:
    from nonlin.activation import Activation


def check(record: Activation) -> dict[str, Value]:
    """Refuse a record that contradicts itself.

    Args:
        record: the activation being made; nothing of it is changed.

    Returns:
        The value of every parameter, in the parameter's type.

    Raises:
        NonlinError: a name that is no identifier, an unknown framework, parameter or choice, a
            value outside its domain, or a learned parameter without a derivative.
    """
    for name in (record.name, *record.aliases):
        if not name.isidentifier() or name != name.lower():
            raise NonlinError(f"activation name {name!r}: allowed: a lower-case identifier")
    if record.at_kink not in KINK_CHOICES:
        raise NonlinError(
            f"{record.name}: at_kink={record.at_kink!r}; allowed: {', '.join(KINK_CHOICES)}"
        )
    _check_conventions(record)
    known = {parameter.name: parameter for parameter in record.parameters}
    for name in (*record.bound, *record.learned):
        if name not in known:
            raise NonlinError(_unknown_parameter(record.name, name, list(known)))
    for name in record.learned:
        if known[name].derivative is None:
            raise NonlinError(f"{record.name}: parameter {name} cannot be learned")
    values = {
        name: parameter.validate(record.name, record.bound.get(name, parameter.default))
        for name, parameter in known.items()
    }
    for lower, upper in record.ordered:
        if not float(values[lower]) < float(values[upper]):
            raise NonlinError(
                f"{record.name}: {lower}={values[lower]}, {upper}={values[upper]}; "
                f"allowed: {lower} < {upper}"
            )
    return values


def _check_conventions(record: Activation) -> None:
    known = {parameter.name for parameter in record.parameters}
    for framework, convention in record.conventions.items():
        if framework not in FRAMEWORKS:
            raise NonlinError(
                f"{record.name}: framework {framework!r}; allowed: {', '.join(FRAMEWORKS)}"
            )
        for name in convention.parameters:
            if name not in known:
                raise NonlinError(f"{record.name}: no parameter {name!r} to give {framework}'s")


def _unknown_parameter(activation: str, name: str, known: list[str]) -> str:
    if not known:
        return f"{activation} takes no parameters; got {name!r}"
    hint = did_you_mean(name, known)
    return f"{activation}: unknown parameter {name!r}{hint} (known: {', '.join(known)})"
