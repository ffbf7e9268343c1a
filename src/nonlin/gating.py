"""Gated units a·g(b): one half of an axis, times an elementwise activation of the other."""

from __future__ import annotations

import dataclasses
from typing import Any

from nonlin.activation import Activation
from nonlin.facts import Contract, Range, VectorFacts
from nonlin.vector import VectorActivation, axis_parameter

INF = float("inf")


def gated(gate: Activation, **attributes: Any) -> VectorActivation:
    """The unit that multiplies the first half of an axis by `gate` of the second half.

    ``y = a·g(b)``, where (a, b) are the halves of x: ∂y/∂a = g(b), ∂y/∂b = a·g′(b).

    Args:
        gate: the elementwise activation g; its parameters become the unit's.
        **attributes: what names the new record, such as ``name`` and ``references``.

    Returns:
        A record whose value is half as long as its input.

    Example:
        >>> import nonlin, numpy as np
        >>> unit = gated(nonlin.relu, name="mine", class_name="Mine", text="a·relu(b)")
        >>> unit(np.array([3.0, 4.0, 2.0, -1.0]))
        array([6., 0.])
    """

    def definition(mp, x, **parameters):
        half = len(x) // 2
        pairs = zip(x[:half], x[half:], strict=True)
        return [a * gate.definition(mp, b, **parameters) for a, b in pairs]

    def facts_of(*, axis, **parameters):
        facts = gate.facts_of(**parameters)
        return VectorFacts(
            range=Range(-INF, INF),
            inputs=2,
            smoothness=facts.smoothness,
            homogeneous=None if facts.homogeneous is None else 1 + facts.homogeneous,
        )

    def contract_of(*, axis, **parameters):
        # An error of k ULP of g(b) is at most 2k of the product, which is then rounded.
        of = gate.bind(**parameters).contract
        return Contract(2 * of.value_ulp + 0.5, 2 * of.derivative_ulp + 0.5, 2 * of.tail_ulp)

    parameters = tuple(
        dataclasses.replace(p, derivative=None, torch="", torch_words={}) for p in gate.parameters
    )
    return VectorActivation(
        **{
            "value": value,
            "pullback": pullback,
            "pushforward": pushforward,
            "identity": "∂y/∂a = g(b), ∂y/∂b = a·g′(b)",
            "definition": definition,
            "facts_of": facts_of,
            "contract": gate.contract,
            "contract_of": contract_of,
            "parameters": (*parameters, axis_parameter("the axis that is split in two")),
            "part": gate,
            **attributes,
        }
    )


def value(x, xp, *, part, **parameters):
    a, b = _halves(x)
    return a * part.evaluate_value(b, xp, parameters)


def pullback(x, gradient, xp, *, part, **parameters):
    a, b = _halves(x)
    to_a = gradient * part.evaluate_value(b, xp, parameters)
    # a·g′ first: a gradient times a large a may overflow where the slope is tiny.
    to_b = gradient * (a * part.evaluate_slope(b, xp, parameters))
    return xp.concat([to_a, to_b], axis=-1)


def pushforward(x, tangent, xp, *, part, **parameters):
    a, b = _halves(x)
    along_a, along_b = _halves(tangent)
    through_b = along_b * (a * part.evaluate_slope(b, xp, parameters))
    return along_a * part.evaluate_value(b, xp, parameters) + through_b


def _halves(x):
    half = x.shape[-1] // 2
    return x[..., :half], x[..., half:]
