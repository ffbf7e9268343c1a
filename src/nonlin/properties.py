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
        holds: the predicate, of the fact or of the record.
        fact: the fact that it is about; of the whole record when empty.
        opposite: a name of its own for what it is not.
    """

    name: str
    help: str
    holds: Callable[[Any], bool]
    fact: str = ""
    opposite: str = ""

    def of(self, record: Activation) -> bool | None:
        """Whether `record` has it; None where its facts do not speak of it.

        Example:
            >>> import nonlin
            >>> monotone = PROPERTIES["monotone"]
            >>> [monotone.of(r) for r in (nonlin.tanh, nonlin.gelu, nonlin.softmax)]
            [True, False, None]
        """
        if not self.fact:
            return bool(self.holds(record))
        # What the record states is enough, and spares the integrals.
        facts = record.facts_of(**record.bound)
        return bool(self.holds(getattr(facts, self.fact))) if hasattr(facts, self.fact) else None


_TABLE = (
    Property("smooth", "differentiable any number of times", lambda k: k == math.inf, "smoothness"),
    Property("differentiable", "has a derivative everywhere", lambda k: k >= 1, "smoothness"),
    Property("continuous", "has no jump", lambda k: k >= 0, "smoothness"),
    Property("monotone", "never decreases", bool, "monotone", opposite="non-monotone"),
    Property("bounded-below", "has a lower bound", lambda r: r.low > -math.inf, "range"),
    Property("bounded-above", "has an upper bound", lambda r: r.high < math.inf, "range"),
    Property("zero-centred", "mean 0 for x ~ N(0, 1)", bool, "zero_centred"),
    Property("self-gated", "is x times a smooth gate of x", bool, "self_gated"),
    Property("saturating", "slope tends to 0 on a side", bool, "saturating_sides"),
    Property(
        "homogeneous", "scales, f(cx) = cᵏ·f(x) for c > 0", lambda k: k is not None, "homogeneous"
    ),
    Property("polynomial", "a polynomial in x", bool, "polynomial"),
    Property(
        "learnable",
        "has a parameter that can be trained",
        lambda record: any(p.derivative is not None for p in record.parameters),
    ),
    Property("random", "draws noise", lambda record: record.draws != "never"),
    Property(
        "vector",
        "each output depends on a whole axis",
        lambda record: not isinstance(record.facts_of(**record.bound), Facts),
        opposite="elementwise",
    ),
)
PROPERTIES = {item.name: item for item in _TABLE}
