"""Native kernels: exact against float64 formulas and mpmath, the same however they are called."""

from __future__ import annotations

import gc
import math
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest
import torch
import torch.utils.checkpoint

import nonlin
from catalogue import sample, special_points
from nonlin.backends import native
from nonlin.backends.namespace import namespace_of
from nonlin.certification import exact as reference
from nonlin.errors import NonlinError
from tolerances import CROSSING, KERNEL_DERIVATIVE, KERNEL_VALUE, ROUNDED, TWOFOLD, ulp

pytestmark = pytest.mark.skipif(native._native is None, reason="built without a compiler")

KERNELS = [kernel for kernels in native.kernels().values() for kernel in kernels]
KINDS = {"value": native.VALUE, "derivative": native.SLOPE}
TORCH = {"float16": torch.float16, "bfloat16": torch.bfloat16}
TORCH |= {"float32": torch.float32, "float64": torch.float64}
# Longer than what is differentiated through the node of a product.
LONG = native.SHARED + 1
# Of which the derivative follows from the value, with parameters at which no factor is 1.
FOLLOWING = [
    r for r in map(nonlin.get, sorted({k.name for k in KERNELS})) if r.slope_of_value is not None
]
FOLLOWING += [nonlin.softplus.bind(beta=0.7), nonlin.elu.bind(alpha=1.3)]
FOLLOWING += [nonlin.celu.bind(alpha=0.6), nonlin.squareplus.bind(b=1.7)]


def record_of(kernel):
    record = nonlin.get(kernel.name)
    return record.bind(**{k: type(record.bound[k])(word) for k, word in kernel.words.items()})


def named(kernel) -> str:
    words = "".join(f"-{word}" for word in kernel.words.values())
    return f"{kernel.name}{words}-{kernel.dtype}-{kernel.precision}"


def only(dtype: str = "", precision: str = "exact"):
    chosen = [k for k in KERNELS if dtype in ("", k.dtype) and k.precision == precision]
    return pytest.mark.parametrize("kernel", chosen, ids=named)


def computed(kernel, x, kind, record=None):
    """The kernel's own result, and no other kernel's."""
    record = record or record_of(kernel)
    with nonlin.precision(kernel.precision):
        call = native.find(record, kernel.dtype)
        assert call is not None
        assert call.kernel == kernel
        return native.on_array(record, KINDS[kind], x)


def formula(record, kind, x):
    """The formula on float64, far more exact than float32."""
    evaluate = record.evaluate_value if kind == "value" else record.evaluate_slope
    with np.errstate(all="ignore"):
        return np.asarray(evaluate(x, namespace_of(x), record.bound))


def near(centre: float, dtype: str) -> np.ndarray:
    at = np.array(centre, dtype=dtype)
    return (at + np.arange(-40, 41, dtype=dtype) * np.spacing(at)).astype(dtype)


def points(record, dtype: str) -> np.ndarray:
    random = np.random.default_rng(3)
    spread = np.ldexp(random.uniform(1, 2, 3000), random.integers(-149, 127, 3000))
    dense = [random.uniform(low, high, 4000) for low, high in ((-8, 8), (-110, 45), (-1, 1))]
    minimum = record.facts.minimum
    crossing = near(minimum[0], dtype) if minimum else np.zeros(0, dtype)
    ends = np.array([-3.4e38, 3.4e38, 1e-45, -1e-45, 0.0, -0.0])
    signed = spread * random.choice([-1, 1], 3000)
    return np.concatenate([*dense, signed, special_points(record), ends]).astype(dtype), crossing


def bits(x: np.ndarray) -> np.ndarray:
    return x.view(f"u{x.itemsize}")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", ["exact", "fast"])
def test_float32_is_within_its_bound_of_float64(kind, precision):
    for kernel in KERNELS:
        if (kernel.dtype, kernel.precision) != ("float32", precision):
            continue
        record = record_of(kernel)
        x, _ = points(record, "float32")
        true = formula(record, kind, x.astype(np.float64))
        kept = np.isfinite(true) & (np.abs(true) < 3.4028235e38)
        if kind == "derivative":  # formulas choose a side there, which test_special holds to
            kept &= ~np.isin(x, [kink.at for kink in record.kinks])
        unit = ulp(true[kept], "float32")
        if kind == "derivative" and (precision == "fast" or record.facts.minimum):
            at = record.facts.minimum[0] if record.facts.minimum else 0.0
            crossing = np.abs(x[kept] - at) <= abs(at) / 2
            unit = np.where(crossing, np.maximum(unit, ulp(np.array(CROSSING), "float32")), unit)
        got = computed(kernel, x[kept], kind)
        error = np.abs(got.astype(np.float64) - true[kept]) / unit
        bound = (KERNEL_VALUE if kind == "value" else KERNEL_DERIVATIVE)[precision]
        worst = int(np.argmax(error))
        assert error[worst] <= bound, (
            f"{named(kernel)} {kind} at {x[kept][worst]!r}: {error[worst]}"
        )


@only("float32", "fast")
@pytest.mark.parametrize("kind", KINDS)
def test_the_short_way_near_zero_gives_the_same_bits(kernel, kind):
    """A pack of which one number is far from 0 takes the long way with all of them."""
    top = int(np.float32(12).view(np.int32))
    words = np.append(np.arange(0, top, 4099), [1, top - 1, top]).astype(np.int32)
    close = np.concatenate([words.view(np.float32), -words.view(np.float32)])
    mixed = np.full((len(close), 2), np.float32(100))
    mixed[:, 0] = close
    apart = computed(kernel, close, kind)
    np.testing.assert_array_equal(bits(computed(kernel, mixed.ravel(), kind)[::2]), bits(apart))


@pytest.mark.parametrize("binade", [-7, 2])
def test_fast_gelu_over_whole_binades(binade):
    """Where an exhaustive sweep found 4.2 ULP, which no sample had."""
    bits = np.arange((binade + 127) << 23, (binade + 128) << 23, dtype=np.uint32)
    for x in (bits.view(np.float32), -bits.view(np.float32)):
        got = nonlin.gelu(x, precision="fast")
        true = formula(nonlin.gelu, "value", x.astype(np.float64))
        assert (np.abs(got - true) / ulp(true, "float32")).max() <= KERNEL_VALUE["fast"]


@only("float32")
def test_float32_derivative_is_exact_where_it_crosses_zero(kernel):
    record = record_of(kernel)
    _, x = points(record, "float32")
    got = computed(kernel, x, "derivative")
    for at, slope in zip(x, got, strict=True):
        true, _ = reference.exact(record, "derivative", float(at))
        assert abs(float(slope) - true) <= KERNEL_DERIVATIVE["exact"] * ulp(
            np.array(true), "float32"
        )


@pytest.mark.parametrize("kind", KINDS)
@only("float64")
def test_float64_is_within_two_ulp_of_mpmath(kernel, kind):
    record = record_of(kernel)
    x = sample(record, "float64")[::3]
    minimum = record.facts.minimum
    x = np.concatenate([x, near(minimum[0], "float64")[::20]]) if minimum else x
    if kind == "derivative":
        x = x[(x != 0) & ~np.isin(x, [kink.at for kink in record.kinks])]
    got = computed(kernel, x, kind)
    for at, result in zip(x, got, strict=True):
        high, low = reference.exact(record, kind, float(at))
        if math.isinf(high) or abs(high) > 1.7e308:
            continue
        error = abs((result - high) - low)
        allowed = KERNEL_VALUE["float64"] * ulp(np.array(high), "float64")
        if kind == "derivative" and minimum:  # the difference of two terms of size 1
            allowed += TWOFOLD * (abs(at - minimum[0]) < 0.5)
        assert error <= allowed, f"{kind} at {at!r}: {error / allowed}"


@pytest.mark.parametrize(
    ("name", "x"),
    [("laplace", 11.325307230538899), ("laplace", -10.185343814970095), ("selu", -744.5)],
)
def test_float64_derivatives_are_rounded_once_where_they_are_subnormal(name, x):
    record = nonlin.get(name)
    got = record.derivative(torch.tensor([x], dtype=torch.float64)).item()
    true, _ = reference.exact(record, "derivative", x)
    assert got == true


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_16_bits_are_correctly_rounded_for_every_input(dtype, kind):
    x = torch.arange(65536).to(torch.int32).to(torch.int16).view(TORCH[dtype])
    x = x[x.isfinite()]
    wide = x.double().numpy()
    for kernel in KERNELS:
        if kernel.dtype != dtype:
            continue
        record = record_of(kernel)
        got = record(x) if kind == "value" else record.derivative(x)
        true = formula(record, kind, wide)
        error = np.abs(got.double().numpy() - true) / ulp(true, dtype)
        keep = np.abs(true) < (65504.0 if dtype == "float16" else 3.38e38)
        if kind == "derivative":
            keep &= ~np.isin(wide, [kink.at for kink in record.kinks])
        worst = int(np.argmax(np.where(keep, error, 0)))
        assert error[worst] <= ROUNDED, f"{named(kernel)} {kind} at {wide[worst]}: {error[worst]}"


@only()
def test_special_values(kernel):
    record = record_of(kernel)
    dtype = TORCH[kernel.dtype]
    x = torch.tensor([-math.inf, math.inf, math.nan, 0.0, -0.0], dtype=dtype)
    y, slope = record(x).double(), record.derivative(x).double()
    limits = torch.tensor(record.facts.limits, dtype=torch.float64).to(dtype).double()
    torch.testing.assert_close(y[:2], limits, rtol=0, atol=0)
    assert (torch.signbit(y[:2]) == torch.signbit(limits)).all()
    ends = torch.tensor(record.facts.slope_limits, dtype=torch.float64).to(dtype).double()
    torch.testing.assert_close(slope[:2], ends, rtol=0, atol=0)
    assert y[2].isnan()
    assert slope[2].isnan()
    if record(0.0) == 0 and record.facts.slope_at_zero > 0:
        assert torch.signbit(y[3:]).tolist() == [False, True]
    for kink in record.kinks:
        at = torch.tensor([kink.at], dtype=dtype)
        assert record.derivative(at).double() == torch.tensor(kink.torch, dtype=dtype).double()


@pytest.mark.parametrize("precision", ["exact", "fast"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_do_not_depend_on_length_or_alignment(dtype, precision):
    for kernel in KERNELS:
        if (kernel.dtype, kernel.precision) != (dtype, precision):
            continue
        x = np.linspace(-9, 9, 128).astype(dtype)
        whole = computed(kernel, x, "value")
        for length in range(68):
            for offset in (0, 1, 3):
                part = computed(kernel, x[offset : offset + length], "value")
                assert (bits(part) == bits(whole[offset : offset + length])).all()


STRIDED = {
    "every other": lambda x: x.reshape(-1)[::2],
    "backwards": lambda x: x.reshape(-1)[::-1],
    "transposed": lambda x: x.T,
    "inner": lambda x: x[1:-1, 2:-2],
    "repeated": lambda x: np.broadcast_to(x[0], (5, x.shape[1])),
    "three axes": lambda x: x.reshape(4, -1, 6).transpose(2, 0, 1)[:, ::3],
    "one": lambda x: x[:1, :1],
    "empty": lambda x: x[:0],
    "no axes": lambda x: x[:1, :1].reshape(()),
}


@pytest.mark.parametrize("view", STRIDED)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_any_strides(dtype, view):
    whole = np.linspace(-9, 9, 96 * 150).reshape(96, 150).astype(dtype)
    x = STRIDED[view](whole)
    for record in (nonlin.silu, nonlin.elu):
        for evaluate in (record, record.derivative):
            got, true = evaluate(x), evaluate(np.ascontiguousarray(x))
            assert got.shape == x.shape
            assert (bits(got) == bits(true.reshape(x.shape))).all()
            out = np.zeros((*x.shape, 2), dtype)[..., 0]
            assert evaluate(x, out=out) is out
            assert (bits(np.ascontiguousarray(out)) == bits(np.ascontiguousarray(got))).all()


def test_in_place_and_out():
    for x in (np.linspace(-4, 4, 1001, dtype=np.float32), torch.linspace(-4, 4, 1001)):
        fresh = nonlin.mish(x)
        assert nonlin.mish(x, out=x) is x
        assert (x == fresh).all()
    with pytest.raises(nonlin.NonlinError, match=r"out is a ndarray of shape \(3,\); allowed"):
        nonlin.mish(np.zeros(2), out=np.zeros(3))
    with pytest.raises(nonlin.NonlinError, match="out is a ndarray of dtype float32"):
        nonlin.mish(np.zeros(2), out=np.zeros(2, np.float32))
    with pytest.raises(nonlin.NonlinError, match="out requires grad"):
        nonlin.mish(torch.zeros(2), out=torch.zeros(2, requires_grad=True))
    x = np.zeros(2)
    assert nonlin.relu(x, out=x) is x  # by the formula


@pytest.mark.parametrize("dtype", TORCH)
def test_results_do_not_depend_on_threads(dtype):
    x = torch.linspace(-9, 9, 200_001, dtype=torch.float64).to(TORCH[dtype])
    results = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            leaf = x.clone().requires_grad_()
            beta = torch.tensor([1.5], dtype=TORCH[dtype], requires_grad=True)
            from nonlin.backends import pytorch

            y = pytorch.value(nonlin.swish, leaf, {"beta": beta})
            y.backward(torch.ones_like(y))
            results.append([nonlin.gelu(x), nonlin.mish(x[::2]), leaf.grad, beta.grad])
    finally:
        torch.set_num_threads(1)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_long_arrays_are_shared_out_whole():
    """From 2²² elements on threads take larger parts, of which the last is shorter."""
    x = torch.linspace(-9, 9, (1 << 22) + 12345)
    whole = nonlin.silu(x)
    try:
        torch.set_num_threads(2)
        shared = nonlin.silu(x)
    finally:
        torch.set_num_threads(1)
    assert torch.equal(shared, whole)
    ends = [0, 1 << 19, (1 << 22) - 1, 1 << 22, len(x) - 1]
    assert torch.equal(whole[ends], nonlin.silu(x[ends]))


@pytest.mark.parametrize("length", [3001, LONG])
@pytest.mark.parametrize("save", ["auto", "input", "derivative"])
@only()
def test_autograd_is_derivative_times_upstream(kernel, save, length):
    record, dtype = record_of(kernel), TORCH[kernel.dtype]
    x = torch.linspace(-12, 12, length, dtype=torch.float64).to(dtype)
    upstream = torch.linspace(-2, 2, length, dtype=torch.float64).to(dtype)
    leaf = x.clone().requires_grad_()
    y = record(leaf, save=save)
    short = length <= native.SHARED and dtype.itemsize >= 4 and save != "input"
    assert type(y.grad_fn).__name__ == ("MulBackward0" if short else "_KernelBackward")
    assert torch.equal(y.detach(), record(x))
    y.backward(upstream)
    if dtype.itemsize < 4:
        true = (record.derivative(x.float()) * upstream.float()).to(dtype)
    else:
        true = record.derivative(x) * upstream
    assert torch.equal(leaf.grad, true)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_16_bit_gradients_are_rounded_once_from_tables_and_without(dtype):
    """Every 16-bit pattern as input and as upstream; an odd length, whose last has no neighbour."""
    record = nonlin.elu.bind(alpha=1.25)  # of which no other test has filled a table
    patterns = torch.arange(65535, dtype=torch.int32)
    x = patterns.to(torch.int16).view(dtype).requires_grad_()
    upstream = (patterns * 40503 % 65536).to(torch.int16).view(dtype)

    def gradient(part):
        z = x[part].detach().requires_grad_()
        return torch.autograd.grad(record(z), z, upstream[part])[0]

    pieces = torch.cat([gradient(slice(at, at + 999)) for at in range(0, len(x), 999)])
    whole = gradient(slice(None))
    slope = record.derivative(x.detach().double()).float()
    true = (slope * upstream.float()).to(dtype)
    for got in (pieces, whole):
        assert (got.isnan() == true.isnan()).all()
        same = got.view(torch.int16) == true.view(torch.int16)
        assert (same | true.isnan()).all()


@pytest.mark.parametrize("save", ["auto", "derivative"])
def test_a_kept_derivative_becomes_the_gradient_where_nobody_else_has_it(save):
    x = torch.linspace(-6, 6, LONG).requires_grad_()
    upstream = torch.linspace(-2, 2, LONG)
    true = nonlin.mish.derivative(x.detach()) * upstream

    y = nonlin.mish(x, save=save)
    place = y.grad_fn.saved_tensors[0].data_ptr()
    y.backward(upstream)
    assert x.grad.data_ptr() == place
    assert torch.equal(x.grad, true)

    # A graph that is kept is gone through twice.
    x.grad = None
    y = nonlin.mish(x, save=save)
    y.backward(upstream, retain_graph=True)
    assert torch.equal(x.grad, true)
    (again,) = torch.autograd.grad(y, x, upstream)
    assert torch.equal(again, true)

    # What went through a hook may be held by whoever set it.
    held = []

    def pack(tensor):
        held.append((tensor, tensor.clone()))
        return tensor

    x.grad = None
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        y = nonlin.mish(x, save=save)
    y.backward(upstream)
    assert torch.equal(x.grad, true)
    assert held
    assert all(torch.equal(tensor, copy) for tensor, copy in held)


def test_layouts_are_kept():
    x = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last).requires_grad_()
    y = nonlin.silu(x)
    assert y.stride() == x.stride()
    y.backward(torch.ones(2, 3, 4, 5))
    assert torch.equal(x.grad, nonlin.silu.derivative(x.detach()))


@pytest.mark.parametrize("length", [5000, LONG])
def test_second_derivatives_take_the_formula(length):
    for save in ("input", "auto"):
        x = torch.linspace(-3, 3, length, requires_grad=True)
        (first,) = torch.autograd.grad(nonlin.silu(x * 1, save=save).sum(), x, create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), x)
        at = x.detach().double()
        sigma = torch.sigmoid(at)
        true = sigma * (1 - sigma) * (2 + at * (1 - 2 * sigma))
        torch.testing.assert_close(second.double(), true, rtol=1e-4, atol=1e-6)


def test_second_derivatives_of_float64_agree_with_differences():
    for record in (nonlin.mish, nonlin.sigmoid, nonlin.softplus.bind(beta=2.0)):
        x = torch.linspace(-3, 3, 11, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradgradcheck(record, x)


@pytest.mark.parametrize("length", [5, LONG])
def test_a_hook_on_the_value_sees_its_gradient(length):
    """And so does `retain_grad`, also while a second derivative is made possible."""
    x = torch.linspace(-3, 3, length, requires_grad=True)
    for twice in (False, True):
        y = nonlin.silu(x)
        y.retain_grad()
        seen = []
        y.register_hook(lambda gradient, seen=seen: seen.append(gradient.clone()))
        upstream = torch.linspace(1, 2, length)
        torch.autograd.grad(y, x, upstream, create_graph=twice)
        assert torch.equal(y.grad, upstream)
        assert torch.equal(seen[0], upstream)


def test_an_input_changed_in_place_has_no_second_derivative():
    """Of a short tensor it still has the first, for which its derivative alone is read."""
    leaf = torch.linspace(-3, 3, 7, requires_grad=True)
    x = leaf * 1
    y = nonlin.silu(x)
    x.add_(1)
    with pytest.raises(
        NonlinError, match=r"^silu: a second derivative .* in place since \(version 1"
    ):
        torch.autograd.grad(y.sum(), leaf, create_graph=True)
    x = leaf * 1
    y = nonlin.silu(x)
    x.add_(1)
    (first,) = torch.autograd.grad(y.sum(), leaf)
    assert torch.equal(first, nonlin.silu.derivative(leaf.detach()))


@pytest.mark.parametrize("length", [7, LONG])
def test_a_step_holds_nothing_when_it_is_over(length):
    held = []
    for _ in range(3):
        leaf = torch.linspace(-3, 3, length, requires_grad=True)
        x = leaf * 1
        y = nonlin.sigmoid(x)
        if length == 7:
            x += y  # Then what x comes from holds what was kept of x.
        (x + y).sum().backward()
        held.append(weakref.ref(x))
        del x, y
    gc.collect()
    assert [reference() for reference in held] == [None] * 3


def test_checkpoints_and_vmapped_gradients_agree_with_a_plain_step():
    x = torch.linspace(-3, 3, 7, requires_grad=True)
    true = nonlin.mish.derivative(x.detach())
    y = torch.utils.checkpoint.checkpoint(nonlin.mish, x, use_reentrant=False)
    assert torch.equal(torch.autograd.grad(y.sum(), x)[0], true)
    rows = torch.autograd.grad(nonlin.mish(x), x, torch.eye(7), is_grads_batched=True)[0]
    assert torch.equal(rows, torch.diag(true))
    with torch.autograd.detect_anomaly(check_nan=True):
        (first,) = torch.autograd.grad(nonlin.mish(x).sum(), x)
    assert torch.equal(first, true)


def test_watched_tensors_take_the_formula():
    x = torch.linspace(-3, 3, 7)
    calls = []
    original = native._native.apply

    class Watch:
        def __getattr__(self, name):
            calls.append(name)
            return getattr(original_module, name)

    original_module = native._native
    assert original is original_module.apply
    native._native = Watch()
    try:
        torch.func.vmap(nonlin.silu)(x)
        torch.func.jvp(nonlin.silu, (x,), (x,))
        torch.func.grad(lambda x: nonlin.silu(x).sum())(x)
        nonlin.silu(x.to("meta"))
        assert "apply" not in calls
        nonlin.silu(x)
        assert "apply" in calls
    finally:
        native._native = original_module


@only("float32")
def test_parameter_gradients_are_the_sum(kernel):
    record = record_of(kernel)
    for name in kernel.learned:
        x = torch.linspace(-6, 6, 40_001)
        upstream = torch.linspace(-1, 2, 40_001)
        given = torch.tensor(record.bound[name], requires_grad=True)
        from nonlin.backends import pytorch

        y = pytorch.value(record, x, {name: given})
        assert type(y.grad_fn).__name__ == "_LearnedBackward"
        y.backward(upstream)
        wide = torch.tensor(record.bound[name], dtype=torch.float64, requires_grad=True)
        formula = next(p.derivative for p in record.parameters if p.name == name)
        parameters = {**record.bound, name: wide.detach()}
        each = formula(x.double(), pytorch.XP, **parameters) * upstream.double()
        assert given.grad.item() == pytest.approx(each.sum().item(), rel=1e-6)


def test_precision_is_chosen_by_call_and_context():
    x = np.linspace(-9, 9, 4001, dtype=np.float32)
    exact, fast = nonlin.silu(x), nonlin.silu(x, precision="fast")
    assert (exact != fast).any()
    with nonlin.precision("fast"):
        assert (nonlin.silu(x) == fast).all()
        assert (nonlin.silu(x, precision="exact") == exact).all()
        seen = []
        thread = threading.Thread(target=lambda: seen.append(nonlin.silu(x)))
        thread.start()
        thread.join()
        assert (seen[0] == exact).all()  # contexts do not reach other threads
    assert (nonlin.silu(x) == exact).all()
    with (
        pytest.raises(nonlin.NonlinError, match="precision='quick'; allowed: exact, fast"),
        nonlin.precision("quick"),
    ):
        pass


MONOTONE = [
    k
    for k in KERNELS
    if k.dtype == "float32" and k.precision == "fast" and record_of(k).facts.monotone
]


@pytest.mark.parametrize("kernel", MONOTONE, ids=named)
def test_fast_is_monotone(kernel):
    starts = np.random.default_rng(5).uniform(-105, 30, 400).astype(np.float32)
    starts = np.concatenate([starts, np.random.default_rng(6).uniform(-2, 2, 400)])
    for start in starts.astype(np.float32):
        x = start + np.arange(512, dtype=np.float32) * np.spacing(np.abs(start))
        y = computed(kernel, np.unique(x.astype(np.float32)), "value")
        assert (np.diff(y) >= 0).all(), f"{named(kernel)} near {start!r}"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_tables_are_built_once_under_threads():
    code = """
import threading, torch, nonlin
x = torch.linspace(-9, 9, 100_000).bfloat16()
results = []
threads = [threading.Thread(target=lambda: results.append(nonlin.mish(x))) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
assert len(results) == 8 and all(torch.equal(r, results[0]) for r in results)
assert torch.equal(results[0], nonlin.mish(x.float()).bfloat16())
"""
    done = run(code)
    assert done.returncode == 0, done.stderr


WITHOUT = "import sys; sys.modules['nonlin._native'] = None\n"


def test_without_a_compiler_formulas_serve_and_say_so():
    code = """
import warnings, numpy as np, nonlin
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    y = nonlin.silu(np.float32([1.0])); nonlin.mish(np.float32([1.0]))
print(y[0], len(seen), seen[0].message)
"""
    done = run(WITHOUT + code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0.7310586 1 nonlin runs without its native kernels")
    info = run(WITHOUT + "from nonlin.cli import run; run(['info'])")
    assert "none, formulas are used" in info.stdout


def test_info_tells_what_is_in_use():
    from nonlin.cli import run as command

    done = run("from nonlin.cli import run; run(['info'])")
    assert done.returncode == 0, done.stderr
    assert native._native.instruction_set() in done.stdout
    assert f"numpy            {np.__version__}" in done.stdout
    assert command(["info", "--nonsense"]) == 2


def test_fork_keeps_working():
    code = """
import os, numpy as np, nonlin
x = np.linspace(-9, 9, 300_000, dtype=np.float32)
y = nonlin.silu(x)
child = os.fork()
if child == 0:
    os._exit(0 if (nonlin.silu(x) == y).all() else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    if not hasattr(sys, "getwindowsversion"):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr


def kept_bytes(function, x) -> int:
    """What a forward pass keeps for the backward pass, beside its output."""
    sizes = {}

    def pack(tensor):
        sizes[tensor.data_ptr()] = tensor.numel() * tensor.itemsize
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        y = function(x * 1)
    return sum(size for place, size in sizes.items() if place != y.data_ptr())


def test_what_is_kept_for_the_backward_pass():
    x = torch.randn(100_000, requires_grad=True)
    one = x.numel() * x.itemsize
    theirs = kept_bytes(torch.nn.functional.silu, x)
    assert theirs == one
    for save, times in (("input", 1), ("derivative", 1), ("auto", 2), ("output", 0)):
        kept = kept_bytes(lambda x, save=save: nonlin.softplus(x, save=save), x)
        assert kept == times * one, save


@pytest.mark.parametrize("dtype", TORCH.values(), ids=TORCH)
@pytest.mark.parametrize("record", FOLLOWING, ids=repr)
def test_a_derivative_from_the_value(record, dtype):
    """It is right where the value is not close to a limit, and at no input far off."""
    specials = [0.0, -0.0, math.inf, -math.inf, math.nan, 400.0, -400.0]
    even = torch.linspace(-6, 6, 1001, dtype=torch.float64)
    x = torch.cat([torch.tensor(specials, dtype=torch.float64), even]).to(dtype).requires_grad_()
    upstream = torch.linspace(1, 2, len(x), dtype=torch.float64).to(dtype)
    y = record(x, save="output")
    (got,) = torch.autograd.grad(y, x, upstream, retain_graph=True)
    true = record.derivative(x.detach()) * upstream
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(got, true, rtol=4 * eps, atol=8 * eps, equal_nan=True)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(y, x, upstream)


@pytest.mark.parametrize("record", FOLLOWING, ids=repr)
def test_second_derivatives_from_the_value(record):
    x = torch.linspace(-3, 3, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: record(x, save="output"), x)


def test_a_derivative_that_does_not_follow_from_the_value():
    x = torch.zeros(3, requires_grad=True)
    with (
        nonlin.saving("output"),
        pytest.raises(NonlinError, match=r"^gelu: save='output', .* allowed: save='auto', 'input'"),
    ):
        nonlin.gelu(x)


@pytest.mark.parametrize("length", [5000, LONG])
def test_a_derivative_kept_alone_has_no_second(length):
    x = torch.randn(length, requires_grad=True)
    y = nonlin.silu(x, save="derivative").sum()
    with pytest.raises(NonlinError, match=r"^silu: a second derivative needs the input, and save="):
        torch.autograd.grad(y, x, create_graph=True)
    rows = torch.autograd.grad(
        nonlin.silu(x, save="derivative"), x, torch.ones(2, length), is_grads_batched=True
    )[0]
    assert torch.equal(rows[0], nonlin.silu.derivative(x.detach()))
