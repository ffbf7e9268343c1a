"""What an activation *is*: one frozen record, from which everything else is derived."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from nonlin import backends
from nonlin.choices import Precision, Save, chosen
from nonlin.conventions import Convention, convention_of, kink_choice
from nonlin.errors import NonlinError
from nonlin.facts import Contract, Facts, Kink, KinkChoice
from nonlin.parameter import Formula, Parameter, Value
from nonlin.validation import check


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
        slope_of_value: the derivative from the function's value instead, taking ``(y, xp,
            **parameters)``, where one follows from the other.
        identity: the identity the derivative's formula uses.
        definition: the textbook definition, taking ``(mp, x, **parameters)`` with an
            mpmath context; the formulas are judged against it.
        facts_of: :class:`Facts` for given parameters.
        contract: the formulas' error bounds.
        contract_of: the bounds for given parameters, where they depend on them.
        parameters: in the order they are written.
        ordered: pairs of parameters of which the first must be the smaller.
        aliases: other names it is found by.
        torch: name of the ``torch.nn`` class that is the same function.
        references: where it was introduced or defined.
        conventions: the function as each framework that has it offers it.
        draws: when a module draws uniform noise for the formulas, one number for each
            element, which they then take as ``noise``: ``"never"``, in ``"training"`` or
            ``"always"``. Without it they stand for what is left when nothing is drawn.
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
    ordered: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()
    torch: str | None = None
    references: tuple[str, ...] = ()
    conventions: Mapping[str, Convention] = field(default_factory=dict)
    contract_of: Callable[..., Contract] | None = None
    slope_of_value: Formula | None = None
    draws: Literal["never", "training", "always"] = "never"
    bound: Mapping[str, Value] = field(default_factory=dict)
    learned: tuple[str, ...] = ()
    at_kink: KinkChoice = "torch"

    _formulas: ClassVar = (
        "value",
        "slope",
        "slope_of_value",
        "definition",
        "facts_of",
        "contract_of",
    )

    def __post_init__(self) -> None:
        values = check(self)
        object.__setattr__(self, "bound", MappingProxyType(values))
        if self.contract_of is not None:
            object.__setattr__(self, "contract", self.contract_of(**values))
        if self.at_kink != "torch":
            # Read in back-propagation, where torch.compile cannot enter a cached property's lock.
            object.__setattr__(self, "kinks", self._find_kinks())

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

    def _repr_html_(self) -> str:
        """A card for notebooks: formula, plot, facts."""
        from nonlin.report.card import card

        return card(self)

    def _is_set(self, parameter: Parameter) -> bool:
        return self.bound[parameter.name] != parameter.default

    @cached_property
    def facts(self) -> Facts:
        """Facts of the function with the parameters it is bound to."""
        from nonlin.moments import complete

        return complete(self.facts_of(**self.bound), self)

    @cached_property
    def kinks(self) -> tuple[Kink, ...]:
        """The points without a derivative."""
        return self._find_kinks()

    def _find_kinks(self) -> tuple[Kink, ...]:
        return self.facts_of(**self.bound).kinks

    def bind(
        self, *, at_kink: KinkChoice | None = None, like: str | None = None, **parameters: Any
    ) -> Activation:
        """Return the same function with other parameters.

        Args:
            at_kink: slope at a kink: ``"torch"`` (default), ``"jax"``, ``"left"``,
                ``"right"``, ``"middle"``.
            like: the framework whose defaults hold where no value is given: ``"torch"``,
                ``"jax"``, ``"keras"``, ``"timm"``, ``"hf"``.
            **parameters: values by name.

        Raises:
            NonlinError: unknown parameter, a value outside its domain, or a framework that
                does not offer the function.

        Example:
            >>> import nonlin
            >>> nonlin.leaky_relu.bind(like="keras")
            leaky_relu(alpha=0.2)
            >>> nonlin.leaky_relu.derivative(0.0), nonlin.leaky_relu.derivative(0.0, like="jax")
            (0.01, 1.0)
        """
        if like is not None:
            offered = convention_of(self.name, self.conventions, like)
            parameters = {**offered.parameters, **parameters}
            at_kink = kink_choice(like) if at_kink is None else at_kink
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

    def variant(self, name: str, *, fixed: Mapping[str, Value] | None = None, **changes: Any):
        """Return a record of another name that shares this one's formulas.

        Args:
            name: its canonical name.
            fixed: values of parameters that the new record has no more.
            **changes: other attributes that differ.

        Returns:
            A record of the same class, with no aliases and no conventions but those given.

        Raises:
            NonlinError: a fixed parameter is unknown, or its value outside its domain.
        """
        fixing: dict[str, Any] = dict(fixed or {})
        values = {key: self.bind(**fixing).bound[key] for key in fixing}
        if values:
            for attribute in self._formulas:
                formula = getattr(self, attribute)
                changes.setdefault(attribute, formula and partial(formula, **values))
            left = tuple(p for p in self.parameters if p.name not in values)
            changes.setdefault("parameters", left)
            bound = {key: value for key, value in self.bound.items() if key not in values}
            changes.setdefault("bound", bound)
        return dataclasses.replace(
            self, **{"name": name, "aliases": (), "conventions": {}, "torch": None, **changes}
        )

    def __call__(
        self,
        x: Any,
        /,
        *,
        at_kink: KinkChoice | None = None,
        like: str | None = None,
        noise: Any = None,
        precision: Precision | None = None,
        save: Save | None = None,
        out: Any = None,
        **parameters: Any,
    ) -> Any:
        """Value of the function.

        Args:
            x: Python number, NumPy array, PyTorch tensor, JAX array or any array of an
                array API library; floating point, any shape.
            at_kink: slope at a kink when a framework differentiates the call, as in :meth:`bind`.
            like: the framework whose defaults hold, as in :meth:`bind`.
            noise: uniform draws from (0, 1), an array like `x`; only for a function that
                draws in training, which without it takes what stands for no draw.
            precision: ``"exact"`` or ``"fast"``, as in :func:`nonlin.precision`.
            save: what PyTorch keeps for the backward pass, as in :func:`nonlin.saving`.
            out: NumPy array or PyTorch tensor like `x` to write to; `x` itself is allowed.
            **parameters: values that replace the bound ones.

        Returns:
            The same kind and dtype as `x`, and the same shape unless the function is
            vector-valued and changes the length of its axis.

        Raises:
            NonlinError: `x` is not floating point, or a parameter is not allowed.
        """
        record = self
        if parameters or at_kink is not None or like is not None:
            record = self.bind(at_kink=at_kink, like=like, **parameters)
        arrays = {} if noise is None else record._noise(x, noise)
        if precision is None and save is None:
            return backends.value(record, x, arrays, out)
        return chosen(precision, save, backends.value, record, x, arrays, out)

    def derivative(
        self,
        x: Any,
        /,
        *,
        at_kink: KinkChoice | None = None,
        like: str | None = None,
        noise: Any = None,
        precision: Precision | None = None,
        out: Any = None,
        **parameters: Any,
    ) -> Any:
        """Derivative of the function at `x`.

        Args:
            x: as for the function itself.
            at_kink: slope at a kink: ``"torch"`` (default), ``"jax"``, ``"left"``,
                ``"right"``, ``"middle"``.
            like: the framework whose defaults hold, as in :meth:`bind`.
            noise: as for the function itself.
            precision: as for the function itself.
            out: as for the function itself.
            **parameters: values that replace the bound ones.

        Returns:
            The same kind, shape and dtype as `x`; for a vector-valued function the
            Jacobian ∂yᵢ/∂xⱼ, its axes i and j last.

        Raises:
            NonlinError: `x` is not floating point, or a parameter is not allowed.
        """
        record = self.bind(at_kink=at_kink, like=like, **parameters)
        arrays = record._noise(x, noise)
        return chosen(precision, None, backends.derivative, record, x, arrays, out)

    def vjp(self, x: Any, gradient: Any, /, **parameters: Any) -> Any:
        """Vector–Jacobian product: the gradient at `x` from the gradient at the value.

        Args:
            x: as for the function itself.
            gradient: array like the value.
            **parameters: values that replace the bound ones; ``at_kink`` and ``like`` as
                in :meth:`bind`.

        Returns:
            An array like `x`.

        Raises:
            NonlinError: as for the function itself.

        Example:
            >>> import nonlin, numpy as np
            >>> nonlin.softmax.vjp(np.zeros(2), np.array([1.0, 0.0]))
            array([ 0.25, -0.25])
        """
        return backends.vjp(self.bind(**parameters), x, gradient)

    def jvp(self, x: Any, tangent: Any, /, **parameters: Any) -> Any:
        """Jacobian–vector product: how the value moves when `x` moves along `tangent`.

        Args:
            x: as for the function itself.
            tangent: array like `x`.
            **parameters: values that replace the bound ones; ``at_kink`` and ``like`` as
                in :meth:`bind`.

        Returns:
            An array like the value.

        Raises:
            NonlinError: as for the function itself.

        Example:
            >>> import nonlin, numpy as np
            >>> nonlin.glu.jvp(np.array([3.0, 0.0]), np.array([1.0, 0.0]))
            array([0.5])
        """
        return backends.jvp(self.bind(**parameters), x, tangent)

    def _noise(self, x: Any, noise: Any) -> dict[str, Any]:
        if noise is None:
            return {}
        if self.draws == "never":
            raise NonlinError(f"{self.name} draws nothing; got noise")
        wanted, got = (tuple(getattr(array, "shape", ())) for array in (x, noise))
        if got != wanted:
            raise NonlinError(f"{self.name}: noise of shape {got}; allowed: the input's, {wanted}")
        return {"noise": noise}

    def evaluate_value(self, x: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        """Value by the formula in namespace `xp`, for backends."""
        return self.value(x, xp, **parameters)

    def evaluate_slope(self, x: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        """Derivative by the formula in namespace `xp`, kinks as chosen, for backends."""
        slope = self.slope(x, xp, **parameters)
        if self.at_kink != "torch":
            for kink in self.kinks:
                slope = xp.where(x == kink.at, kink.slope(self.at_kink), slope)
        return slope

    def pull_back(self, x: Any, gradient: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        """Gradient with respect to `x` from the gradient with respect to the value."""
        return gradient * self.evaluate_slope(x, xp, parameters)

    def push_forward(self, x: Any, tangent: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        """Tangent of the value from the tangent of `x`."""
        return tangent * self.evaluate_slope(x, xp, parameters)
