"""Activations over a whole axis, such as softmax, whose derivative is a Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from nonlin.activation import Activation
from nonlin.errors import NonlinError
from nonlin.facts import Kink
from nonlin.parameter import Formula


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class VectorActivation(Activation):
    """An activation over a whole axis, such as softmax; its derivative is a Jacobian.

    Its formulas see the axis moved to the end. The Jacobian is never formed to
    back-propagate.

    Attributes:
        pullback: formula of the vector–Jacobian product, ``(x, gradient, xp, **parameters)``.
        pushforward: formula of the Jacobian–vector product, ``(x, tangent, xp, **parameters)``.
        slope: formula of the Jacobian; by default the pushforward of every unit vector.
    """

    facts_of: Callable[..., Any]
    pullback: Formula
    pushforward: Formula
    slope: Formula | None = None  # type: ignore[assignment]

    _formulas: ClassVar = (*Activation._formulas, "pullback", "pushforward")
    kinks: ClassVar[tuple[Kink, ...]] = ()  # type: ignore[assignment]

    @cached_property
    def facts(self) -> Any:
        """Facts of the function with the parameters it is bound to."""
        return self.facts_of(**self.bound)

    def _find_kinks(self) -> tuple[Kink, ...]:
        return ()

    def evaluate_value(self, x: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        return self._along(self.value, parameters, xp, x)

    def evaluate_slope(self, x: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        inner, axis = self._split(parameters, x)
        x = _move(x, axis, -1, xp)
        if self.slope is not None:
            return self.slope(x, xp, **inner)
        columns = self.pushforward(x[..., None, :], xp.unit_vectors(x), xp, **inner)
        return _move(columns, -1, -2, xp)

    def pull_back(self, x: Any, gradient: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        return self._along(self.pullback, parameters, xp, x, gradient)

    def push_forward(self, x: Any, tangent: Any, xp: Any, parameters: Mapping[str, Any]) -> Any:
        return self._along(self.pushforward, parameters, xp, x, tangent)

    def _along(self, formula: Formula, parameters: Mapping[str, Any], xp: Any, *arrays: Any) -> Any:
        """Apply a formula with the axis last, and move it back."""
        inner, axis = self._split(parameters, arrays[0])
        moved = [_move(array, axis, -1, xp) for array in arrays]
        return _move(formula(*moved, xp, **inner), -1, axis, xp)

    def _split(self, parameters: Mapping[str, Any], x: Any) -> tuple[dict[str, Any], int]:
        """The parameters that the formulas take, and the axis that they find last."""
        inner = dict(parameters)
        axis = inner.pop("axis")
        if not -x.ndim <= axis < x.ndim:
            raise NonlinError(
                f"{self.name}: axis {axis} of an input of shape {tuple(x.shape)}; "
                f"allowed: {-x.ndim} to {x.ndim - 1}"
                if x.ndim
                else f"{self.name}: got a single number; allowed: an array with an axis"
            )
        return inner, axis


def _move(x: Any, source: int, target: int, xp: Any) -> Any:
    """As moveaxis, which PyTorch's vmap does not batch."""
    if source % x.ndim == target % x.ndim:
        return x
    order = list(range(x.ndim))
    order.insert(target % x.ndim, order.pop(source))
    return xp.permute_dims(x, tuple(order))
