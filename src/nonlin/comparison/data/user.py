"""``module:function``: data that the user's own Python function returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nonlin.comparison.data.arrays import Rows, read_part
from nonlin.comparison.data.dataset import Dataset, Task
from nonlin.comparison.data.preparation import (
    encode_classes,
    standardise_target,
)
from nonlin.comparison.randomness import fixed_randomness
from nonlin.errors import NonlinError
from nonlin.usercode import call, resolve

_ALLOWED = (
    "(train, test) or (train, validation, test), each an (X, y) pair, a Dataset or a DataLoader"
)
_PART_NAMES = {2: ("train", "test"), 3: ("train", "validation", "test")}
_LAYOUT_NOTES = {
    2: "rows of {0} features",
    3: "signals of {0} channels and {1} samples (images: return N, C, H, W)",
    4: "images of {0} channels, {1} × {2} pixels",
}


def load(source: str | Callable[[], Any], *, task: str | None = None) -> Dataset:
    """Call the user's function and read what it returns.

    It runs under fixed seeds of Python, NumPy and PyTorch, so that what it shuffles or augments
    comes out the same each time. x is taken as it is, not scaled. Unless the task is given it
    follows from y: integers, bools and strings are classes, floats a regression target, and
    whole numbers shaped as an x of whole numbers (N, T) are the next characters.

    Args:
        source: ``"module:function"``, or the function. It takes no arguments and returns
            (train, test) or (train, validation, test): each an (X, y) pair of NumPy arrays,
            PyTorch tensors or pandas objects, a torch ``Dataset`` or a torch ``DataLoader``.
        task: ``"classification"``, ``"regression"`` or ``"language"``, where the rule above is
            not wanted.

    Returns:
        Whatever layout x has.

    Raises:
        NonlinError: there is no such function, or it returned something else.
        UserCodeError: the function raised.
    """
    name, function = _named(source)
    label = f"--data {name!r}"
    notes: list[str] = []
    with fixed_randomness():
        returned = call(label, function)
        if not isinstance(returned, tuple | list) or len(returned) not in _PART_NAMES:
            raise NonlinError(f"{label}: returned {_described(returned)}; allowed: {_ALLOWED}")
        names = _PART_NAMES[len(returned)]
        parts = [
            read_part(part, name, which, notes) for which, part in zip(names, returned, strict=True)
        ]
    _check_parts(label, names, parts)
    *development, test = parts
    rows = Rows(
        np.concatenate([part.x for part in development]),
        np.concatenate([part.y for part in development]),
    )
    validation = None
    if len(development) == 2:
        validation = torch.arange(len(development[0].x), len(rows.x))
        notes.append(f"validation rows: the function's own {len(validation):,}, for every seed")
    decided = _decide(label, rows, task)
    origin = "as asked" if task else f"because y holds {rows.y.dtype} of shape {rows.y.shape}"
    notes.insert(0, f"{decided}, {origin}")
    if decided == "language":
        return _language(name, rows, test, validation, notes)
    if decided == "classification":
        y, y_test, labels = encode_classes(_classes(label, rows.y), _classes(label, test.y), name)
        scale = 1.0
    else:
        amounts, test_amounts = _amounts(label, rows.y), _amounts(label, test.y)
        columns = amounts.shape[1] if amounts.ndim == 2 else 1
        labels = ("y",) if columns == 1 else tuple(f"y{i + 1}" for i in range(columns))
        y, y_test, scale = standardise_target(amounts, test_amounts, labels, name)
        if columns > 1:
            notes.append(f"{columns} targets: errors are in standard deviations of each")
    x, x_test = _as_float32(label, rows.x), _as_float32(label, test.x)
    if x.ndim in _LAYOUT_NOTES:
        notes.append(f"x: {_LAYOUT_NOTES[x.ndim].format(*x.shape[1:])}")
    notes.append(
        f"x is used as given, not scaled: mean {float(x.mean()):.3g}, "
        f"standard deviation {float(x.std(correction=0)):.3g}"
    )
    return Dataset(
        name,
        decided,
        x,
        y,
        x_test,
        y_test,
        outputs=len(labels),
        labels=labels,
        validation=validation,
        target_scale=scale,
        notes=tuple(notes),
    )


def _named(source: str | Callable[[], Any]) -> tuple[str, Callable[[], Any]]:
    if isinstance(source, str):
        return source, resolve(source, "--data")
    function = getattr(source, "__qualname__", type(source).__qualname__)
    return f"{source.__module__}:{function}", source


def _described(value: object) -> str:
    if isinstance(value, tuple | list):
        inside = ", ".join(type(item).__name__ for item in value[:6])
        return f"a {type(value).__name__} of {len(value)} ({inside})"
    return "None" if value is None else f"a {type(value).__name__}"


def _check_parts(label: str, names: tuple[str, ...], parts: list[Rows]) -> None:
    first = parts[0]
    for which, part in zip(names[1:], parts[1:], strict=True):
        for axis, one, other in (("x", first.x, part.x), ("y", first.y, part.y)):
            if one.shape[1:] != other.shape[1:]:
                raise NonlinError(
                    f"{label}: one row of {axis} has shape {one.shape[1:]} in train and "
                    f"{other.shape[1:]} in {which}; allowed: the same"
                )
        if first.y.dtype.kind != part.y.dtype.kind:
            raise NonlinError(
                f"{label}: y holds {first.y.dtype} in train and {part.y.dtype} in {which}; "
                "allowed: the same kind"
            )


def _decide(label: str, rows: Rows, task: str | None) -> Task:
    tokens = rows.x.dtype.kind in "iu" and rows.x.ndim == 2
    tokens = tokens and rows.y.dtype.kind in "iu" and rows.y.shape == rows.x.shape
    if task == "language" and not tokens:
        raise NonlinError(
            f"--task 'language': {label} gave x {rows.x.dtype} {rows.x.shape} and y "
            f"{rows.y.dtype} {rows.y.shape}; allowed: integers, both of shape (N, T)"
        )
    if task == "language" or (task is None and tokens):
        return "language"
    if task == "classification" or (task is None and rows.y.dtype.kind != "f"):
        return "classification"
    return "regression"


def _classes(label: str, y: np.ndarray) -> np.ndarray:
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1:
        raise NonlinError(
            f"{label}: y of classes has shape {y.shape}; allowed: (N,), one class for each row "
            "(of one-hot rows: y.argmax(1))"
        )
    if y.dtype.kind != "f":
        return y
    if not (np.isfinite(y).all() and (y == np.floor(y)).all()):
        raise NonlinError(
            f"--task 'classification': {label} gave y with fractions; "
            "classes must be whole numbers, strings or bools"
        )
    return y.astype(np.int64)


def _amounts(label: str, y: np.ndarray) -> np.ndarray:
    if y.dtype.kind not in "iuf":
        raise NonlinError(
            f"--task 'regression': {label} gave y of {y.dtype}; allowed: integers or floats"
        )
    if y.ndim not in (1, 2) or 0 in y.shape:
        raise NonlinError(f"{label}: y has shape {y.shape}; allowed: (N,) or (N, targets)")
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def _as_float32(label: str, x: np.ndarray) -> Tensor:
    if x.dtype.kind not in "biuf":
        raise NonlinError(f"{label}: x holds {x.dtype}; allowed: integers, floats or bools")
    # A copy, so that what the user's code does to its arrays later cannot reach the data.
    # Numbers beyond float32 become infinite, which the Dataset refuses.
    with np.errstate(over="ignore"):
        return torch.from_numpy(x.astype(np.float32))


def _language(
    name: str, rows: Rows, test: Rows, validation: Tensor | None, notes: list[str]
) -> Dataset:
    tensors = [torch.from_numpy(part.astype(np.int64)) for part in (rows.x, rows.y, test.x, test.y)]
    outputs = 1 + max((int(part.max()) for part in tensors if part.numel()), default=0)
    notes.append(f"vocabulary: {outputs:,}, the largest token and one")
    return Dataset(
        name,
        "language",
        *tensors,
        outputs=outputs,
        labels=tuple(str(token) for token in range(outputs)),
        validation=validation,
        notes=tuple(notes),
    )
