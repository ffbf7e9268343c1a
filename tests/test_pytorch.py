"""Records on PyTorch tensors: autograd, dtypes, layouts, and parity where PyTorch is right."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import nonlin
from catalogue import ELEMENTWISE, RECORDS, SETTINGS, sample
from nonlin.backends import pytorch
from nonlin.nn import from_record

EVERY = pytest.mark.parametrize("record", SETTINGS, ids=repr)
EXTREMES = [400.0, -400.0, 3e38, -3e38, 0.0, -0.0, 1e-45, -1e-45, math.inf, -math.inf, math.nan]


def inputs(record, dtype=torch.float32) -> torch.Tensor:
    x = np.concatenate([sample(record, "float32").astype(np.float64), EXTREMES])
    return torch.tensor(x, dtype=dtype)


def gradient(record, x: torch.Tensor, upstream: torch.Tensor) -> torch.Tensor:
    x = x.detach().clone().requires_grad_()
    record(x).backward(upstream)
    assert x.grad is not None
    return x.grad


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@EVERY
def test_autograd_is_the_derivative(record, dtype):
    x = inputs(record, dtype)
    for upstream in (torch.ones_like(x), torch.linspace(-2, 2, len(x)).to(dtype)):
        got = gradient(record, x, upstream)
        assert got.dtype == dtype
        if dtype.itemsize < 4:  # one rounding, after the product
            true = (record.derivative(x.float()) * upstream.float()).to(dtype)
        else:
            true = record.derivative(x) * upstream
        torch.testing.assert_close(got, true, rtol=0, atol=0, equal_nan=True)
        finite = x.isfinite()
        assert got[finite].isfinite().all()


@EVERY
def test_at_kink_reaches_autograd(record):
    for choice in ("left", "right", "middle"):
        bound = record.bind(at_kink=choice)
        for kink in record.facts.kinks:
            x = torch.tensor([kink.at, -kink.at])
            expected = torch.full((2,), kink.slope(choice))
            torch.testing.assert_close(gradient(bound, x, torch.ones(2)), expected)


def smooth_points(record) -> torch.Tensor:
    x = torch.tensor([-6.0, -2.5, -1.2, -0.4, 0.3, 0.9, 1.7, 5.0], dtype=torch.float64)
    return x if record.facts.surrogate is False else x + 100


@EVERY
def test_gradcheck(record):
    x = smooth_points(record).requires_grad_()
    assert torch.autograd.gradcheck(record, (x,))


@EVERY
def test_double_backward(record):
    x = smooth_points(record).requires_grad_()
    assert torch.autograd.gradgradcheck(record, (x,))


@pytest.mark.parametrize(
    "record", [r for r in SETTINGS if any(p.derivative for p in r.parameters)], ids=repr
)
def test_learned_parameters_pass_gradcheck(record):
    names = [p.name for p in record.parameters if p.derivative is not None]
    x = torch.randn(3, 4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x = (x * 3).requires_grad_()
    for shape in ((), (4, 1), (3, 1, 1), (3, 4, 2)):
        starts = [torch.full(shape, record.bound[n], dtype=torch.float64) for n in names]
        starts = [(s + 0.1).requires_grad_() for s in starts]

        def of(x, *tensors):
            return pytorch.value(record, x, dict(zip(names, tensors, strict=True)))

        assert torch.autograd.gradcheck(of, (x, *starts))
        assert torch.autograd.gradgradcheck(of, (x, *starts))
        grads = torch.autograd.grad(of(x, *starts).sum(), starts)
        assert [g.shape for g in grads] == [torch.Size(shape)] * len(names)


def test_learned_parameters_follow_their_closed_forms():
    x = torch.linspace(-4, 4, 33, dtype=torch.float64)
    cases = {
        "prelu": torch.where(x > 0, 0.0, x),
        "elu": torch.where(x > 0, 0.0, torch.expm1(x)),
        "swish": x**2 * torch.sigmoid(0.7 * x) * (1 - torch.sigmoid(0.7 * x)),
    }
    for name, expected in cases.items():
        parameter = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
        record = nonlin.get(name)
        key = "beta" if name == "swish" else "alpha"
        y = pytorch.value(record, x, {key: parameter})
        torch.testing.assert_close(y, record(x, **{key: 0.7}))
        upstream = torch.linspace(1, 2, 33, dtype=torch.float64)
        y.backward(upstream)
        torch.testing.assert_close(parameter.grad, (upstream * expected).sum())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_learned_parameters_in_16_bits_sum_in_float32(dtype):
    # (1 + ε)² rounds to 1 + 2ε, so that rounded terms would sum to 0.
    eps = torch.finfo(dtype).eps
    x = torch.tensor([-1 - eps, -1 - 2 * eps], dtype=dtype).repeat(512)
    upstream = torch.tensor([1 + eps, -1.0], dtype=dtype).repeat(512)
    alpha = torch.tensor(0.25, dtype=dtype, requires_grad=True)
    y = pytorch.value(nonlin.prelu, x, {"alpha": alpha})
    assert y.dtype == dtype
    y.backward(upstream)
    assert alpha.grad.dtype == dtype
    assert alpha.grad.item() == -512 * eps**2


@EVERY
def test_shapes_strides_and_layouts(record):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(2, 3, 5, 7, generator=generator)
    whole, whole_gradient = record(x), gradient(record, x, x)
    for view in (x[:, ::2], x.transpose(0, 3), x[1:, :, 1::3]):
        torch.testing.assert_close(record(view), record(view.contiguous()), rtol=0, atol=0)
        torch.testing.assert_close(
            gradient(record, view, view), gradient(record, view.contiguous(), view)
        )
    expanded = torch.tensor([[0.5], [-0.5]]).expand(2, 4)
    torch.testing.assert_close(record(expanded), record(expanded.contiguous()))
    for shape in ((), (0,), (3, 0)):
        y = gradient(record, torch.ones(shape), torch.ones(shape))
        assert y.shape == torch.Size(shape)
    offset = torch.randn(8, generator=generator)[3:]
    torch.testing.assert_close(record(offset), record(offset.clone()), rtol=0, atol=0)
    last = x.to(memory_format=torch.channels_last)
    assert record(last).is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(record(last), whole)
    torch.testing.assert_close(gradient(record, last, last), whole_gradient)


@pytest.mark.parametrize("record", RECORDS, ids=repr)
def test_no_graph_without_need(record):
    x = torch.randn(4)
    assert not record(x).requires_grad
    with torch.no_grad():
        assert not record(x.requires_grad_()).requires_grad
    assert record(x).requires_grad
    before = x.detach().clone()
    record(x).sum().backward()
    assert torch.equal(x.detach(), before)


# A few ULP of 5, the largest value compared.
PARITY = {torch.float32: 2e-6, torch.float64: 4e-15}

TORCH = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "swish": F.silu,
    "mish": F.mish,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": F.softplus,
    "softmax": lambda x: F.softmax(x, dim=-1),
    "identity": lambda x: x + 0,
    "prelu": lambda x: F.prelu(x, torch.tensor(0.25, dtype=x.dtype)),
}


def test_every_record_with_a_torch_class_is_compared():
    assert {r.name for r in RECORDS if r.torch} == TORCH.keys()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", TORCH)
def test_parity_with_torch(name, dtype):
    """Where PyTorch is right: |x| ≤ 5, which holds every kink."""
    x = torch.linspace(-5, 5, 2001, dtype=dtype)
    x = torch.cat([x, torch.zeros(1, dtype=dtype)]).requires_grad_()
    record, theirs = nonlin.get(name), TORCH[name]
    upstream = torch.linspace(-1, 1, len(x), dtype=dtype)
    torch.testing.assert_close(record(x), theirs(x), rtol=0, atol=PARITY[dtype])
    (got,) = torch.autograd.grad(record(x), x, upstream)
    (true,) = torch.autograd.grad(theirs(x), x, upstream)
    torch.testing.assert_close(got, true, rtol=0, atol=PARITY[dtype])
    if record in ELEMENTWISE:
        zero = torch.zeros(1, dtype=dtype, requires_grad=True)
        (at_zero,) = torch.autograd.grad(theirs(zero).sum(), zero)
        torch.testing.assert_close(record.derivative(zero.detach()), at_zero)


def test_tails_where_torch_is_zero():
    """Listed with each record under ``frameworks``."""
    x = torch.tensor([-8.0, -12.0], requires_grad=True)
    assert (nonlin.gelu(x) < 0).all()
    x = torch.tensor([17.0, 60.0, 80.0])
    assert (gradient(nonlin.sigmoid, x, torch.ones(3)) > 0).all()
    x = torch.tensor([9.5, -20.0, 40.0])
    assert (gradient(nonlin.tanh, x, torch.ones(3)) > 0).all()
    assert (nonlin.swish(torch.tensor([-89.0, -90.5])) < 0).all()


@EVERY
def test_function_transforms(record):
    x = smooth_points(record)
    torch.testing.assert_close(torch.func.vmap(record)(x), record(x))
    slopes = torch.func.vmap(torch.func.grad(record))(x)
    torch.testing.assert_close(slopes, record.derivative(x))


@pytest.mark.parametrize("record", SETTINGS, ids=repr)
def test_captured_by_the_compiler(record):
    """The formula is what the compiler sees; the graph's gradient is finite like ours."""
    torch._dynamo.reset()
    compiled = torch.compile(from_record(record), backend="aot_eager", fullgraph=True)
    x = torch.tensor([-400.0, -88.0, -3.0, -0.5, 0.25, 2.0, 88.0, 400.0], requires_grad=True)
    y = compiled(x)
    torch.testing.assert_close(y, record(x))
    (got,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(got, record.derivative(x.detach()))
