"""Layers whose result goes nowhere: a head that the loss leaves out, or one thrown away."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

from torch import Tensor

from nonlin.diagnosis.running import Running
from nonlin.diagnosis.statistics import Run

# What stands where an operation would, of a layer whose result the program drops.
THROWN_AWAY = "none: the result is thrown away"


class Unread:
    """Follows the results of layers until something reads them.

    An activation is not what reads them: its own result stands for the layer's.

    Args:
        run: where it is kept which layers were read.
        stack: the modules that are running.
    """

    def __init__(self, run: Run, stack: Running) -> None:
        self.run, self.stack = run, stack
        self._results: dict[int, tuple[weakref.ref[Tensor], str]] = {}

    def clear(self) -> None:
        """Forget the results of a step."""
        self._results.clear()

    def made(self, result: Tensor, layer: str | None, outside: int) -> None:
        """Note what came out of a layer, or of the activation behind it.

        Args:
            result: what came out.
            layer: the layer.
            outside: how many modules are running around the layer.
        """
        if layer is None:
            return

        def gone(_: Any) -> None:
            # A result that was handed out goes after the module that handed it out.
            if 0 < outside <= len(self.stack):
                self.run.thrown_away.add(layer)

        self._results[id(result)] = weakref.ref(result, gone), layer

    def activated(self, z: Tensor, result: Tensor, layer: str | None) -> None:
        """Note that an activation has made its result of a layer's."""
        self._results.pop(id(z), None)
        self.made(result, layer, len(self.stack))

    def read(self, tensors: Iterable[Tensor]) -> None:
        """Note the tensors that a call takes."""
        for tensor in tensors:
            result, layer = self._results.get(id(tensor), (None, ""))
            if result is not None and result() is tensor:
                self.run.read.add(layer)
