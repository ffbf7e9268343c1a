"""Shows every call of PyTorch while it is in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class CallMode(TorchFunctionMode):
    """Lies at the bottom of the stack of modes.

    At the bottom, a mode that the user leaves in between takes itself off and not this one.

    Args:
        show: makes each call: is given the function, its arguments and its keyword arguments, and
            returns the result.
    """

    def __init__(self, show: Callable[[Any, Any, dict[str, Any]], Any]) -> None:
        super().__init__()
        self._show = show
        self._wanted = self._in_place = False
        self._calls = 0  # that are being shown

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self._calls += 1
        try:
            return self._show(func, args, kwargs or {})
        finally:
            self._calls -= 1

    def insert(self) -> None:
        self._wanted = True
        self.settle()

    def remove(self) -> None:
        """Take it off, or have it taken off by the next :meth:`settle` outside of a call."""
        self._wanted = False
        self.settle()

    def settle(self) -> None:
        """Put it where it is wanted."""
        # Amid a call PyTorch has taken it off, and puts it back when the call is over.
        if self._calls or self._wanted == self._in_place:
            return
        others = [self] if self._wanted else []
        _rebuild(lambda stack: [*others, *(mode for mode in stack if mode is not self)])
        self._in_place = self._wanted


def _rebuild(change: Callable[[list[Any]], list[Any]]) -> None:
    overrides: Any = torch.overrides
    taken = [overrides._pop_mode() for _ in range(overrides._len_torch_function_stack())]
    for mode in change(taken[::-1]):
        overrides._push_mode(mode)
