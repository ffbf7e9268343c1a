"""Records on PyTorch tensors: autograd, dtypes, layouts, devices, modes."""

from __future__ import annotations

import math

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

import nonlin
from catalogue import RECORDS, SETTINGS, VECTORS
from nonlin.backends import pytorch
from nonlin.conventions import Convention
from nonlin.errors import InputTypeError
from nonlin.nn import from_record
from tensors import (
    DTYPES,
    EVERY,
    WIDTH,
    finite_inputs,
    gradient,
    random_input,
    same,
    seeded,
)

every = pytest.mark.parametrize("record", EVERY, ids=repr)
each = pytest.mark.parametrize("record", RECORDS, ids=repr)
PLAIN = Convention(call="")
in_every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


@in_every_dtype
@every
def test_autograd_is_the_derivative(record, dtype):
    """To the last bit, with one rounding of 16-bit types after the product."""
    x = finite_inputs(record, dtype)
    if record in SETTINGS:
        x = torch.cat([x.flatten(), torch.tensor([math.inf, -math.inf, math.nan], dtype=dtype)])
    if record in CALLED:
        x = x[~x.isnan()]  # Where PyTorch's gradient is 0 or 1.
    y = record(x)
    upstream = torch.linspace(-2, 2, y.numel()).reshape(y.shape).to(dtype)
    got = gradient(record, x, upstream)
    assert got.dtype == y.dtype == dtype
    same(got, record.vjp(x, upstream))
    if record in SETTINGS:
        wide = x.float() if dtype.itemsize < 4 else x
        same(got, (record.derivative(wide) * upstream.to(wide.dtype)).to(dtype))


CALLED = [record for record in EVERY if record.conventions.get("torch", PLAIN).called]


@in_every_dtype
@pytest.mark.parametrize("record", CALLED, ids=repr)
def test_pytorch_s_own_function_gives_the_formula_s_bits(record, dtype):
    """But for the gradient at NaN, which PyTorch takes for 0 or 1."""
    node = type(record(torch.ones(1).requires_grad_()).grad_fn).__name__
    assert ("BothBackward" in node) == (record.bound.get("alpha") == 0)  # 0·∞ is NaN there.
    x = torch.cat([finite_inputs(record, dtype).flatten(), -torch.zeros(1, dtype=dtype)])
    x = torch.cat([x, torch.tensor([math.inf, -math.inf], dtype=dtype)])
    for kink in record.kinks:
        x = torch.cat([x, torch.tensor([kink.at], dtype=dtype)])
    upstream = torch.linspace(-2, 2, len(x)).to(dtype)
    assert torch.equal(record(x), pytorch.evaluate(record, x, {}))
    assert torch.equal(gradient(record, x, upstream), record.vjp(x, upstream))
    assert record(torch.tensor([math.nan], dtype=dtype)).isnan().all()


@in_every_dtype
@every
def test_finite_where_the_truth_is(record, dtype):
    """No NaN or infinity from finite input but where the true value leaves the dtype."""
    x = finite_inputs(record, dtype)
    for got, true in (
        (record(x), record(x.double())),
        (gradient(record, x), gradient(record, x.double())),
    ):
        assert not got.isnan().any()
        assert (got.isfinite() | (true.abs() > torch.finfo(dtype).max / 2)).all()


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


@pytest.mark.parametrize("record", SETTINGS, ids=repr)
def test_shapes_strides_and_layouts(record):
    x = random_input(2, 3, 5, 7)
    for view in (x[:, ::2], x.transpose(0, 3), x[1:, :, 1::3]):
        same(record(view), record(view.contiguous()))
        same(gradient(record, view, view), gradient(record, view.contiguous(), view))
    assert record(x.transpose(0, 3)).stride() == x.transpose(0, 3).stride()
    expanded = torch.tensor([[0.5], [-0.5]]).expand(2, 4)
    same(record(expanded), record(expanded.contiguous()))
    for shape in ((), (0,), (3, 0)):
        assert gradient(record, torch.ones(shape)).shape == torch.Size(shape)
    offset = random_input(8)[3:]
    same(record(offset), record(offset.clone()))
    for memory, image in (
        (torch.channels_last, x),
        (torch.channels_last_3d, random_input(2, 3, 4, 2, 5)),
    ):
        last = image.to(memory_format=memory)
        same(record(last), record(image))
        assert record(last).is_contiguous(memory_format=memory)
        assert gradient(record, last).is_contiguous(memory_format=memory)


@pytest.mark.parametrize("record", VECTORS, ids=repr)
def test_views_of_vectors(record):
    x = random_input(2, 6, 4, WIDTH)
    for view in (x[:, ::2], x.transpose(1, 3), x.to(memory_format=torch.channels_last)):
        same(record(view), record(view.contiguous()))
        torch.testing.assert_close(gradient(record, view), gradient(record, view.contiguous()))
    assert record(x[:0]).shape[0] == 0
    assert gradient(record, x[:0]).shape == x[:0].shape


@pytest.mark.parametrize("record", RECORDS, ids=repr)
def test_no_graph_without_need(record):
    x = random_input(WIDTH)
    assert not record(x).requires_grad
    with torch.no_grad():
        assert not record(x.requires_grad_()).requires_grad
    assert record(x).requires_grad
    before = x.detach().clone()
    record(x).sum().backward()
    assert torch.equal(x.detach(), before)


@each
def test_no_graph_in_inference_mode(record):
    x = random_input(3, WIDTH)
    with torch.inference_mode():
        y = record(x)
    assert y.is_inference()
    same(y.clone(), record(x))


@each
def test_a_tensor_inside_a_graph(record):
    """Its gradient passes on, and the tensor may be used twice."""
    start = random_input(3, WIDTH).requires_grad_()
    x = 2 * start
    (record(x).sum() + record(x).sum()).backward()
    torch.testing.assert_close(start.grad, 4 * gradient(record, x))


@pytest.mark.parametrize("lower", [torch.bfloat16, torch.float16], ids=str)
@each
def test_autocast_keeps_the_dtype(record, lower):
    module = from_record(record).eval()
    with torch.autocast("cpu", dtype=lower):
        for dtype in DTYPES:
            x = random_input(3, WIDTH).to(dtype).requires_grad_()
            y = seeded(module, x)
            assert y.dtype == dtype
            y.sum().backward()
            assert x.grad.dtype == dtype
            same(y.detach(), seeded(lambda x: outside_autocast(module, x), x.detach()))


def outside_autocast(module, x):
    with torch.autocast("cpu", enabled=False):
        return module(x)


@each
def test_without_data(record):
    """On the meta device and of fake tensors: shape, dtype and device, and a gradient's too."""
    whole = record(torch.ones(4, WIDTH, dtype=torch.bfloat16))
    x = torch.ones(4, WIDTH, device="meta", dtype=torch.bfloat16, requires_grad=True)
    y = record(x)
    assert (y.shape, y.dtype, y.device.type) == (whole.shape, whole.dtype, "meta")
    (to_x,) = torch.autograd.grad(y.sum(), x)
    assert (to_x.shape, to_x.device.type) == (x.shape, "meta")
    with FakeTensorMode():
        x = torch.ones(4, WIDTH, requires_grad=True)
        y = from_record(record)(x)
        y.sum().backward()
    assert y.shape == whole.shape
    assert x.grad is not None


@each
def test_refused_dtypes(record):
    for dtype in (torch.int64, torch.bool, torch.complex64):
        x = torch.ones(WIDTH, dtype=dtype)
        for call in (record, record.derivative, from_record(record)):
            with pytest.raises(InputTypeError, match=f"^{record.name}: got dtype {dtype}; allowed"):
                call(x)
