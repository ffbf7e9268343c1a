"""One part of the user's data, such as its training rows, as a pair of NumPy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, default_collate
from torch.utils.data import Dataset as TorchDataset

from nonlin.errors import NonlinError
from nonlin.usercode import call

_ALLOWED = "an (X, y) pair of arrays, a torch Dataset or a torch DataLoader"


@dataclass(frozen=True, eq=False)
class Rows:
    """Inputs and targets of as many rows.

    Args:
        x: (N, ...).
        y: (N, ...).
    """

    x: np.ndarray
    y: np.ndarray


def read_part(part: Any, name: str, which: str, notes: list[str]) -> Rows:
    """Read an (X, y) pair, a torch Dataset or a torch DataLoader.

    Args:
        part: what the user's function returned for this part.
        name: the data as the user named them.
        which: ``"train"``, ``"validation"`` or ``"test"``.
        notes: gains a line where a DataLoader was read.

    Returns:
        Its rows, in the order they came.

    Raises:
        NonlinError: the part is nothing of these, or x and y have different lengths.
        UserCodeError: the Dataset or DataLoader raised.
    """
    label = f"--data {name!r}: {which}"
    if isinstance(part, DataLoader):
        x, y, note = _read_loader(part, label)
        notes.append(f"{which}: {note}")
    elif isinstance(part, TorchDataset):
        x, y = _read_dataset(part, label)
    elif isinstance(part, tuple | list) and len(part) == 2:
        x, y = part
    else:
        raise NonlinError(f"{label} is {_described(part)}; allowed: {_ALLOWED}")
    rows = Rows(_array(x, f"{label}: x"), _array(y, f"{label}: y"))
    if len(rows.x) != len(rows.y):
        raise NonlinError(
            f"{label}: x has {len(rows.x)} rows and y {len(rows.y)}; allowed: as many"
        )
    if not len(rows.x):
        raise NonlinError(f"{label}: has no rows; at least 1 is needed")
    return rows


def _read_dataset(dataset: Any, label: str) -> tuple[Any, Any]:
    if not hasattr(dataset, "__len__"):
        raise NonlinError(
            f"{label} is {_described(dataset)}, which has no length; "
            "allowed: a Dataset with __len__ and __getitem__"
        )
    items = call(label, lambda: [dataset[i] for i in range(len(dataset))])
    if not items:
        raise NonlinError(f"{label}: has no rows; at least 1 is needed")
    _check_pair(items[0], f"{label}: an item")
    try:
        x, y = default_collate([tuple(item) for item in items])
    except (TypeError, RuntimeError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), "")
        raise NonlinError(
            f"{label}: items cannot be stacked ({reason}); allowed: (x, y) pairs of tensors, "
            "arrays or numbers, all of one shape"
        ) from None
    return x, y


def _read_loader(loader: DataLoader, label: str) -> tuple[Any, Any, str]:
    batches = call(label, lambda: list(loader))
    if not batches:
        raise NonlinError(f"{label}: its DataLoader gave no batch; at least 1 is needed")
    _check_pair(batches[0], f"{label}: a batch")
    pieces = [[_array(batch[i], f"{label}: a batch") for batch in batches] for i in (0, 1)]
    try:
        x, y = (np.concatenate(piece) for piece in pieces)
    except ValueError as error:
        raise NonlinError(
            f"{label}: batches differ in shape ({error}); allowed: the same but for the rows"
        ) from None
    source = getattr(loader, "dataset", None)
    total = len(source) if hasattr(source, "__len__") else len(x)  # pyright: ignore[reportArgumentType]
    skipped = f"; its Dataset has {total:,} (drop_last or sampler)" if total != len(x) else ""
    note = (
        f"{len(x):,} rows read once from a DataLoader{skipped}; its "
        "batch size is not used, and what it shuffles or augments stays as first drawn"
    )
    return x, y, note


def _check_pair(item: Any, label: str) -> None:
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise NonlinError(f"{label} is {_described(item)}; allowed: an (x, y) pair")


def _described(value: Any) -> str:
    shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
    length = f" of {len(value)}" if isinstance(value, tuple | list | dict) else ""
    return "None" if value is None else f"a {type(value).__name__}{shape}{length}"


def _array(value: Any, label: str) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided:
            raise NonlinError(f"{label} is a sparse tensor; make it dense: .to_dense()")
        tensor = value.detach().cpu()
        # NumPy has no bfloat16.
        array = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    elif hasattr(value, "toarray"):
        raise NonlinError(f"{label} is a sparse {type(value).__name__}; make it dense: .toarray()")
    elif hasattr(value, "columns"):
        array = _frame(value, label)
    elif hasattr(value, "to_numpy"):
        array = value.to_numpy()
    elif isinstance(value, np.ndarray):
        array = value
    elif isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        # What torch's default_collate makes of string targets.
        array = np.array(value)
    else:
        raise NonlinError(f"{label} is {_described(value)}; allowed: a NumPy array or a tensor")
    if array.dtype == object and all(isinstance(item, str) for item in array.flat):
        array = array.astype(np.str_)
    if array.dtype.kind not in "biufU" or array.ndim == 0:
        raise NonlinError(
            f"{label} holds {array.dtype} of shape {array.shape}; allowed: rows of numbers or "
            "bools, and for y strings"
        )
    return array


def _frame(frame: Any, label: str) -> np.ndarray:
    """A DataFrame's values; its mixture of bools and numbers would come out as objects."""
    words = [str(name) for name, dtype in frame.dtypes.items() if dtype.kind not in "biuf"]
    if words and frame.shape[1] > 1:
        raise NonlinError(
            f"{label} has columns that are not numbers: {', '.join(words[:8])}; "
            "drop them, or make numbers of them (pandas.get_dummies)"
        )
    one_kind = len({dtype.kind for dtype in frame.dtypes}) == 1
    return frame.to_numpy() if one_kind else frame.to_numpy(np.float64)
