"""What a comparison is asked to do: checked once, kept with its results."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from nonlin.activation import Activation
from nonlin.defining.record import Defined
from nonlin.errors import NonlinError
from nonlin.facts import Facts
from nonlin.functions import get
from nonlin.naming import parse_activation

LEARNING_RATES = {
    "adam": (3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
    "sgd": (3e-3, 1e-2, 3e-2, 1e-1, 3e-1),
}
CHOICES = {
    "norm": ("none", "batch", "layer"),
    "init": (None, "matched", "default"),
    "optimizer": tuple(LEARNING_RATES),
    "task": (None, "classification", "regression", "language"),
}
DEFAULT_ACTIVATIONS = "relu,leaky_relu,elu,gelu,swish,mish,tanh,sigmoid"
# Results stay comparable when these change: they say how many networks are trained and how
# the finished ones are judged, not how one is trained. The data have their own fingerprint.
_NOT_IDENTITY = ("activations", "baseline", "seeds", "margin", "data", "data_dir")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that is asked of a comparison.

    Attributes:
        data: ``digits``, ``mnist1d``, ``mnist``, ``text:FILE``, ``table:FILE``,
            ``module:function``, or a function that returns the data.
        target: column to predict, for tables.
        task: ``classification``, ``regression`` or ``language``; inferred when None.
        data_dir: folder that holds ``MNIST/raw``, for mnist.
        model: ``mlp``, ``cnn``, ``transformer``, ``module:function``, or a function; None for
            the usual model of the data.
        replace: the activation that is exchanged in a model of the user's own.
        activations: records under comparison.
        baseline: name of the one the others are compared with.
        seeds: number of networks trained for each activation.
        epochs: passes over the training rows; None for about 100,000 rows seen.
        batch_size: rows in a step.
        block: characters in a row, for text.
        depth: hidden layers, convolutions or blocks of a built-in model.
        width: units, channels or embedding size of a built-in model.
        norm: ``none``, ``batch`` or ``layer``.
        residual: add each hidden layer's input to its output.
        init: ``matched`` to the activation, or the layers' ``default``; when None, matched
            for built-in models and default for the user's own, whose weights may be chosen.
        optimizer: ``adam`` or ``sgd`` (momentum 0.9).
        learning_rates: those each activation chooses from; the optimizer's five when empty.
        margin: difference that does not matter, in the metric's unit (0.005 for half a point
            of accuracy); the metric's own when None.
    """

    data: str | Callable[[], Any]
    target: str | None = None
    task: str | None = None
    data_dir: Path | None = None
    model: str | Callable[..., Any] | None = None
    replace: str | None = None
    activations: tuple[Activation, ...]
    baseline: str | None = None
    seeds: int = 5
    epochs: int | None = None
    batch_size: int = 64
    block: int = 64
    depth: int = 4
    width: int = 64
    norm: str = "none"
    residual: bool = False
    init: str | None = None
    optimizer: str = "adam"
    learning_rates: tuple[float, ...] = ()
    margin: float | None = None

    def __post_init__(self) -> None:
        self._check_counts()
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                words = ", ".join(str(word) for word in allowed if word)
                raise NonlinError(f"--{name} {getattr(self, name)!r}; allowed: {words}")
        self._check_activations()
        if self.replace is not None:
            object.__setattr__(self, "replace", get(self.replace).name)
        rates = self.learning_rates
        rates = (rates,) if isinstance(rates, Real) else rates or LEARNING_RATES[self.optimizer]
        for rate in rates:
            _check_positive("learning-rates", rate)
        object.__setattr__(self, "learning_rates", tuple(sorted({float(r) for r in rates})))
        if self.margin is not None:
            _check_positive("margin", self.margin)

    def _check_counts(self) -> None:
        for name in ("seeds", "batch_size", "block", "depth", "width"):
            check_count(name, getattr(self, name))
        if self.epochs is not None:
            check_count("epochs", self.epochs)

    def _check_activations(self) -> None:
        names = [repr(record) for record in self.activations]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise NonlinError(f"--activations: {repeated[0]} is named twice; name each once")
        if len(names) < 2:
            raise NonlinError(
                f"--activations: got {', '.join(names) or 'none'}; allowed: two or more"
            )
        for record in self.activations:
            if not isinstance(record.facts, Facts):
                raise NonlinError(
                    f"--activations: {record.name} works on whole vectors; allowed: "
                    "elementwise activations, which can stand between hidden layers"
                )
        baseline = self.baseline or ("relu" if "relu" in names else names[0])
        # The user's own is called by its name, though results know it by its formula.
        own = {r.name: repr(r) for r in self.activations if isinstance(r, Defined)}
        baseline = own.get(baseline, baseline)
        if baseline not in names:
            baseline = repr(parse_activation(baseline))  # An alias, or another spelling.
        if baseline not in names:
            raise NonlinError(f"--baseline {baseline}; allowed: one of {', '.join(names)}")
        object.__setattr__(self, "baseline", baseline)

    @property
    def names(self) -> list[str]:
        """Names of the activations, parameters included: the keys of all results."""
        return [repr(record) for record in self.activations]

    @property
    def data_name(self) -> str:
        """The data, as a word."""
        return _word(self.data)

    @property
    def model_name(self) -> str:
        """The model, as a word."""
        return _word(self.model)

    def to_json(self) -> dict[str, Any]:
        """All settings as JSON values."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        values |= {"data": self.data_name, "model": self.model_name, "activations": self.names}
        values["data_dir"] = str(self.data_dir) if self.data_dir else None
        values["learning_rates"] = list(self.learning_rates)
        return values

    def identity(self) -> dict[str, Any]:
        """The settings that every network of one results folder shares."""
        return {k: v for k, v in self.to_json().items() if k not in _NOT_IDENTITY}


def check_count(name: str, value: object) -> None:
    """Refuse what is no whole number of 1 or more."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        option = name.replace("_", "-")
        raise NonlinError(f"--{option} {value!r}; allowed: a whole number of 1 or more")


def _check_positive(option: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < math.inf:
        raise NonlinError(f"--{option} {value!r}; allowed: finite numbers > 0")


def _word(value: str | Callable[..., Any] | None) -> str:
    if value is None or isinstance(value, str):
        return value or "none"
    return f"{value.__module__}:{getattr(value, '__qualname__', type(value).__name__)}"
