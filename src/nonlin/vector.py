"""Activations over a whole axis, such as softmax, whose derivative is a Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from nonlin.activation import Activation
from nonlin.errors import NonlinError
from nonlin.facts import Kink
from nonlin.parameter import Formula, Parameter


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class VectorActivation(Activation):
    """An activation over a whole axis, such as softmax; its derivative is a Jacobian.

    Its formulas see the axis moved to the end. The Jacobian is never formed to
    back-propagate. At infinite input the value is the limit where there is one, so that
    softmax of (0, +inf) is (0, 1), and NaN where there is none: two entries that are +inf,
    or 0·inf in a gated unit.

    Attributes:
        pullback: formula of the vector–Jacobian product, ``(x, gradient, xp, **parameters)``.
        pushforward: formula of the Jacobian–vector product, ``(x, tangent, xp, **parameters)``.
        slope: formula of the Jacobian; by default the pushforward of every unit vector.
        part: the elementwise activation that it is made of, if any; the formulas take it as
            ``part``, with the slope at its kinks that was chosen for the whole.
    """

    facts_of: Callable[..., Any]
    pullback: Formula
    pushforward: Formula
    slope: Formula | None = None  # type: ignore[assignment]
    part: Activation | None = None
    _pieces: int = field(init=False)

    _formulas: ClassVar = (*Activation._formulas, "pullback", "pushforward")
    kinks: ClassVar[tuple[Kink, ...]] = ()  # type: ignore[assignment]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.part is not None:
            object.__setattr__(self, "part", self.part.bind(at_kink=self.at_kink))
        # Here, so that a call does not ask for the facts.
        object.__setattr__(self, "_pieces", self.facts_of(**self.bound).inputs)

    @cached_property
    def facts(self) -> Any:
        """Facts of the function with the parameters it is bound to."""
        return self.facts_of(**self.bound)

    def _find_kinks(self) -> tuple[Kink, ...]:
        return ()

    def evaluate_value(self, x: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        return self._along(self.value, parameters, xp, x)

    def evaluate_slope(self, x: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        inner, axis = self._split(parameters, x, xp)
        x = _move(x, axis, -1, xp)
        if x.shape[-1] == 0:
            return x[..., None] * x[..., None, :]
        if self.slope is not None:
            return self.slope(x, xp, **inner)
        if "noise" in inner:
            inner["noise"] = inner["noise"][..., None, :]
        columns = self.pushforward(x[..., None, :], xp.unit_vectors(x), xp, **inner)
        return _move(columns, -1, -2, xp)

    def pull_back(self, x: Any, gradient: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        return self._along(self.pullback, parameters, xp, x, gradient)

    def push_forward(self, x: Any, tangent: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        return self._along(self.pushforward, parameters, xp, x, tangent)

    def _along(self, formula: Formula, parameters: Mapping[str, Any], xp: Any, *arrays: Any) -> Any:
        """Apply a formula with the axis last, and move it back."""
        inner, axis = self._split(parameters, arrays[0], xp)
        if arrays[0].shape[axis] == 0:
            return xp.zeros_like(arrays[0])
        moved = [_move(array, axis, -1, xp) for array in arrays]
        return _move(formula(*moved, xp, **inner), -1, axis, xp)

    def _split(self, parameters: Mapping[str, Any], x: Any, xp: Any) -> tuple[dict[str, Any], int]:
        """What the formulas take beside arrays, and the axis that they find last."""
        inner = dict(parameters)
        axis = inner.pop("axis")
        if not -x.ndim <= axis < x.ndim:
            raise NonlinError(
                f"{self.name}: axis {axis} of an input of shape {tuple(x.shape)}; "
                f"allowed: {-x.ndim} to {x.ndim - 1}"
                if x.ndim
                else f"{self.name}: got a single number; allowed: an array with an axis"
            )
        if x.shape[axis] % self._pieces:
            allowed = "an even length" if self._pieces == 2 else f"a multiple of {self._pieces}"
            raise NonlinError(
                f"{self.name}: axis {axis} of length {x.shape[axis]}; allowed: {allowed}"
            )
        if "noise" in inner:
            inner["noise"] = _move(inner["noise"], axis, -1, xp)
        if self.part is not None:
            inner["part"] = self.part
        return inner, axis


def axis_parameter(meaning: str) -> Parameter:
    """The parameter ``axis``, the last by default, which PyTorch calls ``dim``."""
    return Parameter("axis", -1, meaning, torch="dim")


def _move(x: Any, source: int, target: int, xp: Any) -> Any:
    """As moveaxis, which PyTorch's vmap does not batch."""
    if source % x.ndim == target % x.ndim:
        return x
    order = list(range(x.ndim))
    order.insert(target % x.ndim, order.pop(source))
    return xp.permute_dims(x, tuple(order))
