"""`define`: a new activation from a Python formula."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from nonlin.activation import Activation
from nonlin.defining.formulas import Definition
from nonlin.defining.record import Defined, make
from nonlin.errors import NonlinError
from nonlin.facts import Facts


def define(
    name: str,
    formula: Callable[..., Any],
    /,
    *,
    derivative: Callable[..., Any] | None = None,
    definition: Callable[..., Any] | None = None,
    facts_of: Callable[..., Facts] | None = None,
    class_name: str | None = None,
    aliases: tuple[str, ...] = (),
    references: tuple[str, ...] = (),
    text: str = "",
    **parameters: float,
) -> Activation:
    """Make an activation of a Python formula; its derivatives follow by themselves.

    The formula is differentiated by dual numbers, with respect to x and to every parameter.
    At a tie of ``maximum``, a bound of ``clip`` and the zero of ``abs`` the slope is
    PyTorch's. At ±inf the value is what the formula gives there.

    Args:
        name: canonical name, a lower-case identifier that the catalogue does not have.
        formula: takes ``(x, xp, **parameters)``: an array of any library, its array API
            namespace, which also has ``erf``, ``erfc``, ``finite``, ``scaled`` and
            ``apply(record, x)``, and the parameters as arrays that broadcast to x.
        derivative: formula of the derivative; found by differentiation when None.
        definition: the same for mpmath, ``(mp, x, **parameters)``; the formula itself in
            exact arithmetic when None.
        facts_of: :class:`Facts` for given parameters; measured on a grid when None.
        class_name: name of the module class; the name in capitals when None.
        aliases: other names.
        references: where it comes from.
        text: the formula as a reader would write it.
        **parameters: start values by name; each can be learned.

    Returns:
        The record. It is not part of the catalogue.

    Raises:
        NonlinError: a name that is taken, a start value that is no finite number, or a
            formula that uses what has no rule to differentiate by.

    Example:
        >>> import nonlin
        >>> bent = nonlin.define("bent", lambda x, xp, a: a * xp.sqrt(x * x + 1) + x, a=0.5)
        >>> bent(0.0), bent.derivative(0.0), bent.facts.slope_limits
        (0.5, 1.0, (0.5, 1.5))
    """
    if not callable(formula):
        raise NonlinError(
            f"define: formula {formula!r}; allowed: a function of (x, xp, **parameters); "
            "nonlin.parse reads a formula from text"
        )
    return make(
        Defined,
        formula,
        name=name,
        starts=parameters,
        derivative=derivative,
        facts_of=facts_of,
        definition=definition or Definition(formula),
        class_name=class_name or class_name_of(name),
        aliases=tuple(aliases),
        references=tuple(references),
        text=text or (inspect.getdoc(formula) or f"{name}(x)").partition("\n")[0],
    )


def class_name_of(name: str) -> str:
    """``bent_identity`` as ``BentIdentity``."""
    return "".join(part.capitalize() for part in str(name).split("_")) or "Defined"
