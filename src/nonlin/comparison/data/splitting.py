"""Rows held out at random, with every class in both parts where that can be had."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from nonlin.errors import require


def can_stratify(classes: NDArray[np.int64], fraction: float) -> bool:
    """Whether both parts can hold a row of every class.

    Args:
        classes: class codes, (N,).
        fraction: the share of rows to hold out.

    Returns:
        False where a class has a single row, or where a part has fewer rows than classes.

    Example:
        >>> can_stratify(np.array([0, 0, 1, 1]), 0.5), can_stratify(np.array([0, 0, 1, 1]), 0.2)
        (True, False)
    """
    counts = np.unique(classes, return_counts=True)[1]
    held = math.ceil(fraction * len(classes))
    return counts.min() >= 2 and min(held, len(classes) - held) >= len(counts)


def hold_out(
    rows: int, fraction: float, seed: int, classes: NDArray[np.int64] | None = None, keep: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Hold out a share of the rows, rounded up, in random order.

    Args:
        rows: how many rows there are.
        fraction: the share to hold out, between 0 and 1.
        seed: 0..2³²−1; the same seed gives the same rows.
        classes: class codes, (rows,), to stratify by; None to draw from all rows alike.
        keep: where the classes are too small to stratify, how many rows of each are kept.

    Returns:
        Indices of the rows that are kept and of those held out, int64.

    Example:
        >>> kept, held = hold_out(20, 0.15, seed=0)
        >>> len(kept), len(held)
        (17, 3)
    """
    count = math.ceil(fraction * rows)
    if classes is not None and not can_stratify(classes, fraction):
        return _hold_out_sparing_classes(count, seed, classes, keep)
    selection = require("sklearn.model_selection", "lab", "splitting data")
    kept, held = selection.train_test_split(
        np.arange(rows), test_size=count, random_state=seed, stratify=classes
    )
    return kept, held


def _hold_out_sparing_classes(
    count: int, seed: int, classes: NDArray[np.int64], keep: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    seen: Counter[int] = Counter()
    kept: list[int] = []
    held: list[int] = []
    for row in np.random.default_rng(seed).permutation(len(classes)).tolist():
        seen[int(classes[row])] += 1
        spared = seen[int(classes[row])] <= keep
        (kept if spared or len(held) == count else held).append(row)
    return np.array(kept, dtype=np.int64), np.array(held, dtype=np.int64)
