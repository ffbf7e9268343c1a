"""Records on JAX arrays: the derivative's formula stands for JAX's own differentiation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import jax.numpy
from jax import Array

from nonlin.backends.namespace import namespace_of

if TYPE_CHECKING:
    from nonlin.activation import Activation

XP = namespace_of(jax.numpy.zeros(()))


def value(record: Activation, x: Array, arrays: Mapping[str, Array]) -> Array:
    """Value of `record` at `x`, differentiable by JAX in both modes and to any order.

    Args:
        record: the activation.
        x: floating-point array.
        arrays: what stands for parameters of the formulas; constants for differentiation.
    """
    return _evaluate(record, x, dict(arrays))


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _evaluate(record: Activation, x: Array, arrays: dict[str, Array]) -> Array:
    return record.evaluate_value(x, XP, {**record.bound, **arrays})


@_evaluate.defjvp
def _(record: Activation, primals: Any, tangents: Any) -> tuple[Array, Array]:
    x, arrays = primals
    moved = record.push_forward(x, tangents[0], XP, {**record.bound, **arrays})
    return _evaluate(record, x, arrays), moved
