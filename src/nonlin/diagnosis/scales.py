"""How large the tensors of one step are: what one layer writes is what the next one reads."""

from __future__ import annotations

import weakref

from torch import Tensor

from nonlin.diagnosis.measuring import rms


class Scales:
    """Root mean squares of the tensors of one step, each measured once while it stays as it is."""

    def __init__(self) -> None:
        self._of: dict[int, tuple[weakref.ref[Tensor], int, Tensor]] = {}

    def clear(self) -> None:
        """Forget all."""
        self._of.clear()

    def rms(self, x: Tensor) -> Tensor:
        """Root mean square of `x`, a tensor of one number; gradients are off."""
        if x.is_inference():
            return rms(x)  # It counts no changes.
        known = self._of.get(id(x))
        if known is not None and known[0]() is x and known[1] == x._version:
            return known[2]
        value = rms(x)
        self._of[id(x)] = weakref.ref(x), x._version, value
        return value
