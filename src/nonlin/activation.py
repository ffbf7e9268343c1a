"""What an activation *is*: one frozen record, from which everything else is derived."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from nonlin.errors import NonlinError, did_you_mean
from nonlin.facts import KINK_CHOICES, Contract, Facts, KinkChoice
from nonlin.parameter import Formula, Parameter, Value


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
        hint = did_you_mean(name, known)
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
