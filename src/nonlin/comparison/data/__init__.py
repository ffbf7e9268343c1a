"""The data of a comparison, by the name the user gives: :func:`load`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from nonlin.comparison.data import digits, mnist, mnist1d, table, text, user
from nonlin.comparison.data.dataset import VALIDATION_FRACTION, Dataset, Layout, Task
from nonlin.comparison.data.splitting import can_stratify
from nonlin.errors import NonlinError, did_you_mean

__all__ = ["KNOWN", "Dataset", "Layout", "Task", "load"]


@dataclass(frozen=True)
class _Loader:
    form: str
    options: tuple[str, ...]
    read: Callable[..., Dataset]


_NAMED = {
    "digits": _Loader("digits", (), digits.load),
    "mnist1d": _Loader("mnist1d", (), mnist1d.load),
    "mnist": _Loader("mnist", ("data_dir",), mnist.load),
}
_PREFIXED = {
    "text": _Loader("text:FILE", ("block",), text.load),
    "table": _Loader("table:FILE.csv|.parquet", ("target", "task"), table.load),
}
_USER = _Loader("module:function", ("task",), user.load)
_ALL = (*_NAMED.values(), *_PREFIXED.values(), _USER)

KNOWN: tuple[str, ...] = tuple(loader.form for loader in _ALL)
"""The forms of ``--data``, for help texts."""


def load(
    spec: str | Callable[[], Any],
    *,
    target: str | None = None,
    data_dir: Path | None = None,
    task: str | None = None,
    block: int = text.BLOCK,
) -> Dataset:
    """Load the data that a name, a file or a function stands for.

    Args:
        spec: ``"digits"``, ``"mnist1d"``, ``"mnist"``, ``"text:FILE"``,
            ``"table:FILE.csv|.parquet"``, ``"module:function"``, or the function itself.
        target: for a table, the column to predict.
        data_dir: for mnist, the directory of its files.
        task: for a table or a function, the task, where it should not follow from the target.
        block: for a text, the characters in a row.

    Returns:
        The data, checked, with notes on what was inferred.

    Raises:
        NonlinError: the spec is unknown, an option does not apply to it, or the data cannot be
            used.
        UserCodeError: the user's function raised; its exception is the cause.

    Example:
        >>> dataset = load("digits")
        >>> dataset.layout, tuple(dataset.x.shape), dataset.outputs
        ('image', (1437, 1, 8, 8), 10)
    """
    loader, arguments = _find(spec)
    if task is not None and task not in get_args(Task):
        raise NonlinError(
            f"--task {task!r}: unknown task{did_you_mean(task, get_args(Task))} "
            f"(known: {', '.join(get_args(Task))})"
        )
    given = {
        "target": target,
        "data_dir": data_dir,
        "task": task,
        "block": None if block == text.BLOCK else block,
    }
    options = {option: value for option, value in given.items() if value is not None}
    for option, value in options.items():
        if option not in loader.options:
            takers = " and ".join(other.form for other in _ALL if option in other.options)
            raise NonlinError(
                f"--{option.replace('_', '-')} {str(value)!r}: does not apply to {loader.form}; "
                f"it is for {takers}: leave it out"
            )
    return _with_stratification_told(loader.read(*arguments, **options))


def _find(spec: str | Callable[[], Any]) -> tuple[_Loader, list[Any]]:
    if not isinstance(spec, str):
        if not callable(spec):
            raise NonlinError(f"data of type {type(spec).__name__}; allowed: a string, a function")
        return _USER, [spec]
    if spec in _NAMED:
        return _NAMED[spec], []
    prefix, colon, rest = spec.partition(":")
    if prefix in _PREFIXED and rest:
        return _PREFIXED[prefix], [rest]
    # A file's name behind an unknown word is a mistyped prefix, not a function.
    mistyped = not rest.isidentifier() and did_you_mean(prefix, _PREFIXED)
    if colon and prefix not in _PREFIXED and not mistyped:
        return _USER, [spec]
    nearest = did_you_mean(prefix, [*_NAMED, *_PREFIXED])
    raise NonlinError(f"--data {spec!r}: unknown data{nearest} (known: {', '.join(KNOWN)})")


def _with_stratification_told(dataset: Dataset) -> Dataset:
    if dataset.task != "classification" or dataset.validation is not None:
        return dataset
    if can_stratify(dataset.y.numpy(), VALIDATION_FRACTION):
        return dataset
    note = (
        f"{len(dataset.y)} development rows are too few to give each of {dataset.outputs} classes "
        "a validation row: validation rows are drawn without stratification"
    )
    return replace(dataset, notes=(*dataset.notes, note))
