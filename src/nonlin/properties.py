"""What is true of an activation or not, one table: filters, columns and JSON read it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nonlin.activation import Activation
from nonlin.facts import Facts


@dataclass(frozen=True)
class Property:
    """A yes or no about an activation.

    Attributes:
        name: how it is written, such as ``bounded-below``.
        help: what it means, in a few words.
        holds: the predicate, of a record and the facts that it states.
        elementwise: whether it is undefined for a function of a whole vector.
        opposite: a name of its own for what it is not.
    """

    name: str
    help: str
    holds: Callable[[Activation, Any], bool]
    elementwise: bool = True
    opposite: str = ""

    def of(self, record: Activation) -> bool | None:
        """Whether `record` has it; None where that has no meaning.

        Example:
            >>> import nonlin
            >>> smooth = PROPERTIES["smooth"]
            >>> smooth.of(nonlin.tanh), smooth.of(nonlin.relu), smooth.of(nonlin.softmax)
            (True, False, None)
        """
        facts = record.facts_of(**record.bound)
        if self.elementwise and not isinstance(facts, Facts):
            return None
        return bool(self.holds(record, facts))


_TABLE = (
    Property("smooth", "differentiable any number of times", lambda r, f: f.smoothness == math.inf),
    Property("differentiable", "has a derivative everywhere", lambda r, f: f.smoothness >= 1),
    Property("continuous", "has no jump", lambda r, f: f.smoothness >= 0),
    Property("monotone", "never decreases", lambda r, f: f.monotone, opposite="non-monotone"),
    Property(
        "bounded-below",
        "has a lower bound",
        lambda r, f: f.range.low > -math.inf,
        elementwise=False,
    ),
    Property(
        "bounded-above",
        "has an upper bound",
        lambda r, f: f.range.high < math.inf,
        elementwise=False,
    ),
    Property("zero-centred", "mean 0 for x ~ N(0, 1)", lambda r, f: f.zero_centred),
    Property("self-gated", "x times a smooth gate of x", lambda r, f: f.self_gated),
    Property("saturating", "slope tends to 0 on a side", lambda r, f: bool(f.saturating_sides)),
    Property("homogeneous", "f(cx) = cᵏ·f(x) for c > 0", lambda r, f: f.homogeneous is not None),
    Property("polynomial", "a polynomial in x", lambda r, f: f.polynomial),
    Property(
        "learnable",
        "has a parameter that can be trained",
        lambda r, f: any(p.derivative is not None for p in r.parameters),
        elementwise=False,
    ),
    Property(
        "random", "draws noise in training", lambda r, f: r.draws != "never", elementwise=False
    ),
    Property(
        "vector",
        "each output depends on a whole axis",
        lambda r, f: not isinstance(f, Facts),
        elementwise=False,
        opposite="elementwise",
    ),
)
PROPERTIES = {item.name: item for item in _TABLE}
