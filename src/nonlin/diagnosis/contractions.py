"""How a product with a weight runs: which axis of its result has the units, what it sums over."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from torch import Tensor

from nonlin.tracing import calls

# Functions of which any argument may be a weight.
MATRIX_PRODUCTS = calls.MATMULS | {"addmm", "baddbmm", "einsum"}


class Contraction(NamedTuple):
    """A product with a weight.

    Attributes:
        axis: of the result, the one along which the units lie.
        fan_in: how many entries of the input are summed for a unit.
    """

    axis: int
    fan_in: int


def contraction(call: str, args: Any, weight: Tensor, x: Tensor) -> Contraction | None:
    """How a call multiplies by a weight; None where no unit of it sums over the input.

    Args:
        call: name of the function.
        args: its arguments.
        weight: the one of them that is a weight, as it is given.
        x: the one that it multiplies.
    """
    if call == "einsum":
        return _einsum(args, weight)
    if call in MATRIX_PRODUCTS:
        # W @ x has its units on the last axis but one, x @ W on the last.
        if args and args[-1] is x and x.ndim > 1:
            return Contraction(-2, weight.shape[-1])
        return Contraction(-1, weight.shape[-2] if weight.ndim > 1 else weight.numel())
    outputs = weight.shape[1 if "transpose" in call else 0]
    axis = 1 - weight.ndim if call in calls.CONVOLUTIONS else -1
    return Contraction(axis, max(1, weight.numel() // max(1, outputs)))


def _einsum(args: Any, weight: Tensor) -> Contraction | None:
    operands = args[1] if len(args) == 2 else args[1:]
    if not isinstance(args[0], str) or len(operands) != 2:
        return None
    inputs, arrow, output = args[0].replace(" ", "").replace("...", ".").partition("->")
    terms = inputs.split(",")
    own, other = terms if operands[0] is weight else terms[::-1]
    if not arrow:
        output = "".join(sorted(c for c in {*own, *other} if (own + other).count(c) == 1))
    units = [c for c in output if c in own and c not in other]
    summed = {c for c in own if c in other and c not in output}
    if not units or not summed or "." in own:
        return None
    lengths = dict(zip(own, weight.shape, strict=True))
    place = output.index(units[-1])
    # "..." stands for any number of axes.
    axis = place if "." in output[place:] else place - len(output)
    return Contraction(axis, math.prod(lengths[c] for c in summed))
