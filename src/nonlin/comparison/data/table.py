"""``table:FILE.csv`` and ``table:FILE.parquet``: predict one column from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from numpy.typing import NDArray

from nonlin.comparison.data.dataset import Dataset
from nonlin.comparison.data.preparation import (
    encode_classes,
    standardise_columns,
    standardise_target,
)
from nonlin.comparison.data.splitting import hold_out
from nonlin.comparison.data.tablefile import read_table
from nonlin.errors import NonlinError, did_you_mean, require

if TYPE_CHECKING:
    import pandas as pd

TableTask = Literal["classification", "regression"]

MOST_CLASSES = 20
_ROWS_PER_CLASS = 5
_TEST_FRACTION = 0.2
_LEAST_ROWS = 10
_LEAST_ROWS_OF_A_CLASS = 3
_NAMES_SHOWN = 8


def load(file: str, *, target: str | None = None, task: str | None = None) -> Dataset:
    """Read a table; 20 % of its rows, always the same, are the test rows.

    Features must be numbers or bools, and are standardised by the development rows. Unless the
    task is given it follows from the target: text, categories and bools are classes; whole
    numbers are classes where they have at most 20 distinct values, each five times on average;
    all other numbers are a regression target.

    Args:
        file: path that ends in ``.csv`` (commas, UTF-8, one header row) or ``.parquet``.
        target: the column to predict.
        task: ``"classification"`` or ``"regression"``, where the rule above is not wanted.

    Returns:
        Features (N, F).

    Raises:
        NonlinError: the table cannot be read, a column is missing, or a value cannot be used.
    """
    name = f"table:{file}"
    if task not in (None, "classification", "regression"):
        raise NonlinError(
            f"--task {task!r}: not for a table; allowed: 'classification', 'regression'"
        )
    frame = read_table(file, name)
    column = _target(frame, target, name)
    features = frame.drop(columns=[target])
    x = _features(features, name)
    decided, why = _decide(column, task)
    notes = [why, *_remarks(frame, features)]
    y = _classes(column, name) if decided == "classification" else _amounts(column, name)
    codes = np.unique(y, return_inverse=True)[1] if decided == "classification" else None
    kept, held = hold_out(len(x), _TEST_FRACTION, 0, codes, keep=_LEAST_ROWS_OF_A_CLASS - 1)
    x_dev, x_test, constant = standardise_columns(x[kept], x[held], list(features.columns), name)
    if constant:
        notes.append(f"constant in the development rows, so of no use: {_named(constant)}")
    if decided == "classification":
        y_dev, y_test, labels = encode_classes(y[kept], y[held], name)
        scale = 1.0
    else:
        labels = (str(target),)
        y_dev, y_test, scale = standardise_target(y[kept], y[held], labels, name)
    return Dataset(
        name,
        decided,
        x_dev,
        y_dev,
        x_test,
        y_test,
        outputs=len(labels),
        labels=labels,
        target_scale=scale,
        notes=tuple(notes),
    )


def _target(frame: pd.DataFrame, target: str | None, name: str) -> pd.Series:
    columns = [str(column) for column in frame.columns]
    listed = _named(columns, quoted=False)
    if len(columns) == 1 and any(mark in columns[0] for mark in ";\t|"):
        raise NonlinError(
            f"--data {name!r}: one column, {columns[0][:60]!r}; values must be separated by "
            "commas: save the file anew"
        )
    if target is None:
        raise NonlinError(f"--data {name!r}: which column to predict? --target (columns: {listed})")
    if target not in columns:
        raise NonlinError(
            f"--target {target!r}: no such column in {name!r}{did_you_mean(target, columns)} "
            f"(columns: {listed})"
        )
    if len(columns) == 1:
        raise NonlinError(f"--data {name!r}: no column beside the target; nothing to predict from")
    if len(frame) < _LEAST_ROWS:
        raise NonlinError(
            f"--data {name!r}: {len(frame)} rows are too few; at least {_LEAST_ROWS} are needed"
        )
    column = cast("pd.Series", frame[target])
    missing = np.flatnonzero(_unusable(column))
    if len(missing):
        raise NonlinError(
            f"--target {target!r}: {len(missing)} missing or infinite values, the first in row "
            f"{missing[0] + 1} (rows count from 1, after the header); empty cells, NA, NaN, None "
            "and null are missing: fill or drop those rows"
        )
    if column.dtype.kind not in "biuf":
        # Categories, dates and lists as well as words: to a classifier they are names.
        column = column.astype(str)
    if column.nunique() < 2:
        raise NonlinError(
            f"--target {target!r}: holds one value, {str(column.iloc[0])!r}; "
            "there is nothing to learn"
        )
    return column


def _features(features: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """All feature columns as float64 (N, F), or an error that names those that cannot be."""
    gaps, words = [], []
    for label, column in features.items():
        numeric = column.dtype.kind in "biuf"
        bad = _unusable(column)
        if bad.any():
            gaps.append(f"{str(label)!r} ({bad.sum()}, first in row {np.flatnonzero(bad)[0] + 1})")
        elif not numeric:
            row = _first_word(column)
            words.append(f"{str(label)!r} ({str(column.iloc[row])[:20]!r} in row {row + 1})")
    # Text first: a column of words needs more thought than a gap in it.
    if words:
        raise NonlinError(
            f"--data {name!r}: columns that hold text or dates: {_named(words, quoted=False)} "
            "(rows count from 1, after the header); features must be numbers or bools: drop them, "
            "or make numbers of them (pandas.get_dummies)"
        )
    if gaps:
        raise NonlinError(
            f"--data {name!r}: columns with missing or infinite values: "
            f"{_named(gaps, quoted=False)} (rows count from 1, after the header); fill or drop them"
        )
    return features.to_numpy(np.float64)


def _unusable(column: pd.Series) -> NDArray[np.bool_]:
    """Which rows are missing or infinite."""
    missing = column.isna().to_numpy()
    if column.dtype.kind != "f":
        return missing
    return missing | np.isinf(column.to_numpy(np.float64, na_value=np.nan))


def _first_word(column: pd.Series) -> int:
    """The first row that holds no number: where one "?" makes text of a column of numbers."""
    pandas = require("pandas", "lab", "a table")
    if column.dtype.kind not in "OUT":
        return 0
    words = np.flatnonzero(pandas.to_numeric(column.astype(str), errors="coerce").isna())
    return int(words[0]) if len(words) else 0


def _decide(column: pd.Series, task: str | None) -> tuple[TableTask, str]:
    """The task and the note that tells it."""
    distinct = column.nunique()
    label = str(column.name)
    if task == "classification":
        return "classification", f"target {label!r}: classification, as asked"
    if task == "regression":
        return "regression", f"target {label!r}: regression, as asked"
    if column.dtype.kind not in "iuf":
        return (
            "classification",
            f"target {label!r} holds text, categories or bools: classification "
            f"with {distinct} classes",
        )
    few = distinct <= min(MOST_CLASSES, len(column) // _ROWS_PER_CLASS)
    if _whole(column) and few:
        return (
            "classification",
            f"target {label!r} holds {distinct} distinct whole numbers: classification "
            "(other choice: --task regression)",
        )
    kind = "distinct whole numbers" if _whole(column) else "distinct numbers"
    other = " (other choice: --task classification)" if _whole(column) else ""
    return "regression", f"target {label!r} holds {distinct} {kind}: regression{other}"


def _whole(column: pd.Series) -> bool:
    values = column.to_numpy(np.float64)
    return bool((values == np.floor(values)).all())


def _classes(column: pd.Series, name: str) -> NDArray:
    if column.dtype.kind == "f" and not _whole(column):
        values = column.to_numpy(np.float64)
        row = int(np.flatnonzero(values != np.floor(values))[0])
        raise NonlinError(
            f"--task 'classification': target {column.name!r} holds {values[row]:g} in row "
            f"{row + 1}; classes must be whole numbers, text or bools: use --task regression"
        )
    as_type = {"b": np.bool_, "i": np.int64, "u": np.uint64, "f": np.int64}
    classes = column.to_numpy(as_type.get(column.dtype.kind, np.str_))
    values, counts = np.unique(classes, return_counts=True)
    if counts.min() < _LEAST_ROWS_OF_A_CLASS:
        rare = str(values[counts.argmin()])
        has = "one sample" if counts.min() == 1 else f"{counts.min()} samples"
        raise NonlinError(
            f"--data {name!r}: class {rare!r} has {has}; at least "
            f"{_LEAST_ROWS_OF_A_CLASS} are needed (2 to develop on, 1 to test): "
            "drop or merge the class"
        )
    return classes


def _amounts(column: pd.Series, name: str) -> NDArray[np.float64]:
    if column.dtype.kind not in "iuf":
        raise NonlinError(
            f"--task 'regression': target {column.name!r} of {name!r} holds "
            f"{str(column.iloc[0])[:20]!r}; a regression target must be numbers: use "
            "--task classification"
        )
    return column.to_numpy(np.float64)


def _remarks(frame: pd.DataFrame, features: pd.DataFrame) -> list[str]:
    """What a user would want to know before trusting the result."""
    remarks = []
    index = [str(label) for label in frame.index.names if label is not None]
    if index:
        remarks.append(f"the table's index is no feature: {_named(index)}")
    for label, column in features.items():
        if column.dtype.kind in "iu" and (np.diff(column.to_numpy(np.int64)) == 1).all():
            remarks.append(
                f"column {str(label)!r} counts the rows and may tell the target of a sorted table: "
                "drop it unless it means something"
            )
    return remarks


def _named(names: list[str], *, quoted: bool = True) -> str:
    shown = ", ".join(repr(name) if quoted else name for name in names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
