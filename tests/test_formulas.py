"""Values and derivatives of every record, setting, backend and dtype against the definition."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

import nonlin
from catalogue import RECORDS, SETTINGS, allowed, dense_sample, sample
from nonlin.activation import Activation
from nonlin.backends.namespace import namespace_of
from nonlin.certification import exact as reference
from tolerances import LOWEST, PRECISION, ROUNDED, ulp

KINDS = ("value", "derivative")
LIBRARIES = ("numpy", "torch")


def evaluate(record: Activation, kind: str, x: np.ndarray, library: str) -> np.ndarray:
    of = record if kind == "value" else record.derivative
    return of(x) if library == "numpy" else of(torch.from_numpy(x)).numpy()


def check(got: np.ndarray, x: np.ndarray, high, low, bound, dtype: str) -> None:
    """Every error within `bound`; infinite only where the true result rounds to infinity."""
    largest = float(np.finfo(dtype).max)
    overflows = np.abs(high) > largest * (1 - 2.0 ** -PRECISION[dtype])
    assert np.isfinite(got[~overflows]).all(), x[~overflows & ~np.isfinite(got)]
    with np.errstate(over="ignore", invalid="ignore"):
        error = np.abs((got.astype(np.float64) - high) - low)
    wrong = ~overflows & (error > bound)
    if not wrong.any():
        return
    worst = np.argmax(np.where(wrong, error / ulp(high, dtype), 0))
    unit = ulp(high[worst], dtype)
    raise AssertionError(
        f"x={x[worst]!r}: got {got[worst]!r}, true {high[worst]!r}: "
        f"{error[worst] / unit:.3g} ULP, allowed {bound[worst] / unit:.3g}; "
        f"{wrong.sum()} wrong in [{x[wrong].min()}, {x[wrong].max()}]"
    )


def differentiable(record: Activation, x: np.ndarray) -> np.ndarray:
    return x[~np.isin(x, [kink.at for kink in record.facts.kinks])]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("record", SETTINGS, ids=repr)
def test_matches_the_definition(record, kind, dtype):
    if kind == "derivative" and record.facts.surrogate:
        pytest.skip("a surrogate is no derivative; test_facts holds it to its formula")
    # The reference costs most; what parameters change, fewer points show too.
    x = sample(record, dtype)[:: 1 if record in RECORDS else 3]
    if kind == "derivative":
        x = differentiable(record, x)
    high, low = np.array([reference.exact(record, kind, float(v)) for v in x]).T
    bound = allowed(record, kind, x.astype(np.float64), high, dtype)
    for library in LIBRARIES:
        check(evaluate(record, kind, x, library), x, high, low, bound, dtype)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("record", SETTINGS, ids=repr)
def test_float32_matches_float64_densely(record, kind):
    x = dense_sample("float32")
    wide = x.astype(np.float64)
    true = evaluate(record, kind, wide, "numpy")
    bound = allowed(record, kind, wide, true, "float32")
    for library in LIBRARIES:
        check(evaluate(record, kind, x, library), x, true, 0.0, bound, "float32")


def every_16_bit_value(dtype: torch.dtype) -> torch.Tensor:
    return torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(dtype)


@pytest.mark.usefixtures("formulas")
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("record", SETTINGS, ids=repr)
def test_16_bit_types_are_rounded_once(record, kind, dtype):
    x = every_16_bit_value(getattr(torch, dtype))
    of = record if kind == "value" else record.derivative
    got, single = of(x), of(x.float())
    assert got.dtype == x.dtype
    torch.testing.assert_close(got, single.to(x.dtype), rtol=0, atol=0, equal_nan=True)
    assert torch.equal(got.isnan(), x.isnan())
    finite = x.isfinite()
    wide = x[finite].double().numpy()
    true = of(wide)
    # Rounded once from a float32 result that its own contract bounds.
    bound = ROUNDED * ulp(true, dtype) + allowed(record, kind, wide, true, "float32")
    largest = torch.finfo(x.dtype).max
    fits = np.abs(true) < largest * (1 + 2.0 ** -(PRECISION[dtype] + 1))
    results = [got[finite].double().numpy()]
    if dtype == "float16":
        results.append(of(x[finite].numpy()).astype(np.float64))
    for result in results:
        assert np.isfinite(result[fits]).all()
        assert (np.abs(result - true)[fits] <= bound[fits]).all()


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("record", SETTINGS, ids=repr)
def test_infinities_give_the_limits_and_nan_stays(record, dtype, library):
    x = np.array([-np.inf, np.inf, np.nan], dtype=dtype)
    for kind, limits in (("value", record.facts.limits), ("derivative", record.facts.slope_limits)):
        got = evaluate(record, kind, x, library)
        expected = np.array([*limits, np.nan]).astype(dtype)
        np.testing.assert_allclose(got, expected, rtol=4 * np.finfo(dtype).eps, atol=0)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("record", SETTINGS, ids=repr)
def test_a_function_that_changes_sign_at_zero_keeps_the_sign_of_zero(record, library):
    left, at, right = (reference.value(record, x) for x in (-1e-30, 0.0, 1e-30))
    zeros = evaluate(record, "value", np.array([-0.0, 0.0]), library)
    if at == 0:
        assert (zeros == 0).all()
    if at == 0 and left < 0 < right:
        assert list(np.signbit(zeros)) == [True, False]


LEARNED = [(r, p) for r in SETTINGS for p in r.parameters if p.derivative is not None]


@pytest.mark.parametrize(("record", "parameter"), LEARNED, ids=lambda v: getattr(v, "name", v))
def test_derivative_of_a_learned_parameter(record, parameter):
    x = sample(record, "float64")
    x = x[np.abs(x) < 1e6]
    got = parameter.derivative(x, namespace_of(x), **record.bound)
    true = np.array([reference.by_parameter(record, parameter.name, float(v)) for v in x])
    bound = 2 * record.contract.value_ulp * ulp(true, "float64")
    for name in reference.rounded_parameters(record):
        # ln of the result is at most β|x| below 0, and β·x is rounded.
        bound += np.abs(record.bound[name] * x * true) * np.finfo(float).eps
    check(got, x, true, 0.0, bound, "float64")


def test_the_judge_can_fail():
    """A formula that loses its tail, one that overflows and one that drifts are all refused."""

    def judged(value):
        record = dataclasses.replace(nonlin.sigmoid, value=value)
        x = sample(nonlin.sigmoid, "float32")
        high, low = np.array([reference.exact(nonlin.sigmoid, "value", float(v)) for v in x]).T
        bound = allowed(record, "value", x.astype(float), high, "float32")
        check(evaluate(record, "value", x, "numpy"), x, high, low, bound, "float32")

    judged(nonlin.sigmoid.value)
    for broken in (
        lambda x, xp: 1.0 / (1.0 + xp.exp(-x)),
        lambda x, xp: xp.exp(x) / (1.0 + xp.exp(x)),
        lambda x, xp: (1.0 + 1e-6) * nonlin.sigmoid.value(x, xp),
    ):
        with pytest.raises(AssertionError):
            judged(broken)


def test_every_dtype_is_in_the_table():
    assert PRECISION.keys() == LOWEST.keys()
