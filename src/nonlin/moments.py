"""Expectations of an activation over standard normal input, by Gaussian quadrature."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nonlin.activation import Activation
    from nonlin.facts import Facts

# The normal density is below 1e-55 beyond, less than rounding adds.
_REACH = 16.0
_NODES = 24
# Panels shrink by halves towards 0 and every kink, so that a gate of any sharpness is resolved.
_HALVINGS = 24


def expect(of: Callable[[np.ndarray], np.ndarray], kinks: tuple[float, ...] = ()) -> float:
    """E of(z) for z ~ N(0, 1), by Gauss–Legendre on panels that end at the kinks.

    Args:
        of: the integrand on a float64 array of shape (N,).
        kinks: where it is not smooth.

    Returns:
        The expectation; infinite or NaN where the integrand is.

    Example:
        >>> round(expect(lambda z: z * z), 12)
        1.0
    """
    z, weights = normal_rule(kinks)
    with np.errstate(all="ignore"):
        return float(np.sum(weights * of(z)))


def normal_rule(kinks: tuple[float, ...] = ()) -> tuple[np.ndarray, np.ndarray]:
    """Points z and weights, the density included, with which :func:`expect` sums.

    Args:
        kinks: where integrands are not smooth.
    """
    return _rule(tuple(sorted({0.0, *(k for k in kinks if abs(k) < _REACH)})))


def normal_moments(record: Activation) -> tuple[float, float]:
    """Mean and variance of f(z) for z ~ N(0, 1).

    Args:
        record: an elementwise activation.

    Example:
        >>> import nonlin
        >>> mean, variance = normal_moments(nonlin.relu)
        >>> round(mean**2, 12) == round(1 / (2 * math.pi), 12)
        True
    """
    kinks = tuple(kink.at for kink in record.kinks)
    mean = expect(record, kinks)
    return mean, expect(lambda z: (record(z) - mean) ** 2, kinks)


def complete(facts: Facts, record: Activation) -> Facts:
    """The facts a record states, with those that its formulas tell.

    Args:
        facts: what the record states.
        record: the activation.
    """
    mean, variance = normal_moments(record)
    at_zero = [kink.torch for kink in facts.kinks if kink.at == 0]
    return dataclasses.replace(
        facts,
        mean=mean,
        variance=variance,
        slope_at_zero=at_zero[0] if at_zero else record.derivative(0.0),
    )


@cache
def _rule(cuts: tuple[float, ...]) -> tuple[Any, Any]:
    """Nodes and weights, the density included."""
    halves = 2.0 ** -np.arange(1, _HALVINGS)
    graded = [np.array(cuts)[:, None] + sign * halves for sign in (-1, 1)]
    even = np.arange(-_REACH, _REACH + 0.25, 0.5)
    edges = np.unique(np.concatenate([even, cuts, *(g.ravel() for g in graded)]))
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half, middle = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    z = (middle[:, None] + half[:, None] * nodes).ravel()
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return z, (half[:, None] * weights).ravel() * density
