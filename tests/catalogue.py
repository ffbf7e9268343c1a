"""The conformance matrix, generated from the registry: settings of records and samples of x."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

import nonlin
from nonlin.activation import Activation
from nonlin.certification import exact as reference
from nonlin.facts import Facts
from nonlin.parameter import Parameter
from tolerances import CROSSING, LOWEST, PARAMETER_ULP, PRECISION, ulp

RECORDS: list[Activation] = [nonlin.get(name) for name in nonlin.list_activations()]
ELEMENTWISE = [record for record in RECORDS if isinstance(record.facts, Facts)]
VECTORS = [record for record in RECORDS if record not in ELEMENTWISE]


def tried(parameter: Parameter) -> list[float | str]:
    """Values of a parameter to test: all words, or the default, ½, 2 and the domain's edge."""
    if parameter.choices:
        return list(parameter.choices)
    edge = parameter.minimum + 2**-6 if parameter.exclusive else parameter.minimum
    values = [parameter.default, 0.5, 2.0, 0.0, -0.5, edge]
    return [v for v in values if math.isfinite(v) and parameter.allows(v)]


def settings(record: Activation) -> list[Activation]:
    """A record with its parameters varied one at a time, and with each framework's own."""
    given = [{p.name: v} for p in record.parameters for v in tried(p)]
    given += [dict(c.parameters) for c in record.conventions.values()]
    whole = [{**record.bound, **changes} for changes in given]
    fitting = [w for w in whole if all(w[low] < w[high] for low, high in record.ordered)]
    return list(dict.fromkeys([record, *(record.bind(**w) for w in fitting)]))


SETTINGS = [setting for record in ELEMENTWISE for setting in settings(record)]


def special_points(record: Activation) -> list[float]:
    """Kinks, zeros and the minimum, each with close neighbours, and the far extremes."""
    centres = [0.0, *(kink.at for kink in record.facts.kinks), *record.facts.roots]
    if record.facts.minimum is not None:
        centres.append(record.facts.minimum[0])
    steps = [0.0, 1e-45, 1e-38, 1e-20, 1e-7, 1e-3]
    near = [c + s * sign * max(abs(c), 1.0) for c in centres for s in steps for sign in (1, -1)]
    return [*near, -0.0, 400.0, -400.0, 88.7, -88.7, 89.5, -89.5, -104.0, 104.0]


@cache
def sample(record: Activation, dtype: str) -> np.ndarray:
    """Stratified finite inputs: special points, every sixth binade, the middle, the tails."""
    random = np.random.default_rng(7)
    bits = PRECISION[dtype]
    lowest, highest = LOWEST[dtype] - bits + 1, 1 - LOWEST[dtype]
    step = 6 if dtype == "float32" else 48
    binades = np.ldexp(
        random.uniform(1, 2, size=(highest - lowest) // step + 1),
        np.arange(lowest, highest + 1, step),
    )
    reach = -math.log(2.0) * lowest
    x = np.concatenate(
        [
            special_points(record),
            binades,
            -binades,
            random.uniform(-8, 8, 60),
            np.arange(-40, 41) + random.uniform(-0.5, 0.5, 81),
            random.uniform(-reach, reach, 60),
            random.uniform(-math.sqrt(2 * reach), 0, 20),
            random.uniform(-1000, 1000, 20) * reach,
        ]
    )
    return np.unique(x.astype(dtype))


def dense_sample(dtype: str, count: int = 20_000) -> np.ndarray:
    """Many finite inputs, for where a formula in a wider dtype is the reference."""
    random = np.random.default_rng(11)
    quarter = count // 4
    binades = np.ldexp(random.uniform(1, 2, quarter), random.integers(-149, 127, quarter))
    x = np.concatenate(
        [
            binades * random.choice([-1, 1], quarter),
            random.uniform(-8, 8, quarter),
            random.uniform(-110, 30, quarter),
            random.uniform(-2, 2, quarter),
        ]
    )
    return np.unique(x.astype(dtype))


def condition(record: Activation, kind: str, x: np.ndarray) -> np.ndarray:
    """Σ |p·∂/∂p| of value or derivative over the parameters that are rounded, at float64 `x`."""
    total = np.zeros_like(x)
    for name in reference.rounded_parameters(record):
        at = record.bound[name]
        moved = [record.bind(**{name: at * (1 + s)}) for s in (1e-6, -1e-6)]
        ends = [r(x) if kind == "value" else r.derivative(x) for r in moved]
        total += np.abs(ends[0] - ends[1]) / 2e-6
    return total


def allowed(
    record: Activation,
    kind: str,
    x: np.ndarray,
    true: np.ndarray,
    dtype: str,
) -> np.ndarray:
    """Largest error the record's contract admits at `x`, absolute; see ``Contract``."""
    contract = record.contract
    unit = ulp(true, dtype)
    facts = record.facts
    derivative_zeros = (facts.minimum[0],) if facts.minimum is not None else ()
    for at in facts.roots if kind == "value" else derivative_zeros:
        crossing = np.abs(x - at) <= abs(at) / 2
        unit = np.where(crossing, np.maximum(unit, ulp(np.array(CROSSING), dtype)), unit)
    bound = contract.value_ulp if kind == "value" else contract.derivative_ulp
    smallest = math.ldexp(1.0, LOWEST[dtype] - PRECISION[dtype] + 1)
    folds = np.maximum(0.0, -np.log(np.maximum(np.abs(true), smallest)))
    rounded = PARAMETER_ULP * condition(record, kind, x) * math.ldexp(1.0, 1 - PRECISION[dtype])
    return (bound + contract.tail_ulp * folds) * unit + rounded
