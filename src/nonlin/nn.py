"""torch.nn modules over the records, and `swap`, which exchanges activations in a model.

Every activation has a class here, made from its record when it is first named:
``nonlin.nn.Mish()``, ``nonlin.nn.Swish(beta=1.5)``, ``nonlin.nn.PReLU(num_parameters=64)``.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from nonlin.activation import Activation
from nonlin.choices import Precision, Save, chosen
from nonlin.errors import NonlinError, require
from nonlin.functions import get, list_activations

torch = require("torch", "torch", "nonlin.nn")
nn = torch.nn

from nonlin.backends import pytorch  # noqa: E402 (it imports torch, whose absence is told above)

_HOOKS = tuple(name for name in vars(nn.Module()) if "hook" in name)


class ActivationModule(nn.Module):
    """A record as a module; subclasses fix the record.

    Args:
        num_parameters: 1 for one value of each learned parameter, or the number of channels.
        channel_axis: the input's axis that holds the channels, when there are several.
        learn: names of the parameters to train, none for ``()``; the record's own choice
            by default.
        device: device of the learned parameters.
        dtype: dtype of the learned parameters.
        precision: as in :func:`nonlin.precision`; what is in force when it is called by default.
        save: as in :func:`nonlin.saving`; likewise.
        **parameters: values by name; start values of those that are learned.

    Shape:
        Input: floating point, any shape; output: the same, but for the axis of a
        vector-valued function that changes its length.

    A function that draws takes its noise from PyTorch's generator of the input's device.

    Raises:
        NonlinError: unknown parameter, or a value outside its domain.

    Example:
        >>> import nonlin, torch
        >>> nonlin.nn.PReLU(num_parameters=3)(torch.full((2, 3, 4), -1.0)).mean().item()
        -0.25
    """

    record: Activation

    def __init__(
        self,
        *,
        num_parameters: int = 1,
        channel_axis: int = 1,
        learn: str | tuple[str, ...] | None = None,
        device: Any = None,
        dtype: Any = None,
        precision: Precision | None = None,
        save: Save | None = None,
        **parameters: Any,
    ) -> None:
        super().__init__()
        self.precision: Precision | None = precision
        self.save: Save | None = save
        if num_parameters < 1:
            raise NonlinError(
                f"{self.record.name}: num_parameters={num_parameters}; allowed: 1 or more"
            )
        record = self.record.bind(**parameters)
        if learn is not None:
            learned = (learn,) if isinstance(learn, str) else tuple(learn)
            record = dataclasses.replace(record, learned=learned)
        self.record = record
        self.channel_axis = channel_axis
        for name in self.record.learned:
            start = torch.full((num_parameters,), self.record.bound[name], device=device)
            self.register_parameter(name, nn.Parameter(start.to(dtype or start.dtype)))

    def forward(self, x: Any) -> Any:
        given = {name: self._spread(getattr(self, name), x) for name in self.record.learned}
        draws = self.record.draws
        if draws == "always" or (draws == "training" and self.training):
            # 16 bits would draw from too few values: 0 itself once in 256 for bfloat16.
            dtype = torch.promote_types(x.dtype, torch.float32)
            given["noise"] = torch.rand_like(x, dtype=dtype, requires_grad=False)
        return chosen(self.precision, self.save, pytorch.value, self.record, x, given)

    def _spread(self, parameter: Any, x: Any) -> Any:
        """View a per-channel parameter so that it broadcasts along the channel axis."""
        if parameter.numel() == 1:
            return parameter.reshape(())
        fits = -x.ndim <= self.channel_axis < x.ndim
        if not fits or x.shape[self.channel_axis] != parameter.numel():
            raise NonlinError(
                f"{self.record.name}: {parameter.numel()} channels expected on axis "
                f"{self.channel_axis}; got input of shape {tuple(x.shape)}"
            )
        shape = [1] * x.ndim
        shape[self.channel_axis] = -1
        return parameter.reshape(shape)

    def extra_repr(self) -> str:
        shown = [f"{name}={value}" for name, value in self.record.bound.items()]
        if self.record.at_kink != "torch":
            shown.append(f"at_kink={self.record.at_kink}")
        shown += [f"{name}={of}" for name in ("precision", "save") if (of := getattr(self, name))]
        if self.record.learned:
            shown.append("learned: " + ", ".join(self.record.learned))
        return ", ".join(shown)


@cache
def module_class(name: str) -> type[ActivationModule]:
    """The module class of an activation, by canonical name."""
    record = get(name)
    doc = f"Module of the activation {record.name}: {record.text}"
    content = {"record": record, "__doc__": doc, "__module__": __name__}
    return type(record.class_name, (ActivationModule,), content)


def from_record(record: Activation, **options: Any) -> ActivationModule:
    """A fresh module of a record, with its parameters as they are bound.

    Args:
        record: the activation, such as ``nonlin.get("swish", beta=1.5)``, or one of your own
            from :func:`nonlin.define` or :func:`nonlin.parse`.
        **options: as for :class:`ActivationModule`.

    Example:
        >>> import nonlin
        >>> nonlin.nn.from_record(nonlin.parse("x * sigmoid(beta * x)", beta=1.0))
        Formula(x * sigmoid(beta * x), beta=1.0, learned: beta)
    """
    bound = {**record.bound, "at_kink": record.at_kink}
    listed = record.name in list_activations() and get(record.name).value is record.value
    kind = module_class(record.name) if listed else _own_class(record)
    return kind(**{"learn": record.learned, **bound, **options})


class OwnModule(ActivationModule):
    """A record outside the catalogue as a module; :func:`from_record` makes its class."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Its class is found by no name, so that it is made again from the record.
        return _blank, (type(self).record,), self.__dict__

    def extra_repr(self) -> str:
        return ", ".join(filter(None, (self.record.text, super().extra_repr())))


@cache
def _own_class(record: Activation) -> type[ActivationModule]:
    doc = f"Module of the activation {record.name}: {record.text}"
    content = {"record": record, "__doc__": doc, "__module__": __name__}
    return type(record.class_name, (OwnModule,), content)


def _blank(record: Activation) -> ActivationModule:
    kind = _own_class(record)
    return kind.__new__(kind)


def activation_of(module: Any) -> Activation | None:
    """The record of a module activation, ours or PyTorch's, or None for any other module.

    Parameters are those the module was made with; what it learned since stays in it. A module
    with a parameter outside the record's domain, such as ``nn.ELU(-1)``, is another function.
    """
    if isinstance(module, ActivationModule):
        return module.record
    record = _torch_classes().get(type(module))
    if record is None:
        return None
    read: dict[str, Any] = {
        p.name: p.from_torch(getattr(module, p.torch)) for p in record.parameters if p.torch
    }
    try:
        return record.bind(**read)
    except NonlinError:
        return None


def find_activations(model: Any) -> dict[str, str]:
    """Where a model's module activations are: module path to canonical name."""
    found = {path: activation_of(module) for path, module in model.named_modules()}
    return {path: record.name for path, record in found.items() if record is not None}


Replacement = str | Activation | Callable[[], Any]


def swap(model: Any, replacements: Mapping[str, Replacement]) -> Any:
    """Replace a model's module activations by type, in place.

    Hooks, device, dtype, training mode and sharing stay as they were: a module used in two
    places is replaced by one module used in both. Learned parameters of the new module are
    created on the device and in the dtype of the model around it.

    Args:
        model: any module.
        replacements: old name to new name, record or zero-argument factory of modules, such
            as ``{"relu": "mish"}``.

    Returns:
        The model, or the new module where the model itself is an activation.

    Raises:
        NonlinError: an unknown name, or an activation that the model does not have as a
            module (a call such as ``F.relu(x)`` is no module).

    Example:
        >>> import nonlin, torch
        >>> model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
        >>> nonlin.swap(model, {"relu": "mish"})
        Sequential(
          (0): Linear(in_features=2, out_features=2, bias=True)
          (1): Mish()
        )
    """
    wanted = {get(old).name: _factory(new) for old, new in replacements.items()}
    _require_present(model, list(wanted))
    options = _placement(model)
    made: dict[int, Any] = {}

    def replacement(old: Any) -> Any:
        record = activation_of(old)
        if record is None or record.name not in wanted:
            return None
        if id(old) not in made:
            made[id(old)] = _adopt(wanted[record.name](), old, options)
        return made[id(old)]

    for parent in list(model.modules()):
        for name, child in list(parent._modules.items()):
            new = replacement(child) if child is not None else None
            if new is not None:
                parent.register_module(name, new)
                if hasattr(parent, "activation_relu_or_gelu"):
                    # nn.TransformerEncoderLayer notes at construction that its activation is
                    # relu or gelu, and computes that in evaluation whatever stands there.
                    parent.activation_relu_or_gelu = 0
    root = replacement(model)
    return model if root is None else root


def _factory(new: Replacement) -> Callable[[], Any]:
    if isinstance(new, str):
        new = get(new)
    if isinstance(new, Activation):
        record = new
        return lambda: from_record(record)
    if not callable(new):
        raise NonlinError(
            f"swap: replacement {new!r}; allowed: a name, a record or a factory of modules"
        )
    return new


def _require_present(model: Any, wanted: list[str]) -> None:
    found = Counter(find_activations(model).values())
    for name in wanted:
        if name not in found:
            have = ", ".join(f"{other} ×{count}" for other, count in found.items()) or "none"
            raise NonlinError(
                f"no module activation {name!r} in {type(model).__name__}; found: {have} "
                "(functional calls such as F.relu(x) are no modules; use nn.ReLU)"
            )


def _placement(model: Any) -> dict[str, Any]:
    for parameter in _floating_parameters(model):
        return {"device": parameter.device, "dtype": parameter.dtype}
    return {}


def _floating_parameters(module: Any) -> Iterator[Any]:
    return (p for p in module.parameters() if p.is_floating_point())


def _adopt(new: Any, old: Any, placement: dict[str, Any]) -> Any:
    """Give `new` the hooks, mode and place of `old`."""
    if not isinstance(new, nn.Module):
        raise NonlinError(f"swap: the factory made a {type(new).__name__}; allowed: a module")
    new.to(**(_placement(old) or placement))
    new.train(old.training)
    for name in _HOOKS:
        # The old dictionaries themselves, which the handles of registered hooks remove from.
        hooks, own_hooks = getattr(old, name), getattr(new, name)
        if isinstance(hooks, dict):
            hooks.update(own_hooks)
        setattr(new, name, own_hooks if hooks is None else hooks)
    return new


@cache
def _torch_classes() -> dict[type, Activation]:
    records = (get(name) for name in list_activations())
    return {getattr(nn, record.torch): record for record in records if record.torch}


@cache
def _class_names() -> dict[str, str]:
    """Class names, with PyTorch's name for the same function where it has another."""
    records = [get(name) for name in list_activations()]
    torch_names = {record.torch: record.name for record in records if record.torch}
    return torch_names | {record.class_name: record.name for record in records}


def __getattr__(name: str) -> type[ActivationModule]:
    if name in _class_names():
        return module_class(_class_names()[name])
    raise AttributeError(f"module 'nonlin.nn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_class_names()})
