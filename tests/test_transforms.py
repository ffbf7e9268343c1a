"""torch.func, forward mode and second order, for every record and learned parameter."""

from __future__ import annotations

import dataclasses
import threading

import pytest
import torch
from torch.autograd import forward_ad, gradcheck, gradgradcheck
from torch.func import hessian, jacfwd, jacrev, jvp, vjp, vmap

import nonlin
from catalogue import ELEMENTWISE, RECORDS, SETTINGS
from nonlin.backends import pytorch
from tensors import EVERY, LEARNABLE, gradient, random_input, same, smooth_points

every = pytest.mark.parametrize("record", EVERY, ids=repr)
each = pytest.mark.parametrize("record", RECORDS, ids=repr)


@every
def test_derivatives_of_both_modes(record):
    x = smooth_points(record).requires_grad_()
    # Batches here are of PyTorch's old vmap, which cannot concatenate.
    batched = record in SETTINGS
    assert gradcheck(
        record,
        (x,),
        check_forward_ad=True,
        check_batched_grad=batched,
        check_batched_forward_grad=batched,
    )


@each
def test_derivatives_of_second_order(record):
    x = smooth_points(record).requires_grad_()
    assert gradgradcheck(record, (x,), check_fwd_over_rev=True, check_rev_over_rev=True)


@pytest.mark.parametrize("record", LEARNABLE, ids=repr)
@pytest.mark.parametrize("shape", [(), (2, 1)])
def test_learned_parameters_in_both_modes_and_orders(record, shape):
    names = [p.name for p in record.parameters if p.derivative is not None]
    x = smooth_points(record).reshape(2, 3).requires_grad_()
    starts = [torch.full(shape, record.bound[n] + 0.1, dtype=torch.float64) for n in names]
    starts = [start.requires_grad_() for start in starts]

    def of(x, *tensors):
        return pytorch.value(record, x, dict(zip(names, tensors, strict=True)))

    assert gradcheck(of, (x, *starts), check_forward_ad=True, check_batched_grad=True)
    assert gradgradcheck(of, (x, *starts), check_fwd_over_rev=True, check_rev_over_rev=True)
    grads = torch.autograd.grad(of(x, *starts).sum(), starts)
    assert [grad.shape for grad in grads] == [torch.Size(shape)] * len(names)
    with forward_ad.dual_level():
        moving = [forward_ad.make_dual(s.detach(), torch.ones_like(s)) for s in starts]
        tangent = forward_ad.unpack_dual(of(x.detach(), *moving)).tangent
    assert tangent is not None
    torch.testing.assert_close(tangent.sum(), sum(grad.sum() for grad in grads))


@each
def test_jacobians_agree(record):
    x = smooth_points(record)
    whole = record.derivative(x)
    whole = torch.diag(whole) if record in ELEMENTWISE else whole
    torch.testing.assert_close(jacrev(record)(x), whole)
    torch.testing.assert_close(jacfwd(record)(x), whole)
    tangent = torch.linspace(-1, 1, len(x), dtype=x.dtype)
    value, moved = jvp(record, (x,), (tangent,))
    torch.testing.assert_close(value, record(x))
    torch.testing.assert_close(moved, record.jvp(x, tangent))
    value, pull = vjp(record, x)
    upstream = torch.linspace(1, 2, len(value), dtype=x.dtype)
    torch.testing.assert_close(pull(upstream)[0], record.vjp(x, upstream))
    second = hessian(lambda x: record(x).sum())(x)
    torch.testing.assert_close(second, jacrev(jacrev(lambda x: record(x).sum()))(x))


@each
def test_vmap(record):
    x = random_input(2, 3, 4, 6)
    whole = record(x)
    torch.testing.assert_close(vmap(record)(x), whole)
    torch.testing.assert_close(vmap(record, in_dims=1, out_dims=1)(x), whole)
    torch.testing.assert_close(vmap(vmap(record, in_dims=1, out_dims=1))(x), whole)
    slopes = vmap(jacrev(record))(x[0, 0].double())
    expected = record.derivative(x[0, 0].double())
    expected = torch.diag_embed(expected) if record in ELEMENTWISE else expected
    torch.testing.assert_close(slopes, expected)


@pytest.mark.parametrize("record", SETTINGS, ids=repr)
def test_tangents_at_kinks_and_of_stand_ins(record):
    """Forward mode takes the slope that reverse mode takes, not that of the formula."""
    x = torch.tensor([*(kink.at for kink in record.kinks), 0.0, 0.5], dtype=torch.float64)
    for choice in ("torch", "left", "right", "middle"):
        bound = record.bind(at_kink=choice)
        _, moved = jvp(bound, (x,), (torch.ones_like(x),))
        same(gradient(bound, x), bound.derivative(x))
        # Eager mode takes the kernel, whose last bit may differ.
        torch.testing.assert_close(moved, bound.derivative(x), rtol=1e-14, atol=1e-16)


@each
def test_backward_in_several_threads(record):
    x = random_input(4, 6)
    true, got = gradient(record, x), {}
    workers = [
        threading.Thread(target=lambda i=i: got.update({i: gradient(record, x)})) for i in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for i in range(4):
        same(got[i], true)


def test_a_wrong_tangent_would_be_seen():
    class Bent(type(nonlin.mish)):
        def push_forward(self, x, tangent, xp, parameters):
            return 1.01 * super().push_forward(x, tangent, xp, parameters)

    names = [field.name for field in dataclasses.fields(nonlin.mish)]
    fields = {name: getattr(nonlin.mish, name) for name in names}
    x = smooth_points(nonlin.mish).requires_grad_()
    with pytest.raises(RuntimeError, match="Jacobian computed with forward mode mismatch"):
        gradcheck(Bent(**fields), (x,), check_forward_ad=True)
