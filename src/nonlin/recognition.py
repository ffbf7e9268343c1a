"""Which record a call of PyTorch is: derived from the records' conventions, and nothing else.

:func:`nonlin.nn.activation_of` knows modules; this knows calls, as a
``torch.overrides.TorchFunctionMode`` sees them: ``F.relu(x)``, ``torch.relu(x)``, ``x.relu_()``.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from numbers import Real
from typing import Any, NamedTuple

from nonlin.activation import Activation
from nonlin.errors import NonlinError, require
from nonlin.functions import get, list_activations

torch = require("torch", "torch", "nonlin.recognition")

from nonlin.backends import pytorch  # noqa: E402 (it imports torch, whose absence is told above)
from nonlin.nn import activation_of  # noqa: E402


class Recognised(NamedTuple):
    """A call that is an activation.

    Attributes:
        record: the activation, with the call's parameters.
        input: the tensor it is applied to.
        tensors: parameters that the call gives as tensors, such as the slopes of ``F.prelu``.
    """

    record: Activation
    input: Any
    tensors: Mapping[str, Any]


def recognise(
    function: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
) -> Recognised | None:
    """The activation that a call is, or None for any other call.

    Known are the function that a record's convention names, under every name and in every place
    where PyTorch has it (``torch.nn.functional``, ``torch``, ``torch.special``, methods, in
    place), and calls of nonlin's own records, which a mode sees as one call of
    :func:`nonlin.backends.pytorch.value`.

    Args:
        function: what is called, as ``__torch_function__`` gets it.
        args: its arguments.
        kwargs: its keyword arguments.

    Returns:
        The record with the call's parameters, its input and the parameters that are tensors.

    Example:
        >>> import torch
        >>> x = torch.zeros(3)
        >>> recognise(torch.nn.functional.gelu, (x,), {"approximate": "tanh"}).record
        gelu_tanh
        >>> recognise(torch.Tensor.tanh_, (x,)).record
        tanh
        >>> recognise(torch.exp, (x,)) is None
        True
    """
    if function is pytorch.value:
        return _own(*args, **(kwargs or {}))
    call = _calls().get(function)
    if call is None:
        return None
    if len(args) == 1 and not kwargs:
        # The usual call in a training step: nothing to bind.
        return Recognised(call.plain, args[0], {}) if call.plain is not None else None
    return call.read(args, kwargs or {})


def record_of(module: Any) -> Activation | None:
    """The record of a module activation: ours, PyTorch's, or one of Hugging Face's ACT2FN.

    Args:
        module: any module.

    Returns:
        As :func:`nonlin.nn.activation_of`, which knows the first two.
    """
    record = activation_of(module)
    # Only where a model brought it: importing it takes seconds.
    table = getattr(sys.modules.get("transformers.activations"), "ACT2CLS", None)
    if record is not None or table is None:
        return record
    names = [key for key, made in table.items() if made is type(module)]
    return next((get(name) for name in names if name in _known_names()), None)


def spellings() -> dict[Any, tuple[Activation, ...]]:
    """Every callable of PyTorch that is known, with the records that it can be."""
    return {function: tuple(m.record for m in call.meanings) for function, call in _calls().items()}


def _own(record: Activation, x: Any, tensors: Mapping[str, Any] | None = None) -> Recognised:
    return Recognised(record, x, tensors or {})


@dataclass(frozen=True)
class _Meaning:
    """A record that a function is when it is called with certain arguments."""

    record: Activation
    wanted: Mapping[str, Any]

    def fits(self, given: Mapping[str, Any]) -> bool:
        return all(given.get(name) == value for name, value in self.wanted.items())


class _Call:
    """One callable of PyTorch: its arguments in order, and what it can mean."""

    def __init__(self, names: tuple[str, ...], meanings: tuple[_Meaning, ...]) -> None:
        self.names = names
        # The one that asks for most comes first: gelu_tanh before gelu.
        self.meanings = tuple(sorted(meanings, key=lambda m: -len(m.wanted)))
        self.plain = next((m.record for m in self.meanings if not m.wanted), None)
        self._bound: dict[Any, Activation | None] = {}

    def read(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Recognised | None:
        # As nn.ReLU calls F.relu(x, inplace=False). A tensor among the keywords is found in no
        # key, because none with a tensor is kept.
        key = tuple(kwargs.items()) if len(args) == 1 else None
        if key in self._bound:
            record = self._bound[key]
            return record and Recognised(record, args[0], {})
        given = {**dict(zip(self.names, args, strict=False)), **kwargs}
        x = given.pop(self.names[0], None)
        tensors = tuple(v for v in given.values() if isinstance(v, torch.Tensor))
        plain = {k: v for k, v in given.items() if isinstance(v, str | Real | None)}
        record = self._bind(plain)
        if key is not None and len(plain) == len(kwargs):
            self._bound[key] = record
        return record and Recognised(record, x, dict(zip(record.learned, tensors, strict=False)))

    def _bind(self, given: Mapping[str, Any]) -> Activation | None:
        meaning = next((m for m in self.meanings if m.fits(given)), None)
        if meaning is None:
            return None
        record = meaning.record
        read = {}
        for parameter in record.parameters:
            name = parameter.torch or parameter.name
            if name not in given:
                continue
            value = given[name]
            if isinstance(value, bool) and parameter.choices == ("no", "yes"):
                value = parameter.choices[value]
            read[parameter.name] = parameter.from_torch(value)
        try:
            return record.bind(**read)
        except NonlinError:
            # PyTorch takes parameters that are outside the record's domain, where the
            # function is not the record's.
            return None


@cache
def _known_names() -> frozenset[str]:
    """Every name and alias of the catalogue."""
    records = map(get, list_activations())
    return frozenset(name for record in records for name in (record.name, *record.aliases))


@cache
def _calls() -> dict[Any, _Call]:
    """Every callable, once: a training step looks here at each of its calls."""
    found: dict[Any, list[_Meaning]] = {}
    names: dict[Any, tuple[str, ...]] = {}
    for record in map(get, list_activations()):
        convention = record.conventions.get("torch")
        if convention is None:
            continue
        offered = record.bind(like="torch", at_kink=record.at_kink)
        settable = {p.torch or p.name for p in record.parameters}
        wanted = {k: v for k, v in convention.arguments.items() if k not in settable}
        for function, base in _places(convention.call, record.aliases):
            meanings = found.setdefault(function, [])
            if all(m.record.name != record.name for m in meanings):
                meanings.append(_Meaning(offered, wanted))
                names[function] = _argument_names(function, base)
    return {f: _Call(names[f], tuple(meanings)) for f, meanings in found.items()}


def _places(call: str, aliases: tuple[str, ...]) -> list[tuple[Any, Any]]:
    """Where PyTorch has a function, each with the one that shows its arguments."""
    named = call.rpartition(".")[2]
    leaf = named if named.islower() else named.lower()  # nn.PReLU is F.prelu
    rooms = (torch.nn.functional, torch, torch.Tensor, torch._C._nn)
    found = []
    for name in (leaf, f"{leaf}_"):
        here = [vars(room).get(name) or getattr(room, name, None) for room in rooms]
        base = next((getattr(r, leaf, None) for r in rooms if hasattr(r, leaf)), None)
        found += [(function, base) for function in here if _is_function(function)]
    # Only here: elsewhere a record's alias may be another function, such as `linear`.
    special = [getattr(torch.special, name, None) for name in (leaf, *aliases)]
    return found + [(function, function) for function in special if _is_function(function)]


def _is_function(thing: Any) -> bool:
    return callable(thing) and not inspect.isclass(thing) and not inspect.ismodule(thing)


def _argument_names(function: Any, base: Any) -> tuple[str, ...]:
    """Names of a function's arguments in order; builtins show theirs in PyTorch's table."""
    table = _overrides()
    for candidate in (function, base):
        shown = candidate if inspect.isfunction(candidate) else table.get(candidate)
        if shown is not None:
            return tuple(inspect.signature(shown).parameters)
    return ("input",)


@cache
def _overrides() -> dict[Callable[..., Any], Callable[..., Any]]:
    return torch.overrides.get_testing_overrides()
