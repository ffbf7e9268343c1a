"""Sees every back-propagation of a program, and the gradients that it leaves."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nonlin.diagnosis.arguments import tensors_in


class Pushed(NamedTuple):
    """A leaf of autograd, and the gradient that it has got."""

    parameter: Tensor
    gradient: Tensor


class Backpropagations:
    """Stands around ``backward`` and ``torch.autograd.grad`` from insert to remove.

    PyTorch has hooks for optimizers and for modules, but none for a back-propagation.

    Args:
        begins: is called before each one; answers whether to find out what gets gradients.
        ended: is called after it with what has got gradients, where that was asked for.
    """

    def __init__(self, begins: Callable[[], bool], ended: Callable[[list[Pushed]], None]) -> None:
        self._begins, self._ended = begins, ended
        self._own: list[tuple[Any, str, Any, Any]] = []  # where, name, the plain one, ours
        self._depth = 0  # of calls in calls
        self._pushed: list[Pushed] | None = None

    @property
    def inserted(self) -> bool:
        return bool(self._own)

    def insert(self) -> None:
        for owner, name, around in (
            # Outside of modes for functions, unlike the function that it calls.
            (torch.Tensor, "backward", _Method),
            (torch.autograd, "backward", _Backward),
            (torch.autograd, "grad", _Grad),
        ):
            plain = getattr(owner, name)
            ours = self._around(plain, around)
            self._own.append((owner, name, plain, ours))
            setattr(owner, name, ours)

    def remove(self) -> None:
        own, self._own = self._own, []
        for owner, name, plain, ours in own:
            # What another tool has put around it since stays, and goes through to the plain one.
            if getattr(owner, name) is ours:
                setattr(owner, name, plain)

    def _around(self, plain: Callable[..., Any], kind: type[_Call]) -> Callable[..., Any]:
        @functools.wraps(plain)
        def function(*args: Any, **kwargs: Any) -> Any:
            call = kind(args, kwargs)
            if not self._own or call.is_part_of_a_loss:
                return plain(*args, **kwargs)
            outermost = self._depth == 0
            if outermost:
                self._pushed = [] if self._begins() else None
            pushed = self._pushed
            leaves = call.leaves() if pushed is not None else []
            self._depth += 1
            try:
                result = plain(*args, **kwargs)
            finally:
                self._depth -= 1
            if pushed is not None:
                pushed += call.pushed(leaves, result)
            if outermost:
                self._ended(pushed or [])
            return result

        return function


class _Call:
    """Arguments of a back-propagation."""

    create_graph = 3  # its place among the arguments

    def __init__(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self.args, self.kwargs = args, kwargs

    def given(self, place: int, name: str) -> Any:
        return self.args[place] if len(self.args) > place else self.kwargs.get(name)

    @property
    def is_part_of_a_loss(self) -> bool:
        """Whether its gradients have a graph, as those of a penalty or of torch.func have."""
        return bool(self.given(self.create_graph, "create_graph"))

    def leaves(self) -> list[Tensor]:
        """What will get gradients; asked before, as the graph is freed."""
        raise NotImplementedError

    def pushed(self, leaves: list[Tensor], result: Any) -> list[Pushed]:
        """What has got a gradient."""
        return [Pushed(p, p.grad) for p in leaves if p.is_leaf and p.grad is not None]


class _Method(_Call):
    """``Tensor.backward``, which leaves everything to ``torch.autograd.backward``."""

    def leaves(self) -> list[Tensor]:
        return []


class _Backward(_Call):
    """``torch.autograd.backward``."""

    def leaves(self) -> list[Tensor]:
        asked = self.given(5, "inputs")
        if asked is not None:
            return tensors_in((asked,), {})
        return _leaves_behind(tensors_in((self.given(0, "tensors"),), {}))


class _Grad(_Call):
    """``torch.autograd.grad``."""

    create_graph = 4

    def leaves(self) -> list[Tensor]:
        return tensors_in((self.given(1, "inputs"),), {})

    def pushed(self, leaves: list[Tensor], result: Any) -> list[Pushed]:
        pairs = zip(leaves, result, strict=True)
        return [Pushed(p, g) for p, g in pairs if p.is_leaf and g is not None]


def _leaves_behind(roots: list[Tensor]) -> list[Tensor]:
    """The leaves of the graph behind tensors."""
    nodes = [root.grad_fn for root in roots if root.grad_fn is not None]
    seen, found = set(nodes), []
    while nodes:
        node = nodes.pop()
        leaf = getattr(node, "variable", None)
        if isinstance(leaf, Tensor):
            found.append(leaf)
        following = {n for n, _ in node.next_functions if n is not None} - seen
        seen |= following
        nodes += following
    return found
