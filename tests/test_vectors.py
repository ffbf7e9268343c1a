"""Vector-valued records against their definitions: values, Jacobians, products, every library."""

from __future__ import annotations

import dataclasses
import math
import re

import array_api_strict
import numpy as np
import pytest
import torch

import nonlin
from nonlin.errors import NonlinError
from nonlin.vector import VectorActivation
from tolerances import FLUSHED, JAX
from vectors import KINDS, SETTINGS, VECTORS, WIDTH, allowed, exact, judge, rows

EVERY = pytest.mark.parametrize("record", SETTINGS, ids=repr)
TRUE = [s for s in SETTINGS if not s.facts.surrogate]
LIBRARIES = {"numpy": np.asarray, "torch": torch.asarray, "strict": array_api_strict.asarray}


def kind_of(record: VectorActivation, kind: str):
    return record if kind == "value" else record.derivative


def rows_in_float64(record: VectorActivation, x: np.ndarray):
    """The formulas in float64, where they are the reference for float32."""
    wide = x.astype(np.float64)
    return lambda setting: (setting(wide), setting.derivative(wide))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
@EVERY
def test_matches_the_definition(record, kind, dtype):
    # Every stand-in for a derivative is softmax's.
    stand_in = kind == "derivative" and record.facts.surrogate
    reference = (lambda setting: exact(nonlin.softmax)) if stand_in else exact
    true, x = reference(record)[KINDS.index(kind)], rows(dtype)
    bound = allowed(record, kind, x, reference, dtype)
    for library in ("numpy", "torch"):
        got = np.asarray(kind_of(record, kind)(LIBRARIES[library](x)))
        assert got.dtype == dtype
        judge(got, true, bound)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("record", TRUE, ids=repr)
def test_float32_matches_float64_densely(record, kind):
    random = np.random.default_rng(5)
    for width, count in ((WIDTH, 500), (96, 5)):
        x = [random.normal(size=(count, width)) * s for s in (1e-3, 0.1, 1, 3, 10, 30)]
        x = np.concatenate(x).astype("float32")
        reference = rows_in_float64(record, x)
        bound = allowed(record, kind, x, reference, "float32")
        for library in ("numpy", "torch"):
            got = np.asarray(kind_of(record, kind)(LIBRARIES[library](x)))
            judge(got, reference(record)[KINDS.index(kind)], bound)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("record", TRUE, ids=repr)
def test_products_are_the_jacobians(record, library, dtype):
    """Along every unit vector entry by entry, so that no entry is lost; then along any vector."""
    make = LIBRARIES[library]
    x, jacobian = rows(dtype), exact(record)[1]
    bound = allowed(record, "derivative", x, exact, dtype)
    height = jacobian.shape[-2]
    for j in range(WIDTH):
        unit = np.broadcast_to(np.eye(WIDTH, dtype=dtype)[j], x.shape)
        judge(np.asarray(record.jvp(make(x), make(unit))), jacobian[..., j], bound[..., j])
    for i in range(height):
        unit = np.broadcast_to(np.eye(height, dtype=dtype)[i], (len(x), height))
        judge(np.asarray(record.vjp(make(x), make(unit))), jacobian[:, i], bound[:, i])
    random = np.random.default_rng(8)
    tangent = random.normal(size=x.shape).astype(dtype)
    gradient = random.normal(size=(len(x), height)).astype(dtype)
    slack = bound + 2 * WIDTH * np.finfo(dtype).eps * np.abs(jacobian)
    moved = np.asarray(record.jvp(make(x), make(tangent)))
    judge(
        moved,
        np.einsum("rij,rj->ri", jacobian, tangent),
        np.einsum("rij,rj->ri", slack, np.abs(tangent)),
    )
    pulled = np.asarray(record.vjp(make(x), make(gradient)))
    along = np.einsum("rij,ri->rj", slack, np.abs(gradient))
    judge(pulled, np.einsum("rij,ri->rj", jacobian, gradient), along)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@EVERY
def test_16_bit_types_are_rounded_once(record, dtype):
    x = torch.from_numpy(rows("float32")).to(dtype)
    single = x.float()
    tangent = torch.randn(x.shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    gradient = record(single).to(dtype)
    pairs = [
        (record(x), record(single)),
        (record.derivative(x), record.derivative(single)),
        (record.jvp(x, tangent), record.jvp(single, tangent.float())),
        (record.vjp(x, gradient), record.vjp(single, gradient.float())),
    ]
    for got, wide in pairs:
        assert got.dtype == dtype
        torch.testing.assert_close(got, wide.to(dtype), rtol=0, atol=0, equal_nan=True)
    if dtype == torch.float16:
        np.testing.assert_array_equal(record(x.numpy()), pairs[0][0].numpy())


@pytest.mark.parametrize("axis", [0, 1, -1, -3])
@EVERY
def test_any_axis_in_any_library(record, axis):
    random = np.random.default_rng(0)
    x = random.normal(size=(WIDTH, 2 * WIDTH, 3 * WIDTH))
    at = record.bind(axis=axis)
    last = np.moveaxis(x, axis, -1)
    value = np.moveaxis(record(last), -1, axis)
    tangent, gradient = random.normal(size=x.shape), random.normal(size=value.shape)
    moved = np.moveaxis(record.jvp(last, np.moveaxis(tangent, axis, -1)), -1, axis)
    pulled = np.moveaxis(record.vjp(last, np.moveaxis(gradient, axis, -1)), -1, axis)
    for make in LIBRARIES.values():
        results = [
            (at(make(x)), value),
            (at.derivative(make(x)), record.derivative(last)),
            (at.jvp(make(x), make(tangent)), moved),
            (at.vjp(make(x), make(gradient)), pulled),
        ]
        for got, expected in results:
            assert type(got) is type(make(x))
            np.testing.assert_allclose(np.asarray(got), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("record", VECTORS, ids=repr)
def test_jax_agrees_and_differentiates_by_the_record(record):
    jax = pytest.importorskip("jax")
    x = rows("float32")
    x = x[np.abs(x).max(axis=-1) < 1e3]
    reference = rows_in_float64(record, x)
    given = jax.numpy.asarray(x)
    for kind in KINDS:
        of, true = kind_of(record, kind), reference(record)[KINDS.index(kind)]
        bound = JAX * allowed(record, kind, x, reference, "float32")
        bound += FLUSHED * np.maximum(1, np.abs(x).max()) * 4
        for got in (of(given), jax.jit(of)(given)):
            assert isinstance(got, jax.Array)
            judge(np.asarray(got), true, bound)
    jacobian = jax.vmap(jax.jacrev(record))(given)
    forward = jax.vmap(jax.jacfwd(record))(given)
    for got in (jacobian, forward):
        np.testing.assert_allclose(got, record.derivative(given), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@EVERY
def test_nan_stays(record, library):
    for width in {WIDTH, record.facts.ratio.denominator}:
        for at in range(width):
            x = np.linspace(-1, 1, width)
            x[at] = math.nan
            y = np.asarray(record(LIBRARIES[library](x)))
            slope = np.asarray(record.derivative(LIBRARIES[library](x)))
            assert np.isnan(y).any()
            assert np.isnan(slope).any()
            if record.facts.shift_invariant:  # every output depends on every input
                assert np.isnan(y).all()
                assert np.isnan(slope).all()


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("record", [s for s in SETTINGS if s.facts.shift_invariant], ids=repr)
def test_one_infinity_gives_the_limit_and_two_have_none(record, library):
    """The limit is what a row with a huge entry in its place gives."""
    make = LIBRARIES[library]
    for at, sign in ((0, 1), (2, 1), (1, -1)):
        x = np.array([0.5, -1.0, 2.0, 0.0, 1.0, 0.25])
        x[at] = sign * math.inf
        huge = np.where(np.isinf(x), sign * 1e300, x)
        limit = np.where(
            np.abs(record(huge)) > 1e200, np.copysign(np.inf, record(huge)), record(huge)
        )
        np.testing.assert_allclose(np.asarray(record(make(x))), limit, rtol=1e-12)
        slope = np.asarray(record.derivative(make(x)))
        np.testing.assert_allclose(slope, record.derivative(huge), rtol=1e-12, atol=1e-300)
    if record.facts.smoothness >= 0:
        ends = ([math.inf, math.inf, 0.0], [-math.inf] * 3)
        unlike = [record(make(np.array(x))) for x in ends]
        flipped = [record(make(-np.array(x))) for x in ends]
        # softmin looks at the other side.
        for pair in zip(unlike, flipped, strict=True):
            assert any(np.isnan(np.asarray(y)).all() for y in pair)


@EVERY
def test_short_and_empty_axes(record):
    ratio = record.facts.ratio
    width = ratio.denominator
    for shape in ((width,), (0, width), (3, 0), (2, 0, width), (0,), (0, 0)):
        x = np.zeros(shape, dtype="float32")
        grown = (*shape[:-1], int(shape[-1] * ratio))
        for make in LIBRARIES.values():
            y = record(make(x))
            assert tuple(y.shape) == grown
            assert tuple(record.derivative(make(x)).shape) == (*grown, shape[-1])
            assert tuple(record.jvp(make(x), make(x)).shape) == grown
            assert tuple(record.vjp(make(x), y).shape) == shape
    if record.facts.sums_to_one:
        for only in (0.0, 3e38, -math.inf, math.inf):
            assert record(np.array([only])) == 1
            assert record.derivative(np.array([only])) == 0


def test_what_does_not_fit_is_told():
    cases = [
        ("softmax: got a single number; allowed: an array with an axis", nonlin.softmax, 1.0),
        ("glu: got a single number; allowed: an array with an axis", nonlin.glu, np.array(1.0)),
        (
            "softmax: axis 2 of an input of shape (3, 4); allowed: -2 to 1",
            nonlin.softmax.bind(axis=2),
            np.zeros((3, 4)),
        ),
        ("glu: axis -1 of length 3; allowed: an even length", nonlin.glu, torch.zeros(2, 3)),
        (
            "swiglu: axis 0 of length 3; allowed: an even length",
            nonlin.swiglu.bind(axis=0),
            np.zeros(3),
        ),
        (
            "maxout: axis -1 of length 4; allowed: a multiple of 3",
            nonlin.maxout.bind(pieces=3),
            np.zeros(4),
        ),
    ]
    for text, record, x in cases:
        for of in (record, record.derivative):
            with pytest.raises(NonlinError, match=f"^{re.escape(text)}$"):
                of(x)
    text = "maxout: parameter pieces=0; allowed: an integer >= 1"
    with pytest.raises(NonlinError, match=f"^{re.escape(text)}$"):
        nonlin.maxout.bind(pieces=0)
    text = "gumbel_softmax: parameter hard=True; allowed: one of no, yes"
    with pytest.raises(NonlinError, match=f"^{re.escape(text)}$"):
        nonlin.gumbel_softmax.bind(hard=True)


@pytest.mark.parametrize("record", [v for v in VECTORS if v.part and v.part.kinks], ids=repr)
def test_the_slope_at_a_kink_is_the_parts(record):
    (kink,) = record.part.kinks
    x = np.full(2, kink.at)
    x[0] = 1.0  # what a gate multiplies; for crelu a point beside the kink
    for choice in ("left", "right", "middle", "torch"):
        slope = record.derivative(x, at_kink=choice)[0, 1 if len(record(x)) == 1 else 0]
        expected = kink.slope(choice) if len(record(x)) == 1 else 1.0
        assert slope == expected
    at = nonlin.crelu.bind(at_kink="right").derivative(np.zeros(1))
    np.testing.assert_array_equal(at, [[1.0], [-1.0]])
    np.testing.assert_array_equal(nonlin.crelu.derivative(np.zeros(1)), [[0.0], [0.0]])


def test_the_judge_can_fail():
    """Products that lose the entry at a confident maximum, and a value that drifts, are refused."""

    def plain(x, vector, xp):
        s = nonlin.softmax.value(x, xp)
        return s * (vector - xp.sum(s * vector, axis=-1, keepdims=True))

    lossy = dataclasses.replace(nonlin.softmax, pullback=plain, pushforward=plain)
    drifting = dataclasses.replace(
        nonlin.softmax, value=lambda x, xp: (1 + 1e-5) * nonlin.softmax.value(x, xp)
    )
    x = rows("float32")
    for broken, kind in ((lossy, "derivative"), (drifting, "value")):
        true = exact(nonlin.softmax)[KINDS.index(kind)]
        bound = allowed(nonlin.softmax, kind, x, exact, "float32")
        judge(kind_of(nonlin.softmax, kind)(x), true, bound)
        with pytest.raises(AssertionError, match="wrong"):
            judge(kind_of(broken, kind)(x), true, bound)
