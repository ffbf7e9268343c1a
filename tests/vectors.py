"""The matrix of vector-valued records: settings, rows of inputs, exact values and Jacobians."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from mpmath import mp

import nonlin
from nonlin.parameter import Parameter
from nonlin.vector import VectorActivation
from tolerances import CROSSING, LOWEST, PARAMETER_ULP, ulp

CATALOGUE = [nonlin.get(name) for name in nonlin.list_activations()]
VECTORS = [record for record in CATALOGUE if isinstance(record, VectorActivation)]

# Divisible by 1, 2 and 3: halves and groups.
WIDTH = 6
# Beside it no record bends, and a difference keeps the digits of every float64 it is for.
STEP = mp.ldexp(1, -200)
BITS = 1536
# Below every float64, and well above what a difference of BITS loses.
NOTHING = mp.ldexp(1, -1100)
# Relative step by which the condition in a parameter is measured.
MOVE = 1e-6

KINDS = ("value", "derivative")


def tried(parameter: Parameter) -> list[float | int | str]:
    """Values of a parameter to test; every one that divides WIDTH where it is an integer."""
    if parameter.name == "axis":
        return []
    if parameter.choices:
        return list(parameter.choices)
    if isinstance(parameter.default, int):
        return [1, 2, 3]
    return [0.5, 2.0, 0.7, parameter.minimum + (1e-3 if parameter.exclusive else 0.0)]


SETTINGS = [
    setting
    for record in VECTORS
    for setting in dict.fromkeys(
        [record, *(record.bind(**{p.name: v}) for p in record.parameters for v in tried(p))]
    )
]
SMOOTH = [setting for setting in SETTINGS if setting.facts.smoothness == math.inf]


def rows(dtype: str) -> np.ndarray:
    """Finite inputs of every size, float32 all of them, ties and spreads among them."""
    random = np.random.default_rng(3)
    scales = (1e-30, 1e-3, 0.1, 1.0, 1.0, 5.0, 20.0, 50.0, 1e4, 1e30)
    given = [random.normal(size=WIDTH) * scale for scale in scales]
    given += [
        [400.0, -400.0, 0.0, -0.0, 1.0, -1.0],
        [-400.0] * WIDTH,
        [0.0] * WIDTH,
        [3e38, -3e38, 0.0, 1.0, 2.0, -2.0],
        [0.0, -30.0, -45.0, -60.0, -80.0, -100.0],
        [-20.0, 1.0, 1.0, -3.0, 1.0, 0.5],
        [3.0, 2.0, -1.0, 17.0, -17.0, 90.0],
        [-0.4, 0.7, 2.0, -1.3, -0.74, -40.0],
        [0.9, 1.1, 0.2, 0.0, -0.6, 0.8],
    ]
    return np.array(given).astype("float32").astype(dtype)


def definition(record: VectorActivation, x: list) -> list:
    """The record's definition with its parameters; the axis is the row."""
    bound = {name: value for name, value in record.bound.items() if name != "axis"}
    return [mp.mpf(y) for y in record.definition(mp, x, **bound)]


@cache
def exact(record: VectorActivation) -> tuple[np.ndarray, np.ndarray]:
    """Values (rows, m) and Jacobians (rows, m, n) at `rows`, by the definition.

    An entry is NaN where differences to the two sides differ: a kink or a jump.
    """
    with mp.workprec(BITS):
        results = [_at(record, [mp.mpf(float(v)) for v in row]) for row in rows("float64")]
    values, jacobians = zip(*results, strict=True)
    return np.array(values), np.array(jacobians)


def _at(record: VectorActivation, x: list) -> tuple[list[float], np.ndarray]:
    here = definition(record, x)
    columns = []
    for j in range(len(x)):
        low, high = (
            definition(record, [*x[:j], x[j] + side * STEP, *x[j + 1 :]]) for side in (-1, 1)
        )
        columns.append([_slope(*ends) for ends in zip(low, here, high, strict=True)])
    return [float(y) for y in here], np.array(columns).T


def _slope(low, here, high) -> float:
    left, right = (here - low) / STEP, (high - here) / STEP
    steeper = max(abs(left), abs(right))
    if steeper < NOTHING:
        return 0.0
    if abs(left - right) > mp.ldexp(steeper, -100):
        return math.nan
    return float((high - low) / (2 * STEP))


def moved_parameters(record: VectorActivation) -> list[VectorActivation]:
    """The record at both ends of the rounding of each parameter that is no power of two."""
    inexact = [
        name
        for name, bound in record.bound.items()
        if isinstance(bound, float) and bound and math.frexp(bound)[0] not in (0.5, -0.5)
    ]
    return [
        record.bind(**{name: record.bound[name] * (1 + step)})
        for name in inexact
        for step in (MOVE, -MOVE)
    ]


def allowed(
    record: VectorActivation,
    kind: str,
    x: np.ndarray,
    exact: Callable[[VectorActivation], tuple[np.ndarray, np.ndarray]],
    dtype: str,
) -> np.ndarray:
    """Largest error that the record's contract admits, absolute; see ``Contract``.

    Args:
        record: the activation.
        kind: "value" or "derivative".
        x: float64 rows.
        exact: the true values and Jacobians at `x` of any setting of the record.
        dtype: in which the formulas computed.
    """
    x = x.astype(np.float64)
    at = KINDS.index(kind)
    true = exact(record)[at]
    eps = float(np.finfo(dtype).eps)
    contract, part = record.contract, record.part
    bound = (contract.value_ulp, contract.derivative_ulp)[at]
    extra = np.zeros_like(true)
    for moved in moved_parameters(record):
        extra += PARAMETER_ULP * eps * np.abs(exact(moved)[at] - true) / MOVE / 2
    if kind == "value":
        extra += contract.absolute_ulp * eps
    size = 1.0 if part is None else np.abs(x).max(axis=-1).reshape(-1, *[1] * (true.ndim - 1))
    smallest = math.ldexp(1.0, LOWEST[dtype])
    folds = np.log(np.maximum(size, smallest)) - np.log(np.maximum(np.abs(true), smallest))
    bound = bound + contract.tail_ulp * np.maximum(folds, 0)
    # What was rounded while subnormal is multiplied: by x in a gated unit, else by the slope.
    steep = np.maximum(1.0, np.nanmax(np.abs(true))) if kind == "derivative" else 1.0
    extra += bound * (steep if part is None else size) * (smallest * eps)
    if part is not None and kind == "derivative":
        minimum = part.bind(**{p.name: record.bound[p.name] for p in part.parameters}).facts.minimum
        if minimum is not None:
            near = np.abs(x - minimum[0]) <= abs(minimum[0]) / 2
            extra += near[:, None, :] * bound * size * CROSSING * eps
    return bound * ulp(true, dtype) + extra


def judge(got: np.ndarray, true: np.ndarray, bound: np.ndarray) -> None:
    """Every error within `bound`; infinite only where the true result is; kinks left out."""
    largest = float(np.finfo(got.dtype).max)
    judged = np.abs(true) <= largest
    assert np.isfinite(got[judged]).all()
    error = np.abs(np.where(judged, got, 0).astype(np.float64) - np.where(judged, true, 0))
    wrong = judged & ~(error <= bound)
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0])
        raise AssertionError(
            f"at {at}: got {got[at]!r}, true {true[at]!r}, "
            f"error {error[at]:.3g}, allowed {bound[at]:.3g}; {wrong.sum()} wrong"
        )
