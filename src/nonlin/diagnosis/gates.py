"""What goes into the functions of PyTorch's own recurrent layers, which run as one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

# The gates' rows of the weights, in units of the hidden size: σ's, and the candidate's; and its
# function.
_ROWS = {
    "lstm": ((0, 1, 3), 2, "tanh"),
    "gru": ((0, 1), 2, "tanh"),
    "rnn_tanh": ((), 0, "tanh"),
    "rnn_relu": ((), 0, "relu"),
}
# Those for one moment, and all.
CELLS = frozenset(name + "_cell" for name in _ROWS)
CALLS = CELLS | frozenset(_ROWS)
# Moments of sequences that are looked at in one call.
_MOST_MOMENTS = 256


class Inputs(NamedTuple):
    """Inputs of the gates and of the candidate, of shape (moments, units), and its function."""

    gates: Tensor | None
    candidate: Tensor
    function: str


class _Call(NamedTuple):
    x: Tensor  # (moments, features)
    before: Tensor | None  # the states before, (moments, units); None where they are not seen
    weights: Sequence[Tensor]


def gate_inputs(name: str, args: Sequence[Any], result: Any) -> Inputs | None:
    """What went into the first layer's gates; None where the call is of another form.

    Args:
        name: ``lstm``, ``gru``, ``rnn_tanh``, ``rnn_relu`` or a cell of these.
        args: the function's arguments.
        result: what it returned.
    """
    call = _cell(args) if name.endswith("_cell") else _layer(args, result)
    if call is None or len(call.weights) < 2 or not call.x.numel():
        return None
    every = max(1, len(call.x) // _MOST_MOMENTS)
    w_x, w_h, *biases = (w.detach() for w in call.weights)
    hidden = w_h.shape[1]
    kind = name.removesuffix("_cell")
    of_gates, of_candidate, function = _ROWS[kind]
    if w_x.shape[0] != hidden * (len(of_gates) + 1):
        return None  # An LSTM with a projection.
    by_input = call.x.detach()[::every] @ w_x.T
    # A state is within ±1: where it is not seen, it moves little that an input shuts.
    by_state = torch.zeros_like(by_input)
    if call.before is not None:
        by_state = call.before.detach()[::every] @ w_h.T
    if len(biases) == 2:
        by_input, by_state = by_input + biases[0], by_state + biases[1]
    x_parts, h_parts = by_input.split(hidden, dim=1), by_state.split(hidden, dim=1)
    gates = [x_parts[k] + h_parts[k] for k in of_gates]
    candidate = h_parts[of_candidate]
    if kind == "gru":  # The reset gate is the first.
        candidate = torch.sigmoid(gates[0]) * candidate
    joined = torch.cat(gates, dim=1) if gates else None
    return Inputs(joined, x_parts[of_candidate] + candidate, function)


def _cell(args: Sequence[Any]) -> _Call | None:
    x, state, *weights = args
    h = state if isinstance(state, Tensor) else state[0]
    if x.ndim != 2:
        return None
    return _Call(x, h, [w for w in weights if isinstance(w, Tensor)])


def _layer(args: Sequence[Any], result: Any) -> _Call | None:
    if len(args) != 9:
        return None
    x, state = args[0], args[1]
    packed = isinstance(args[3], list | tuple)
    weights, has_biases = (args[3], args[4]) if packed else (args[2], args[3])
    # Of packed sequences the moments do not lie one after the other.
    moments = _moments(x, None if packed else state, args, result)
    return _Call(*moments, weights[: 4 if has_biases else 2])


def _moments(
    x: Tensor, state: Any, args: Sequence[Any], result: Any
) -> tuple[Tensor, Tensor | None]:
    """All moments in one list, with the states before them where there is one layer."""
    if x.ndim != 3 or state is None:
        return x.reshape(-1, x.shape[-1]), None
    layers, batch_first = args[4], args[8]
    output, first = result[0], state if isinstance(state, Tensor) else state[0]
    hidden = first.shape[-1]
    if layers != 1 or output.shape[-1] % hidden:
        return x.reshape(-1, x.shape[-1]), None
    time = 1 if batch_first else 0
    begin = first[:1].transpose(0, 1) if batch_first else first[:1]
    earlier = output[..., :hidden].narrow(time, 0, output.shape[time] - 1)
    before = torch.cat([begin.to(output.dtype), earlier], dim=time)
    return x.reshape(-1, x.shape[-1]), before.reshape(-1, hidden)
