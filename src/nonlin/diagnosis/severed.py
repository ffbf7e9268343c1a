"""States that are detached at each moment of a recurrence, so that only the last one learns."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterable
from typing import Any

from torch import Tensor

from nonlin.diagnosis.gradients import FEWEST_MOMENTS, MOST_MOMENTS
from nonlin.diagnosis.naming import Names
from nonlin.diagnosis.statistics import Run

# Steps back from a state to the weights that made it.
_MOST_STEPS = 64


class Severed:
    """Follows detached tensors of one step until a layer reads them.

    Args:
        run: where it is kept which layers read such states only.
        names: of the parameters, by which a state is told from an input that is moved.
    """

    def __init__(self, run: Run, names: Names) -> None:
        self.run, self.names = run, names
        self.clear()

    def clear(self) -> None:
        """Forget a pass; hooks of graphs that outlive it write into its own set."""
        self._detached: dict[int, tuple[weakref.ref[Tensor], int]] = {}
        self._reached: set[int] = set()
        self._read: dict[str, list[set[int]]] = {}  # by layer, the states of each moment
        self._numbers = itertools.count()
        self._is_over = False

    def backward(self) -> None:
        """Back-propagation begins: what comes after it is another pass."""
        self._is_over = True

    def end_pass(self) -> None:
        """The gradient of what was read until now has come back."""
        for layer, moments in self._read.items():
            if len(moments) >= FEWEST_MOMENTS and self._reached.isdisjoint(set().union(*moments)):
                looks, _ = self.run.severed.get(layer, (0, 0))
                self.run.severed[layer] = looks + 1, len(moments)
        self.clear()

    def detached(self, state: Tensor, result: Any) -> None:
        """A tensor has been detached.

        Args:
            state: the tensor.
            result: what is left of it.
        """
        if self._is_over:
            self.end_pass()
        if len(self._detached) >= MOST_MOMENTS or not isinstance(result, Tensor):
            return
        if state.grad_fn is not None and self._comes_from_weights(state):
            number, reached = next(self._numbers), self._reached
            self._detached[id(result)] = weakref.ref(result), number
            state.register_hook(lambda _: reached.add(number))

    def pass_on(self, tensors: Iterable[Tensor], result: Any) -> None:
        """What was detached has been arranged otherwise, or joined with something."""
        if not self._detached or not isinstance(result, Tensor):
            return
        for number in self._among(tensors):
            self._detached[id(result)] = weakref.ref(result), number

    def read(self, layer: str, tensors: Iterable[Tensor]) -> None:
        """A layer has read these."""
        if self._detached and (states := set(self._among(tensors))):
            self._read.setdefault(layer, []).append(states)

    def _among(self, tensors: Iterable[Tensor]) -> list[int]:
        found = ((t, self._detached.get(id(t))) for t in tensors)
        return [entry[1] for t, entry in found if entry is not None and entry[0]() is t]

    def _comes_from_weights(self, state: Tensor) -> bool:
        waiting, seen = [state.grad_fn], 0
        while waiting and seen < _MOST_STEPS:
            node = waiting.pop(0)
            seen += 1
            leaf = getattr(node, "variable", None)
            if leaf is not None and self.names.parameter(leaf) is not None:
                return True
            waiting += [n for n, _ in getattr(node, "next_functions", ()) if n is not None]
        return False
