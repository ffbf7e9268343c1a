"""The gradient over the moments of PyTorch's own recurrent layers, which run as one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nonlin.diagnosis.gradients import MOST_MOMENTS, over_calls
from nonlin.diagnosis.statistics import Recurrent, Run

# The functions behind nn.RNN and nn.RNNCell, with what their states go through. Gated layers
# carry gradient past their activations, and are left out.
_LAYERS = {"rnn_tanh": "tanh", "rnn_relu": "relu"}
_CELLS = {"rnn_tanh_cell": "tanh", "rnn_relu_cell": "relu"}


@dataclass
class _Pass:
    """One call of a layer: its states, and the gradient that reaches them from outside."""

    states: Tensor  # (moments, rows, units), or with batch_first (rows, moments, units)
    weight: Tensor  # from state to state
    kind: str
    batch_first: bool
    moments: Tensor | None = None  # gradient of the states
    end: Tensor | None = None  # gradient of `h_n`, of shape (layers, rows, units)


class Recurrences:
    """Reads the calls of recurrent layers into a run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._passes: dict[str, _Pass] = {}
        self._cells: dict[str, dict[int, Tensor]] = {}

    def begin_step(self) -> None:
        """A step that is looked at begins."""
        self._passes.clear()
        self._cells.clear()

    def called(self, name: str, layer: str, args: Sequence[Any], result: Any) -> None:
        """A layer or a cell has been called; a gated one is left out.

        Args:
            name: the function.
            layer: path of the module.
            args: the function's arguments.
            result: what it returned.
        """
        if name in _CELLS:
            self._cell(layer, _CELLS[name], result)
        elif name in _LAYERS and len(args) == 9 and isinstance(args[1], Tensor):
            _, _, flat, biases, layers, _, _, both_ways, batch_first = args
            output, end = result
            if both_ways or not output.requires_grad or output.ndim != 3:
                return
            each = 4 if biases else 2
            self._layer(
                layer, _LAYERS[name], flat[each * (layers - 1) + 1], output, end, batch_first
            )

    def end_step(self, step: int) -> None:
        """A step that was looked at is over."""
        found = {layer: _back(seen) for layer, seen in self._passes.items()} | self._cells
        for layer, norms in found.items():
            figures = over_calls(norms)
            if figures is not None:
                self.run.recurrent[layer].over_calls.add(step, figures)
        self.begin_step()

    def _layer(
        self, layer: str, kind: str, weight: Tensor, output: Tensor, end: Tensor, batch_first: bool
    ) -> None:
        seen = _Pass(output.detach(), weight.detach().clone(), kind, batch_first)
        self._passes[layer] = seen
        self.run.recurrent.setdefault(layer, Recurrent(layer, kind))

        def keep_moments(gradient: Tensor) -> None:
            seen.moments = gradient

        def keep_end(gradient: Tensor) -> None:
            seen.end = gradient

        output.register_hook(keep_moments)
        end.register_hook(keep_end)

    def _cell(self, layer: str, kind: str, result: Tensor) -> None:
        norms = self._cells.setdefault(layer, {})
        self.run.recurrent.setdefault(layer, Recurrent(layer, kind))
        call = len(norms)
        if call >= MOST_MOMENTS or not result.requires_grad:
            return
        norms[call] = torch.zeros((), device=result.device)

        def keep(gradient: Tensor) -> None:
            with torch._C.DisableTorchFunction(), torch.no_grad():
                norms[call] = torch.linalg.vector_norm(gradient.float())

        result.register_hook(keep)


def _back(seen: _Pass) -> dict[int, Tensor]:
    """Norms of the gradient at the states, by back-propagation through time."""
    states, weight = seen.states.float(), seen.weight.float()
    moments = seen.moments
    if seen.batch_first:
        states = states.transpose(0, 1)
        moments = None if moments is None else moments.transpose(0, 1)
    slopes = 1 - states.square() if seen.kind == "tanh" else (states > 0).float()
    gradient = torch.zeros_like(states[0])
    if seen.end is not None:
        gradient = gradient + seen.end[-1].float()
    norms = {}
    last = len(states) - 1
    for moment in range(last, max(-1, last - MOST_MOMENTS), -1):
        if moments is not None:
            gradient = gradient + moments[moment].float()
        norms[moment] = torch.linalg.vector_norm(gradient)
        gradient = (gradient * slopes[moment]) @ weight
    return norms
