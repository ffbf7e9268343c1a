"""Vector-valued records on PyTorch, their facts, and parity with each framework's function."""

from __future__ import annotations

import importlib
import math
import os

import numpy as np
import pytest
import torch

import nonlin
from nonlin import nn
from nonlin.conventions import Convention
from vectors import BITS, SETTINGS, VECTORS, WIDTH, definition, exact, mp, rows

os.environ.setdefault("KERAS_BACKEND", "torch")

EVERY = pytest.mark.parametrize("record", SETTINGS, ids=repr)
TRUE = pytest.mark.parametrize("record", [s for s in SETTINGS if not s.facts.surrogate], ids=repr)
SINGLE = float(np.finfo("float32").eps)


def points(*shape: int, scale: float = 1.0) -> torch.Tensor:
    """No two entries of a row closer than 0.1: away from ties and kinks."""
    random = np.random.default_rng(4)
    count = math.prod(shape[:-1])
    steps = np.stack([random.permutation(shape[-1]) for _ in range(count)])
    x = (steps - shape[-1] / 2 + random.uniform(0.2, 0.8, steps.shape)) * 0.4 * scale
    return torch.tensor(x.reshape(shape))


@TRUE
def test_gradcheck_in_both_modes_and_twice(record):
    # A temperature is a length: beside a low one a step would be long.
    scale = min((v for v in record.bound.values() if isinstance(v, float) and v), default=1.0)
    x = points(2, WIDTH, scale=scale).requires_grad_()
    steps = {"eps": 1e-6 * scale, "rtol": 1e-4, "atol": 1e-6 / scale}
    assert torch.autograd.gradcheck(record, (x,), check_forward_ad=True, **steps)
    if scale > 0.1:
        assert torch.autograd.gradgradcheck(record, (x,), check_fwd_over_rev=True)


@pytest.mark.parametrize("axis", [0, 1, -1])
@EVERY
def test_backward_is_the_jacobian(record, axis):
    at = record.bind(axis=axis)
    x = points(WIDTH, WIDTH).requires_grad_()
    y = at(x)
    upstream = torch.randn(y.shape, dtype=y.dtype, generator=torch.Generator().manual_seed(3))
    (got,) = torch.autograd.grad(y, x, upstream)
    along = upstream.movedim(axis, -1)
    expected = (along.unsqueeze(-2) @ at.derivative(x.detach())).squeeze(-2).movedim(-1, axis)
    torch.testing.assert_close(got, expected)


@EVERY
def test_extremes_back_propagate_finite_gradients(record):
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        x = torch.from_numpy(rows("float32")).to(dtype)
        x = x[x.abs().amax(dim=-1) < 150].requires_grad_()
        y = record(x)
        assert y.dtype == dtype
        (got,) = torch.autograd.grad(y, x, torch.ones_like(y))
        assert got.dtype == dtype
        assert y.isfinite().all()
        assert got.isfinite().all()


@EVERY
def test_layouts(record):
    x = torch.randn(2, WIDTH, 5, WIDTH, generator=torch.Generator().manual_seed(1))
    last = x.to(memory_format=torch.channels_last)
    for at in (record, record.bind(axis=1)):
        for view in (last, x.transpose(1, 3), x.flip(2), x.expand(2, *x.shape[1:])):
            torch.testing.assert_close(at(view), at(view.contiguous()), rtol=0, atol=0)


@pytest.mark.parametrize("record", VECTORS, ids=repr)
def test_captured_by_the_compiler_and_batched(record):
    torch._dynamo.reset()
    module = nn.from_record(record).eval()
    x = points(3, WIDTH).requires_grad_()
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    results = []
    for of in (compiled, module, torch.func.vmap(module, randomness="different")):
        torch.manual_seed(0)
        y = of(x)
        results.append((y, *torch.autograd.grad(y.square().sum(), x)))
    torch.testing.assert_close(results[1], results[0])
    if record.draws == "never":
        torch.testing.assert_close(results[1], results[2])
        jacobians = torch.func.vmap(torch.func.jacrev(record))(x)
        torch.testing.assert_close(jacobians, record.derivative(x.detach()))
        forward = torch.func.vmap(torch.func.jacfwd(record))(x)
        torch.testing.assert_close(forward, record.derivative(x.detach()))


@EVERY
def test_facts(record):
    facts = record.facts
    random = np.random.default_rng(0)
    x = np.concatenate([random.normal(size=(64, WIDTH)) * s for s in (0.1, 1, 5, 1e30)])
    y = record(x)
    assert y.shape[-1] == WIDTH * facts.ratio
    assert np.allclose(y.sum(axis=-1), 1, rtol=0, atol=1e-14) == facts.sums_to_one
    shifted = record(x[:128] + 0.5)
    assert np.allclose(shifted, y[:128], rtol=1e-9, atol=1e-12) == facts.shift_invariant
    degrees = [k for k in range(3) if np.allclose(record(3 * x[:128]), 3**k * y[:128], rtol=1e-12)]
    assert degrees == ([] if facts.homogeneous is None else [facts.homogeneous])
    if not facts.surrogate:
        return
    jacobian = exact(record)[1]
    known = ~np.isnan(jacobian)
    assert not np.allclose(record.derivative(rows("float64"))[known], jacobian[known])


@EVERY
def test_range(record):
    facts = record.facts
    random = np.random.default_rng(0)
    x = [random.normal(size=(16, WIDTH)) * s for s in (0.1, 1, 30, 1e30)]
    y = record(np.concatenate(x))
    inside = []
    if math.isfinite(facts.range.low) or math.isfinite(facts.range.high):
        # By the definition with digits enough that nothing rounds to an end it does not reach.
        with mp.workprec(8 * BITS):
            given = np.concatenate([x[0][:2], x[1]])
            inside = [definition(record, [mp.mpf(v) for v in row]) for row in given]
    for end, reached, nearest in (
        (facts.range.low, facts.range.low_reached, y.min()),
        (facts.range.high, facts.range.high_reached, y.max()),
    ):
        if math.isinf(end):
            assert nearest * end > 0
            assert abs(nearest) > 1e20
            continue
        assert nearest == pytest.approx(end, abs=1e-9)
        assert any(value == end for row in inside for value in row) == reached
        assert all(facts.range.low <= value <= facts.range.high for row in inside for value in row)


@EVERY
def test_smoothness(record):
    """On random lines: a jump of the value, or of the derivative, that no bisection resolves."""
    random = np.random.default_rng(2)

    def jumps(of) -> bool:
        """Whether the largest step of `of` stays when the interval around it is halved."""
        for _ in range(8):
            start, along = random.normal(size=(2, WIDTH))
            at = lambda t: of(start + np.asarray(t)[:, None] * along, along)  # noqa: E731, B023
            t = np.linspace(-3, 3, 601)
            first = None
            for _ in range(5):
                steps = np.abs(np.diff(at(t), axis=0)).max(axis=-1)
                first = steps.max() if first is None else first
                worst = np.argmax(steps)
                t = np.linspace(t[worst], t[worst + 1], 17)
            if steps.max() > 0.5 * first > 1e-3:
                return True
        return False

    value = jumps(lambda x, along: record(x))
    slope = jumps(lambda x, along: record.jvp(x, np.broadcast_to(along, x.shape)))
    found = -1 if value else 0 if slope else math.inf
    assert found == record.facts.smoothness


OFFERED = [(v, framework) for v in VECTORS for framework in v.conventions]


def offered(convention: Convention):
    """The framework's function with the arguments that make it the record's."""
    path, _, name = convention.call.rpartition(".")
    function = getattr(importlib.import_module(path), name)
    return lambda x: function(x, **convention.arguments)


def compared(record, framework: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Value (rows, m) and Jacobian (rows, m, n) as the framework's autograd has them."""
    function = offered(record.conventions[framework])
    if framework == "jax":
        jax = pytest.importorskip("jax")
        given = jax.numpy.asarray(x)
        return np.asarray(function(given)), np.asarray(jax.vmap(jax.jacrev(function))(given))
    if framework == "keras":
        keras = pytest.importorskip("keras")
        if keras.backend.backend() != "torch":
            pytest.skip("Keras runs on another backend here")
    given = torch.tensor(x, requires_grad=True)
    y = function(given)
    jacobian = [
        torch.autograd.grad(column.sum(), given, retain_graph=True)[0] for column in y.unbind(1)
    ]
    return y.detach().numpy(), torch.stack(jacobian, dim=1).numpy()


@pytest.mark.parametrize(("record", "framework"), OFFERED, ids=str)
def test_parity(record, framework):
    """In the middle equal; at the extremes wrong exactly where the convention says so."""
    if record.draws == "always":
        pytest.skip("test_noise compares it with the same draws")
    ours = record.bind(like=framework)
    wrong = record.conventions[framework].wrong
    x = np.random.default_rng(6).normal(size=(256, WIDTH)).astype("float32") * 2
    value, jacobian = compared(record, framework, x)
    right = np.ones(len(x), dtype=bool)
    if record.facts.sums_to_one:
        right = np.abs(value.sum(axis=-1) - 1) < WIDTH * SINGLE
        assert right.all() or wrong
        assert right.sum() > len(x) / 4
    for got, true in ((value, ours(x)), (jacobian, ours.derivative(x))):
        size = np.abs(true).max(axis=tuple(range(1, true.ndim)), keepdims=True, initial=1.0)
        assert (np.abs(got - true) <= 16 * SINGLE * size)[right].all()
    x = rows("float32")
    x, true = x[np.abs(x).max(-1) < 1e3], exact(record)
    kept = np.abs(rows("float32")).max(-1) < 1e3
    relative = []
    for got, expected in zip(compared(record, framework, x), true, strict=True):
        expected = expected[kept]
        judged = np.abs(expected) > 1e-30
        relative.append((np.abs(got - expected)[judged] / np.abs(expected)[judged]).max())
    assert (max(relative) > 0.5) == bool(wrong)


def test_kerass_sparsemax_sums_partial_sums():
    x = np.array([[0.5, 0.5]], dtype="float32")
    theirs, _ = compared(nonlin.sparsemax, "keras", x)
    np.testing.assert_allclose(theirs, [[0.25, 0.25]])
    np.testing.assert_allclose(nonlin.sparsemax(x), [[0.5, 0.5]])


def test_frameworks_give_nan_for_one_infinity():
    x = torch.tensor([0.0, math.inf])
    for theirs in (torch.nn.functional.softmax, torch.nn.functional.log_softmax):
        assert theirs(x, dim=-1).isnan().any()
    assert nonlin.softmax(x).tolist() == [0.0, 1.0]
    assert nonlin.log_softmax(x).tolist() == [-math.inf, 0.0]


@pytest.mark.parametrize("record", [v for v in VECTORS if v.torch], ids=repr)
def test_torchs_class_is_read_and_swapped(record):
    made = getattr(torch.nn, record.torch)
    x = points(WIDTH, WIDTH).float()
    for axis in (0, 1, -1):
        theirs = made(dim=axis)
        assert nn.activation_of(theirs) == record.bind(axis=axis)
        model = nonlin.swap(torch.nn.Sequential(theirs), {record.name: record.bind(axis=axis)})
        assert isinstance(model[0], getattr(nn, record.class_name))
        torch.testing.assert_close(model(x), theirs(x))
