"""Activations that draw: the same noise gives the same result, and modules draw it."""

from __future__ import annotations

import math
import re

import array_api_strict
import numpy as np
import pytest
import torch
from torch.nn import functional as F

import nonlin
from nonlin import nn
from nonlin.errors import NonlinError
from tolerances import SIGMAS

CATALOGUE = [nonlin.get(name) for name in nonlin.list_activations()]
DRAWING = [record for record in CATALOGUE if record.draws != "never"]
EVERY = pytest.mark.parametrize("record", DRAWING, ids=repr)


def inputs(*shape: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x, u = torch.randn(shape, generator=generator), torch.rand(shape, generator=generator)
    return x.to(dtype), u.to(dtype)


@EVERY
def test_the_same_noise_gives_the_same_in_every_library(record):
    x, u = inputs(4, 6)
    for of in (record, record.derivative):
        expected = of(x, noise=u)
        assert not torch.equal(expected, of(x))
        torch.testing.assert_close(of(x), of(x), rtol=0, atol=0)
        for make in (np.asarray, array_api_strict.asarray):
            got = of(make(x.numpy()), noise=make(u.numpy()))
            np.testing.assert_allclose(np.asarray(got), expected.numpy(), rtol=1e-12)
        for dtype in (torch.float16, torch.bfloat16, torch.float32):
            got = of(x.to(dtype), noise=u.float())
            assert got.dtype == dtype
            size = float(expected.abs().max())
            torch.testing.assert_close(
                got.double(), expected, rtol=0, atol=8 * size * torch.finfo(dtype).eps
            )
        assert of(x.numpy().astype("float32"), noise=u.numpy()).dtype == np.float32


@EVERY
def test_jax_takes_noise(record):
    jax = pytest.importorskip("jax")
    x, u = (jax.numpy.asarray(a.numpy()) for a in inputs(6, dtype=torch.float32))
    expected = record(np.asarray(x), noise=np.asarray(u))
    got = jax.jit(lambda x, u: record(x, noise=u))(x, u)
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    slope = jax.jacrev(lambda x: record(x, noise=u))(x)
    ours = record.derivative(np.asarray(x), noise=np.asarray(u))
    np.testing.assert_allclose(slope, np.diag(ours) if ours.ndim == 1 else ours, atol=1e-6)


@EVERY
def test_noise_along_any_axis(record):
    x, u = inputs(4, 6)
    if any(p.name == "axis" for p in record.parameters):
        at = record.bind(axis=0)
        torch.testing.assert_close(at(x.T, noise=u.T), record(x, noise=u).T)
        slopes = (at.derivative(x.T, noise=u.T), record.derivative(x, noise=u))
        torch.testing.assert_close(*slopes)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@EVERY
def test_every_draw_gives_numbers(record, dtype):
    """A generator may return 0; 1 and the numbers next to both are harmless too."""
    tiny, near = np.finfo("float32").smallest_subnormal, np.nextafter(np.float32(1), 0)
    draws = np.array([0.0, tiny, 1e-30, 0.5, near, 1.0])
    for u in (draws, np.zeros(6), np.ones(6)):
        for scale in (1.0, 400.0, 6e4):
            x = (np.array([-1.0, 0.0, 1.0, -0.5, 0.25, -0.25]) * scale).astype(dtype)
            u = u.astype(np.float64 if dtype == "float64" else np.float32)
            for of in (record, record.derivative):
                assert np.isfinite(of(x, noise=u)).all()


def test_what_noise_must_be():
    x = np.zeros((2, 4))
    text = "rrelu: noise of shape (4,); allowed: the input's, (2, 4)"
    with pytest.raises(NonlinError, match=f"^{re.escape(text)}$"):
        nonlin.rrelu(x, noise=np.zeros(4))
    with pytest.raises(NonlinError, match=r"^rrelu: noise of shape \(\); "):
        nonlin.rrelu.derivative(x, noise=0.5)
    with pytest.raises(NonlinError, match=r"^softmax draws nothing; got noise$"):
        nonlin.softmax(x, noise=x)
    assert nonlin.rrelu(-1.0, noise=0.0) == -0.125
    assert nonlin.rrelu(-1.0, noise=1.0) == -1 / 3


@EVERY
def test_modules_draw_when_the_record_says(record):
    module = nn.from_record(record)
    x, _ = inputs(64, 6, dtype=torch.float32)
    for training in (True, False):
        module.train(training)
        draws = record.draws == "always" or training
        torch.manual_seed(1)
        before = torch.get_rng_state()
        y, again = module(x), module(x)
        assert torch.equal(y, again) != draws
        assert torch.equal(before, torch.get_rng_state()) != draws
        torch.manual_seed(1)
        assert torch.equal(module(x), y)
        torch.manual_seed(1)
        noise = torch.rand_like(x) if draws else None
        assert torch.equal(record(x, noise=noise), y)


@EVERY
def test_modules_back_propagate_what_they_drew(record):
    module = nn.from_record(record)
    x, _ = inputs(5, 6)
    x.requires_grad_()
    torch.manual_seed(2)
    y = module(x)
    (got,) = torch.autograd.grad(y, x, x)
    torch.manual_seed(2)
    slope = record.derivative(x.detach(), noise=torch.rand_like(x))
    expected = slope * x if slope.shape == x.shape else (x.unsqueeze(-2) @ slope).squeeze(-2)
    torch.testing.assert_close(got, expected)

    def seeded(x):
        torch.manual_seed(2)
        return module(x)

    assert torch.autograd.gradcheck(seeded, (x,), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(seeded, (x,))


@EVERY
def test_modules_in_other_dtypes_and_under_transforms(record):
    module = nn.from_record(record)
    x, _ = inputs(3, 6, dtype=torch.float32)
    for dtype in (torch.float16, torch.bfloat16):
        torch.manual_seed(3)
        y = module(x.to(dtype))
        assert y.dtype == dtype
        torch.manual_seed(3)
        noise = torch.rand_like(x)  # 16 bits hold too few draws
        torch.testing.assert_close(y, record(x.to(dtype), noise=noise), rtol=0, atol=0)
    assert module(torch.empty(2, 6, device="meta")).shape == (2, 6)
    assert module(torch.empty(0, 6)).shape == (0, 6)
    same = x[:1].expand(3, 6)
    unlike = torch.func.vmap(module, randomness="different")(same)
    alike = torch.func.vmap(module, randomness="same")(same)
    assert not torch.equal(unlike[0], unlike[1])
    assert torch.equal(alike[0], alike[1])
    with pytest.raises(RuntimeError, match="random"):
        torch.func.vmap(module)(same)
    with pytest.raises(NonlinError, match=f"^{record.name}: got dtype torch.int64"):
        module(torch.ones(2, 6, dtype=torch.int64))
    torch._dynamo.reset()
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    torch.manual_seed(4)
    y = compiled(x)
    torch.manual_seed(4)
    assert torch.equal(module(x), y)
    assert not torch.equal(compiled(x), y)


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("tau", [1.0, 0.3])
def test_gumbel_softmax_is_torchs_with_the_same_draws(tau, hard):
    x, _ = inputs(32, 7)
    leaves = [x.clone().requires_grad_() for _ in range(2)]
    torch.manual_seed(5)
    theirs = F.gumbel_softmax(leaves[0], tau=tau, hard=hard)
    torch.manual_seed(5)
    u = torch.exp(-torch.empty_like(x).exponential_())
    record = nonlin.gumbel_softmax.bind(tau=tau, hard="yes" if hard else "no")
    ours = record(leaves[1], noise=u)
    torch.testing.assert_close(ours, theirs)
    for y in (theirs, ours):
        y.backward(x)
    torch.testing.assert_close(leaves[0].grad, leaves[1].grad)


def test_hard_samples_are_of_softmax():
    """Which class is drawn, and how often: softmax, whatever the temperature."""
    x = torch.tensor([0.0, 1.0, -1.0, 0.5])
    count = 2**18
    torch.manual_seed(6)
    for tau in (0.5, 2.0):
        drawn = nn.GumbelSoftmax(tau=tau, hard="yes")(x.expand(count, 4))
        assert ((drawn == 0) | (drawn == 1)).all()
        p = nonlin.softmax(x)
        deviation = (p * (1 - p) / count).sqrt()
        assert ((drawn.mean(dim=0) - p).abs() <= SIGMAS * deviation).all()


def test_rrelus_slopes_are_uniform():
    count = 2**18
    torch.manual_seed(7)
    module = nn.RReLU(lower=0.1, upper=0.5)
    slopes = module(torch.full((count,), -2.0, dtype=torch.float64)) / -2
    assert slopes.min() >= 0.1
    assert slopes.max() <= 0.5
    deviation = 0.4 / math.sqrt(12)
    assert abs(slopes.mean() - 0.3) <= SIGMAS * deviation / math.sqrt(count)
    fractions = torch.histc(slopes, 8, 0.1, 0.5) / count
    assert ((fractions - 1 / 8).abs() <= SIGMAS * math.sqrt(7 / 64 / count)).all()
    assert torch.equal(module(torch.ones(3)), torch.ones(3))


def test_torchs_rrelu_is_read():
    theirs = torch.nn.RReLU(0.1, 0.3)
    assert nn.activation_of(theirs) == nonlin.rrelu.bind(lower=0.1, upper=0.3)
    assert nn.activation_of(torch.nn.RReLU(0.2, 0.2)) == nonlin.rrelu.bind(lower=0.2, upper=0.2)
    model = nonlin.swap(torch.nn.Sequential(theirs).eval(), {"rrelu": nn.activation_of(theirs)})
    x = torch.linspace(-3, 3, 13)
    torch.testing.assert_close(model(x), theirs(x))
    x.requires_grad_()
    gradients = [torch.autograd.grad(m(x).sum(), x)[0] for m in (model, theirs)]
    torch.testing.assert_close(*gradients)
