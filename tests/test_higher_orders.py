"""Second and third derivatives, which autograd takes from the derivative's formula."""

from __future__ import annotations

import jax
import mpmath
import pytest
import torch

from catalogue import ELEMENTWISE
from tolerances import HIGHER

SMOOTH = [r for r in ELEMENTWISE if r.facts.smoothness == float("inf") and r.definition]
# 0 above all, where formulas change from one side to the other.
POINTS = (0.0, -0.0, -3.0, -1.0, -0.5, 0.5, 1.0, 3.0)

every = pytest.mark.parametrize("record", SMOOTH, ids=repr)


def true(record, point: float, order: int) -> float:
    with mpmath.workprec(200):
        return float(
            mpmath.diff(lambda x: record.definition(mpmath, x, **record.bound), point, order)
        )


@every
@pytest.mark.parametrize("save", ["auto", "input"])
def test_with_pytorch(record, save):
    x = torch.tensor(POINTS, dtype=torch.float64, requires_grad=True)
    y = record(x, save=save)
    for order in (1, 2, 3):
        y = torch.autograd.grad(y.sum(), x, create_graph=True)[0] if y.requires_grad else 0 * x
        wanted = [true(record, point, order) for point in POINTS]
        torch.testing.assert_close(y.detach(), torch.tensor(wanted, dtype=torch.float64), **HIGHER)


@every
def test_with_jax(record):
    with jax.enable_x64(True):
        derivative = record
        for order in (1, 2, 3):
            derivative = jax.grad(derivative)
            got = [float(derivative(jax.numpy.asarray(point))) for point in POINTS]
            wanted = [true(record, point, order) for point in POINTS]
            assert got == pytest.approx(wanted, rel=HIGHER["rtol"], abs=HIGHER["atol"])
