"""Sees every back-propagation of a program, and the gradients that it leaves."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nonlin.diagnosis.guarding import Guard


class Pushed(NamedTuple):
    """A leaf of autograd, and the gradient that it has got."""

    parameter: Tensor
    gradient: Tensor


class Backpropagations:
    """Stands around ``backward`` and ``torch.autograd.grad`` from insert to remove.

    PyTorch has hooks for optimizers and for modules, but none for a back-propagation.

    Args:
        guard: keeps an error in finding out what gets gradients from the program.
        begins: is called before each one; answers whether to find that out.
        ended: is called after it with what has got gradients, where that was asked for.
    """

    def __init__(
        self, guard: Guard, begins: Callable[[], bool], ended: Callable[[list[Pushed]], None]
    ) -> None:
        self._guard, self._begins, self._ended = guard, begins, ended
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
            # What can be gone through once, as model.parameters(), is for the plain function too.
            args = tuple(_repeatable(a) for a in args)
            kwargs = {k: _repeatable(v) for k, v in kwargs.items()}
            call = kind(args, kwargs)
            if not self._own or call.is_part_of_a_loss:
                return plain(*args, **kwargs)
            outermost = self._depth == 0
            if outermost:
                self._pushed = [] if self._begins() else None
            pushed = self._pushed
            leaves = None if pushed is None else self._guard(call.leaves)
            self._depth += 1
            try:
                result = plain(*args, **kwargs)
            finally:
                self._depth -= 1
            if pushed is not None and leaves:
                pushed += self._guard(call.pushed, leaves, result) or []
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

    def leaves(self) -> list[Any]:
        """What will get gradients; asked before, as the graph is freed."""
        raise NotImplementedError

    def pushed(self, leaves: list[Any], result: Any) -> list[Pushed]:
        """What has got a gradient."""
        return [Pushed(p, p.grad) for p in leaves if _is_leaf(p) and p.grad is not None]


class _Method(_Call):
    """``Tensor.backward``, which leaves everything to ``torch.autograd.backward``."""

    def leaves(self) -> list[Any]:
        return []


class _Backward(_Call):
    """``torch.autograd.backward``."""

    def leaves(self) -> list[Any]:
        asked = self.given(5, "inputs")
        return (
            _leaves_behind(_listed(self.given(0, "tensors"))) if asked is None else _listed(asked)
        )


class _Grad(_Call):
    """``torch.autograd.grad``."""

    create_graph = 4

    def leaves(self) -> list[Any]:
        return _listed(self.given(1, "inputs"))

    def pushed(self, leaves: list[Any], result: Any) -> list[Pushed]:
        pairs = zip(leaves, result, strict=True)
        return [Pushed(p, g) for p, g in pairs if _is_leaf(p) and g is not None]


def _repeatable(value: Any) -> Any:
    return tuple(value) if isinstance(value, Iterator) else value


def _listed(value: Any) -> list[Any]:
    """Tensors, or edges of the graph in their place, that are given one or many."""
    is_one = isinstance(value, Tensor | torch.autograd.graph.GradientEdge)
    return [value] if is_one else list(value)


def _is_leaf(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_leaf


def _leaves_behind(roots: list[Any]) -> list[Tensor]:
    """The leaves of the graph behind tensors."""
    nodes = [root.grad_fn if isinstance(root, Tensor) else root.node for root in roots]
    nodes = [node for node in nodes if node is not None]
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
