"""What layers are called: paths in the model, and `fc1:relu` for a call after a layer."""

from __future__ import annotations

import inspect
import sys
import weakref
from collections.abc import Collection, Iterator, Mapping
from types import FrameType, ModuleType
from typing import Any, NamedTuple

from torch import Tensor, nn

# Wrappers that a user does not think of as layers.
_WRAPPERS = ("module.", "_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
# What more entries than these hold is not searched: they are data.
_MOST_LAYERS = 256


class _Named(NamedTuple):
    """A parameter, its name, and the layer it belongs to."""

    parameter: weakref.ref[Tensor]
    name: str
    layer: str


class Names:
    """Paths of the modules and parameters of every model that was seen."""

    def __init__(self) -> None:
        self._roots: list[weakref.ref[nn.Module]] = []
        self._modules: dict[int, tuple[Any, str]] = {}
        self._parameters: dict[int, _Named] = {}
        self._prefixes: dict[int, str] = {}
        self._kinds: dict[str, int] = {}  # how many there were of each class

    def add(self, root: nn.Module) -> None:
        """Take the names of a model."""
        known = [r() for r in self._roots]
        if not any(root is k for k in known):
            kind = type(root).__name__
            self._kinds[kind] = same = self._kinds.get(kind, 0) + 1
            name = f"{kind}#{same}" if same > 1 else kind
            self._prefixes[id(root)] = name if known else ""
            self._roots.append(weakref.ref(root))
        prefix = self._prefixes.get(id(root), "")
        for path, module in root.named_modules():
            self._modules[id(module)] = (weakref.ref(module), _join(prefix, path))
            several = _holds_several(module)
            for name, parameter in module.named_parameters(recurse=False):
                full = _join(_join(prefix, path), name)
                # A tied weight keeps its first name.
                if self.parameter(parameter) is None:
                    alone = several and parameter.ndim > 1
                    layer = full if alone else _without_last(full)
                    self._parameters[id(parameter)] = _Named(weakref.ref(parameter), full, layer)

    def networks(self) -> list[nn.Module]:
        """The models that were seen and still are."""
        return [root for of in self._roots if (root := of()) is not None]

    def module(self, module: nn.Module) -> str | None:
        """The path of a module, or None when it belongs to no model seen."""
        entry = self._modules.get(id(module))
        return entry[1] if entry is not None and entry[0]() is module else None

    def parameter(self, parameter: Any) -> str | None:
        """The name of a parameter."""
        entry = self._named(parameter)
        return None if entry is None else entry.name

    def layer(self, parameter: Any) -> str | None:
        """The layer that a parameter belongs to, or None where it has no name yet.

        It is the module, but where that holds several weights: there each is a layer.
        """
        entry = self._named(parameter)
        return None if entry is None else entry.layer

    def _named(self, parameter: Any) -> _Named | None:
        entry = self._parameters.get(id(parameter))
        return entry if entry is not None and entry.parameter() is parameter else None

    def adopt(self, parameter: Tensor, otherwise: str, idle: str | None = None) -> str:
        """Name a parameter that lies in no module seen, once and for all.

        Args:
            parameter: the parameter.
            otherwise: its name where no variable of the program holds it.
            idle: its name in a module that ran without gradients alone.
        """
        name = idle or _variable(parameter) or otherwise
        self.give(parameter, name, _without_last(idle) if idle else name)
        return name

    def give(self, parameter: Tensor, name: str, layer: str) -> None:
        """Name a parameter, unless it has a name."""
        if self.parameter(parameter) is None:
            self._parameters[id(parameter)] = _Named(weakref.ref(parameter), name, layer)

    def find(self, parameter: Tensor) -> str | None:
        """The name of a parameter, or of the variable that holds it, which it is not given."""
        return self.parameter(parameter) or _variable(parameter)

    def tensors(self, names: Collection[str]) -> dict[str, list[Tensor]]:
        """By name, what the modules seen and the program that is running call so now."""
        found: dict[str, list[Tensor]] = {}
        for of, path in self._modules.values():
            for key, parameter in getattr(of(), "_parameters", {}).items():
                if (name := _join(path, key)) in names and parameter is not None:
                    found.setdefault(name, []).append(parameter)
        # To go through all variables of a program takes longer than the rest of a look.
        if others := set(names) - found.keys():
            for name, tensor in _variables():
                if name in others:
                    found.setdefault(name, []).append(tensor)
        return found


def _variable(tensor: Tensor) -> str | None:
    """What the program that is running calls a tensor: `W1`, `params['W1']`, `net.W1`."""
    # Outermost first: what a function calls its arguments is not what the user calls them.
    spaces = [dict(space) for space in _spaces()][::-1]
    named = {id(v) for space in spaces for v in space.values() if isinstance(v, Tensor)}
    for space in spaces:
        direct = next((name for name, value in space.items() if value is tensor), None)
        for name, value in space.items():
            parts = [(key, part) for key, part in _parts(value) if isinstance(part, Tensor)]
            key = next((key for key, part in parts if part is tensor), None)
            # Where its neighbours have no names, a name is that of a loop's variable.
            if key is not None and (direct is None or any(id(p) not in named for _, p in parts)):
                return f"{name}{key}".removeprefix("self.")
        if direct is not None:
            return direct
    return None


def _variables() -> Iterator[tuple[str, Tensor]]:
    """The names of the tensors of the program that is running, innermost first."""
    for space in _spaces():
        for name, value in dict(space).items():
            for key, part in (("", value), *_parts(value)):
                if isinstance(part, Tensor):
                    yield f"{name}{key}".removeprefix("self."), part


def _spaces() -> Iterator[Mapping[str, Any]]:
    """Variables of the program's running functions, innermost first, and of their modules."""
    frame = sys._getframe()
    modules = set()
    while frame is not None:
        space = frame.f_globals
        if str(space.get("__name__")).partition(".")[0] not in ("torch", "nonlin", "runpy"):
            if frame.f_locals is not space:
                yield _locals(frame)
            if id(space) not in modules:
                modules.add(id(space))
                yield space
        frame = frame.f_back


def _locals(frame: FrameType) -> Mapping[str, Any]:
    """Variables of a function or a class that is running."""
    variables = dict(frame.f_locals)
    if sys.version_info < (3, 13) and frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        # What a function is asked for is a copy, which would keep every tensor in it alive.
        frame.f_locals.clear()
    return variables


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What a variable holds, and what that holds: layers may be pairs, dictionaries or objects."""
    entries = list(_entries(value))
    yield from entries
    if len(entries) <= _MOST_LAYERS:
        for key, layer in entries:
            yield from ((f"{key}{inner}", part) for inner, part in _entries(layer))


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    # No other mapping: one that loads what it is asked for would be run.
    if isinstance(value, dict):
        yield from ((f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, nn.ParameterDict):
        # One that is no part of a module that runs.
        yield from ((f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, nn.ParameterList):
        yield from ((f"[{i}]", part) for i, part in enumerate(value))
    elif isinstance(value, list | tuple):
        # Judged by the first entry: most long lists are numbers.
        holds = bool(value) and (isinstance(value[0], Tensor) or _is_holder(value[0]))
        yield from ((f"[{i}]", part) for i, part in enumerate(value if holds else ()))
    elif _is_holder(value):
        yield from ((f".{key}", part) for key, part in vars(value).items())


def _is_holder(value: Any) -> bool:
    """Whether parameters may be parts of it: modules give the names of theirs themselves."""
    if isinstance(value, dict | list | tuple):
        return True
    known = isinstance(value, nn.Module | type | ModuleType | Tensor)
    return not known and isinstance(getattr(value, "__dict__", None), dict)


def _holds_several(module: nn.Module) -> bool:
    """Whether a module of the user's, or a list of parameters, has more than one weight."""
    own = not type(module).__module__.startswith("torch.")
    if not own and not isinstance(module, nn.ParameterList | nn.ParameterDict):
        return False
    return sum(p.ndim > 1 for p in module.parameters(recurse=False)) > 1


def _without_last(parameter: str) -> str:
    head, _, tail = parameter.rpartition(".")
    return head or tail


def _join(prefix: str, path: str) -> str:
    path = f"{path}."
    for wrapper in _WRAPPERS:
        path = path.replace(f".{wrapper}", ".").removeprefix(wrapper)
    path = path.strip(".")
    return f"{prefix}.{path}" if prefix and path else prefix or path
