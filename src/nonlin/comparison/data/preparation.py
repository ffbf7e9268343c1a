"""Steps that loaders share: scaling by the development rows alone, and class codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nonlin.errors import NonlinError


def standardise_together(
    development: NDArray[np.number], test: NDArray[np.number]
) -> tuple[Tensor, Tensor]:
    """Subtract one mean and divide by one standard deviation, those of all development values.

    For pixels and signals, whose values share a unit. Scaling pixels to 0..1 first would
    change nothing: the factor cancels.

    Args:
        development: any shape and unit.
        test: the same but for the number of rows.

    Returns:
        Both, as float32.

    Example:
        >>> standardise_together(np.array([0, 255]), np.array([255, 510]))
        (tensor([-1.,  1.]), tensor([1., 3.]))
    """
    mean = float(np.mean(development, dtype=np.float64))
    deviation = float(np.std(development, dtype=np.float64))
    scaled = [
        torch.from_numpy(part).to(torch.float32).sub(mean).div(deviation)
        for part in (development, test)
    ]
    return scaled[0], scaled[1]


def standardise_columns(
    development: NDArray[np.float64],
    test: NDArray[np.float64],
    columns: Sequence[str],
    name: str,
) -> tuple[Tensor, Tensor, list[str]]:
    """Give every column mean 0 and standard deviation 1 over the development rows.

    Args:
        development: (N, F).
        test: (M, F); scaled by the figures of the development rows.
        columns: the names of the F columns.
        name: the data as the user named them, for the message.

    Returns:
        Both, as float32, and the names of the columns that are constant over the development
        rows: those are only shifted, to 0.

    Raises:
        NonlinError: a column's values are too large to scale.
    """
    # Not "deviation == 0": rounding gives a constant column of 0.1 a deviation of 1e-17.
    constant = development.min(axis=0) == development.max(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.where(constant, development[0], development.mean(axis=0))
        deviation = np.where(constant, 1.0, development.std(axis=0))
    if not np.isfinite(deviation).all():
        column = columns[int(np.flatnonzero(~np.isfinite(deviation))[0])]
        raise NonlinError(
            f"--data {name!r}: the values of {column!r} are too large to scale; divide them, or "
            "take their logarithm"
        )
    scaled = [
        torch.from_numpy((part - mean) / deviation).to(torch.float32)
        for part in (development, test)
    ]
    return (
        scaled[0],
        scaled[1],
        [each for each, same in zip(columns, constant, strict=True) if same],
    )


def standardise_target(
    development: NDArray[np.number],
    test: NDArray[np.number],
    targets: Sequence[str],
    name: str,
) -> tuple[Tensor, Tensor, float]:
    """Give a regression target mean 0 and standard deviation 1 over the development rows.

    Args:
        development: (N,) or (N, K), in its own units.
        test: (M,) or (M, K).
        targets: the names of the K targets; one for (N,).
        name: the data as the user named them, for the message.

    Returns:
        Both, as float32, and the standard deviation in the target's units: 1.0 for several
        targets, which have no unit in common.

    Raises:
        NonlinError: a target is not finite, or constant over the development rows.
    """
    first = development.reshape(len(development), -1).astype(np.float64)
    second = test.reshape(len(test), -1).astype(np.float64)
    for column, target in enumerate(targets):
        bad = ~np.isfinite(np.concatenate([first[:, column], second[:, column]]))
        if bad.any():
            raise NonlinError(
                f"--data {name!r}: the target {target!r} has {bad.sum()} values that are NaN or "
                "infinite; fill or drop those rows"
            )
    y, y_test, constant = standardise_columns(first, second, targets, name)
    if constant:
        raise NonlinError(
            f"--data {name!r}: the target {constant[0]!r} holds one value over all development "
            "rows; there is nothing to learn"
        )
    scale = float(first.std()) if first.shape[1] == 1 else 1.0
    return y.reshape(development.shape), y_test.reshape(test.shape), scale


def encode_classes(
    development: NDArray, test: NDArray, name: str
) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """Number the classes 0, 1, ... in their sorted order.

    Args:
        development: class values, (N,): integers, bools or strings.
        test: class values, (M,).
        name: the data as the user named them, for the message.

    Returns:
        The codes of both, int64, and the class labels.

    Raises:
        NonlinError: a class occurs in the test rows alone.

    Example:
        >>> encode_classes(np.array(["no", "yes", "no"]), np.array(["yes"]), "toy")
        (tensor([0, 1, 0]), tensor([1]), ('no', 'yes'))
    """
    classes, codes = np.unique(development, return_inverse=True)
    unknown = np.setdiff1d(test, classes)
    if len(unknown):
        raise NonlinError(
            f"--data {name!r}: class {str(unknown[0])!r} is in the test rows and not in the "
            "development rows; a network cannot learn it: drop it, or split the rows anew"
        )
    test_codes = np.searchsorted(classes, test)
    return (
        torch.from_numpy(codes.astype(np.int64)),
        torch.from_numpy(test_codes.astype(np.int64)),
        tuple(str(value) for value in classes.tolist()),
    )
