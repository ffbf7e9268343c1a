"""`nonlin.define`: differentiation by dual numbers, on every library, and what is refused."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
import re
import subprocess
import sys

import array_api_strict
import jax
import mpmath
import numpy as np
import pytest
import torch

import nonlin
from catalogue import SETTINGS
from nonlin import nn
from nonlin.backends import pytorch
from nonlin.backends.namespace import namespace_of
from nonlin.certification import exact as reference
from nonlin.defining import rules
from nonlin.defining.formulas import Slope
from nonlin.defining.measurement import measure
from nonlin.errors import NonlinError, UserCodeError
from tolerances import CONSTANT

INF = math.inf


def bent_formula(x, xp, *, a):
    """a·√(x² + 1) + x"""
    return a * xp.sqrt(x * x + 1) + x


def mixed_formula(x, xp, *, beta, depth):
    """A formula that uses much of the namespace."""
    left = depth * xp.expm1(xp.where(x > 0, 0.0, x))
    right = xp.where(x > 0, x, 0.0) / (1 + xp.exp(-beta * x))
    return (
        xp.where(x > 0, right, left) + 0.1 * xp.apply(nonlin.softplus, beta * x) + 2.0 ** (x / 64)
    )


def bent():
    return nonlin.define("bent", bent_formula, a=0.5)


def mixed():
    return nonlin.define("mixed", mixed_formula, beta=1.5, depth=0.7)


def refuses(text: str):
    assert "\n" not in text
    return pytest.raises(NonlinError, match=f"^{re.escape(text)}$")


# Where each function is smooth and real.
DOMAINS = {
    "acosh": (1.1, 2.0, 30.0),
    **dict.fromkeys(("acos", "asin", "atanh"), (-0.9, -0.1, 0.3, 0.8)),
    **dict.fromkeys(("log", "log10", "log2", "sqrt"), (1e-3, 0.7, 3.0, 1e4)),
    "log1p": (-0.9, 1e-9, 0.7, 1e4),
}
POINTS = (-6.0, -1.3, -1e-8, 1e-8, 0.4, 2.0, 9.0)


@pytest.mark.parametrize("name", sorted(rules._UNARY))
def test_every_rule_against_the_definition(name):
    record = nonlin.define("tried", lambda x, xp: getattr(xp, name)(x))
    for x in DOMAINS.get(name, POINTS):
        value, slope = reference.value(record, x), reference.derivative(record, x)
        if name == "log2":  # Not among mpmath's own names: the reference is a quotient.
            with mpmath.workprec(200):
                assert float(value) == float(mpmath.log(x) / mpmath.log(2))
        assert record(x) == pytest.approx(float(value), rel=1e-14, abs=1e-300)
        assert record.derivative(x) == pytest.approx(float(slope), rel=3e-14, abs=1e-300)


def test_far_arguments_keep_their_slopes():
    cases = {"asinh": 1e200, "expm1": -300.0, "atan": 1e100, "tanh": 300.0, "erfc": 20.0}
    for name, x in cases.items():
        record = nonlin.define("tried", lambda x, xp, name=name: getattr(xp, name)(x))
        true = float(reference.derivative(record, x))
        assert true != 0
        assert record.derivative(x) == pytest.approx(true, rel=1e-12, abs=0)


BINARY = {
    "sum": lambda x, xp, *, p: x + p * x + 3 + (4 + x),
    "difference": lambda x, xp, *, p: (x - p) - (2 - x) - (p - x),
    "product": lambda x, xp, *, p: (x * x) * (p * x) * 0.5,
    "quotient": lambda x, xp, *, p: (x + p) / (2 + x * x) + 1 / (p + x * x) + x / 3,
    "power": lambda x, xp, *, p: (1 + x * x) ** p + x**3 + 2.0**x + x**1 + (1 + x * x) ** x,
    "signs": lambda x, xp, *, p: -x + (+x) * abs(x) - xp.negative(p * x),
    "names": lambda x, xp, *, p: xp.add(x, xp.multiply(x, p)) / xp.subtract(xp.square(x), -4),
    "extremes": lambda x, xp, *, p: xp.maximum(x, p * x) + xp.minimum(x * x, p) + xp.clip(x, -p, p),
    "steps": lambda x, xp, *, p: xp.floor(x) * x + xp.sign(x) * p + xp.round(x * p) * x,
    "magnitude": lambda x, xp, *, p: x * xp.magnitude(x - p),
    "scaled": lambda x, xp, *, p: xp.scaled(p, x) + xp.finite(x) * p + xp.square(x),
    "made": lambda x, xp, *, p: xp.zeros_like(x) + xp.ones_like(x) * x * xp.pi + p,
    "tests": lambda x, xp, *, p: xp.where(xp.logical_or(x < -1, xp.isnan(x)), p * x, x * x),
}


@pytest.mark.parametrize("name", BINARY)
def test_operators_against_the_definition(name):
    record = nonlin.define("tried", BINARY[name], p=1.75)
    (parameter,) = record.parameters
    for x in (-3.2, -1.4, -0.3, 0.2, 0.9, 2.6):
        assert record(x) == pytest.approx(float(reference.value(record, x)), rel=1e-13)
        true = float(reference.derivative(record, x))
        assert record.derivative(x) == pytest.approx(true, rel=1e-12, abs=1e-14)
        at = np.array([x])
        got = parameter.derivative(at, namespace_of(at), p=1.75)
        true = reference.by_parameter(record, "p", x)
        assert got == pytest.approx([true], rel=1e-12, abs=1e-14)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda x, xp: xp.abs(x), torch.abs),
        (lambda x, xp: xp.maximum(x, 0.0), lambda x: torch.maximum(x, torch.zeros_like(x))),
        (lambda x, xp: xp.minimum(3 * x, x), lambda x: torch.minimum(3 * x, x)),
        (lambda x, xp: xp.clip(x, -1.0, 1.0), lambda x: torch.clamp(x, -1, 1)),
        (lambda x, xp: xp.clip(x, 0.0, None), lambda x: torch.clamp(x, min=0)),
        (lambda x, xp: xp.where(x > 0, x, 0.1 * x), lambda x: torch.where(x > 0, x, 0.1 * x)),
        (lambda x, xp: xp.sign(x) * xp.round(x), lambda x: torch.sign(x) * torch.round(x)),
    ],
)
def test_at_ties_the_slope_is_that_of_pytorch(ours, theirs):
    x = torch.tensor([-1.0, -0.5, 0.0, -0.0, 0.5, 1.0], requires_grad=True)
    record = nonlin.define("tied", ours)
    (true,) = torch.autograd.grad(theirs(x).sum(), x, allow_unused=True)
    torch.testing.assert_close(record.derivative(x.detach()), true, rtol=0, atol=0)


def test_slopes_of_slopes():
    """Dual numbers of dual numbers: the second derivative."""
    x = np.linspace(-3, 3, 13)
    xp = namespace_of(x)
    second = Slope(Slope(lambda x, xp: xp.tanh(x) * x**3 + xp.maximum(x, 0.0)))(x, xp)
    t = np.tanh(x)
    s = 1 - t**2
    np.testing.assert_allclose(second, -2 * t * s * x**3 + 6 * s * x**2 + 6 * t * x, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_exponential_that_overflows_makes_no_nan(dtype):
    record = nonlin.define("plain_swish", lambda x, xp: x / (1 + xp.exp(-x)))
    x = np.array([-3e38, -1e4, -710, -400.0, -90.0, 0.0, 90.0, 400.0, 3e38], dtype=dtype)
    with np.errstate(all="raise"):
        got = record.derivative(x)
    true = nonlin.silu.derivative(x)
    np.testing.assert_allclose(got, true, rtol=1e-4, atol=1e-35)
    tensor = torch.from_numpy(x).requires_grad_()
    (once,) = torch.autograd.grad(record(tensor).sum(), tensor)
    np.testing.assert_array_equal(once.isfinite(), np.isfinite(true))
    np.testing.assert_allclose(once, true, rtol=1e-4, atol=1e-35)


def test_nan_stays_nan():
    record = nonlin.define("cut", lambda x, xp: xp.where(x > 0, 1.0 * x, 0.0 * x))
    assert math.isnan(record.derivative(math.nan))
    assert math.isnan(nonlin.define("half_line", lambda x, xp: xp.log(x)).derivative(-1.0))


@pytest.mark.parametrize("record", [bent(), mixed()], ids=lambda r: r.name)
def test_every_library_gives_the_same(record):
    x = np.array([-400.0, -3.0, -1e-30, 0.0, 0.7, 5.0, 400.0])
    y, slope = record(x), record.derivative(x)
    for i, number in enumerate(x.tolist()):
        assert record(number) == pytest.approx(y[i], rel=1e-14)
        assert record.derivative(number) == pytest.approx(slope[i], rel=1e-14)
    strict = array_api_strict.asarray(x)
    np.testing.assert_allclose(np.asarray(record(strict)), y, rtol=1e-14)
    np.testing.assert_allclose(np.asarray(record.derivative(strict)), slope, rtol=1e-14)
    single = x.astype(np.float32)
    for array in (single, jax.numpy.asarray(single), torch.from_numpy(single)):
        assert record(array).dtype == array.dtype
        np.testing.assert_allclose(np.asarray(record(array)), y, rtol=1e-5, atol=1e-30)
        got = np.asarray(record.derivative(array))
        np.testing.assert_allclose(got, slope, rtol=1e-5, atol=1e-30)
    gradient = jax.vmap(jax.grad(lambda v: record(v)))(jax.numpy.asarray(single))
    np.testing.assert_allclose(np.asarray(gradient), slope, rtol=1e-5, atol=1e-30)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("record", [bent(), mixed()], ids=lambda r: r.name)
def test_torch_gradients_in_every_dtype(record, dtype):
    x = torch.linspace(-6, 6, 25, dtype=dtype).requires_grad_()
    y = record(x)
    assert y.dtype == dtype
    (got,) = torch.autograd.grad(y.sum(), x)
    assert got.dtype == dtype
    torch.testing.assert_close(got, record.derivative(x.detach()))
    true = record.derivative(x.detach().double())
    torch.testing.assert_close(got.double(), true, rtol=torch.finfo(dtype).eps * 8, atol=1e-7)


@pytest.mark.parametrize("record", [bent(), mixed()], ids=lambda r: r.name)
def test_gradcheck_of_x_and_parameters(record):
    x = torch.tensor([-4.0, -1.2, 0.3, 2.5], dtype=torch.float64, requires_grad=True)
    names = [p.name for p in record.parameters]
    for shape in ((), (4,)):
        starts = [
            torch.full(shape, record.bound[n], dtype=torch.float64, requires_grad=True)
            for n in names
        ]

        def of(x, *tensors):
            return pytorch.value(record, x, dict(zip(names, tensors, strict=True)))

        assert torch.autograd.gradcheck(of, (x, *starts))
        assert torch.autograd.gradgradcheck(of, (x, *starts))


@pytest.mark.parametrize("record", [bent(), mixed().bind(at_kink="left")], ids=lambda r: r.name)
def test_compiler_and_transforms(record):
    torch._dynamo.reset()
    x = torch.tensor([-400.0, -3.0, -0.5, 0.0, 0.25, 2.0, 400.0], requires_grad=True)
    module = nn.from_record(record.learn())
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    y = compiled(x)
    torch.testing.assert_close(y, record(x))
    wanted = [x, *module.parameters()]
    got = torch.autograd.grad(y.sum(), wanted)
    true = torch.autograd.grad(module(x).sum(), wanted)
    torch.testing.assert_close(got, true)
    torch.testing.assert_close(got[0], record.derivative(x.detach()))
    near = x.detach()[1:-1]
    torch.testing.assert_close(torch.func.vmap(record)(near), record(near))
    torch.testing.assert_close(
        torch.func.vmap(torch.func.grad(record))(near), record.derivative(near)
    )
    primal, tangent = torch.func.jvp(record, (near,), (torch.ones_like(near),))
    torch.testing.assert_close(primal, record(near))
    torch.testing.assert_close(tangent, record.derivative(near))
    assert record(torch.empty(0, 3)).shape == (0, 3)
    assert record(torch.ones(2, device="meta")).shape == (2,)
    torch.testing.assert_close(record(x[::2]), record(x)[::2])


def test_given_derivative_definition_and_facts_are_kept():
    record = nonlin.define(
        "cubed",
        lambda x, xp: x**3,
        derivative=lambda x, xp: 3 * x * x,
        definition=lambda mp, x: x * x * x,
        facts_of=lambda: nonlin.relu.facts,
        class_name="Cubed",
        aliases=("third_power",),
        references=("a book",),
        text="x³",
    )
    assert (record.derivative(2.0), record.definition(mpmath.mp, 2), record.text) == (12.0, 8, "x³")
    assert (record.class_name, record.aliases, record.references) == (
        "Cubed",
        ("third_power",),
        ("a book",),
    )
    assert record.facts.range == nonlin.relu.facts.range
    assert record.identity == "given"
    assert bent().identity == "found by automatic differentiation"
    assert bent().text == "a·√(x² + 1) + x"
    assert record.contract.value_ulp == INF


REFUSED = [
    (
        lambda x, xp: xp.cumsum(x),
        "tried: derivative: xp.cumsum has no rule to differentiate by; allowed: abs, ",
    ),
    (
        lambda x, xp: xp.tahn(x) if hasattr(xp, "_base") else x,
        "tried: derivative: xp.tahn has no rule to differentiate by; did you mean 'tanh'?",
    ),
    (lambda x, xp: x.sum() * x, "tried: derivative: array attribute .sum has no rule"),
    (lambda x, xp: x[0] * x, "tried: derivative: an element of an array has no rule"),
    (lambda x, xp: xp.nothing(x), "tried: its value failed on a float32 array: AttributeError"),
    (lambda x, xp: x if x > 0 else -x, "tried: its value failed on a float32 array: ValueError"),
    (lambda x: x, "tried: its value failed on a float32 array: TypeError"),
    (lambda x, xp: xp.astype(x, xp.float64), "tried: its value of a float32 array of shape (3,)"),
    (lambda x, xp: np.ones((2, 3)), "tried: its value of a float32 array of shape (3,) is float64"),
]


@pytest.mark.parametrize(("formula", "text"), REFUSED)
def test_what_is_no_formula_is_refused_where_it_is_made(formula, text):
    with pytest.raises(NonlinError, match=f"^{re.escape(text)}") as caught:
        nonlin.define("tried", formula)
    assert "\n" not in str(caught.value)
    if isinstance(caught.value, UserCodeError):
        assert caught.value.__cause__ is not None


def truthy(x, xp):
    return x if isinstance(x, np.ndarray) or x else -x


def test_a_truth_value_is_refused_by_name():
    text = "tried: derivative: a formula of an array has no truth value; write xp.where"
    with refuses(text):
        nonlin.define("tried", truthy)


def test_names_and_start_values():
    for name in ("relu", "heaviside"):
        with refuses(f"name {name!r} is taken by the catalogue; choose another"):
            nonlin.define(name, bent_formula, a=1.0)
    with refuses("activation name 'Bent': allowed: a lower-case identifier"):
        nonlin.define("Bent", bent_formula, a=1.0)
    with refuses("bent: parameter a='1'; allowed: a finite number"):
        nonlin.define("bent", bent_formula, a="1")  # type: ignore[arg-type]
    with refuses("bent: parameter a=inf; allowed: a finite number"):
        nonlin.define("bent", bent_formula, a=INF)
    with pytest.raises(NonlinError, match=r"^define: formula 'x'; allowed: a function of"):
        nonlin.define("bent", "x")  # type: ignore[arg-type]
    whole = nonlin.define("bent", bent_formula, a=1)
    assert whole.bound["a"] == 1.0
    assert isinstance(whole.bound["a"], float)
    assert "bent" not in nonlin.list_activations()


def test_records_compare_copy_and_pickle_by_value():
    record = bent()
    assert record == bent()
    assert hash(record) == hash(bent())
    assert record != bent().bind(a=2.0)
    assert record != nonlin.define("bent", mixed_formula, beta=1.0, depth=1.0)
    for changed in (record, record.bind(a=2.0, at_kink="left").learn()):
        again = pickle.loads(pickle.dumps(changed))
        assert again == changed
        assert again.learned == changed.learned
        assert again(3.0) == changed(3.0)
        assert copy.deepcopy(changed) == changed
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(nonlin.define("tried", lambda x, xp: x))


def test_a_record_is_printed_with_a_fingerprint_of_its_formula():
    record = bent()
    assert re.fullmatch(r"bent#[0-9a-f]{6}", repr(record))
    assert repr(record.bind(a=2.0)) == f"{record}(a=2.0)"
    assert repr(bent()) == repr(record)
    other = nonlin.define("bent", lambda x, xp, *, a: a * xp.sqrt(x * x + 1) + 1.001 * x, a=0.5)
    assert repr(other) != repr(record)


def stated_and_measured(record):
    with np.errstate(all="ignore"):
        return record.facts, measure(record, record.derivative)


def is_resolved(record) -> bool:
    """No surrogate, and no smooth bend that is narrower than the measurement resolves."""
    facts = record.facts
    steep = facts.smoothness == INF and 20 < facts.lipschitz < INF
    return not facts.surrogate and not steep


@pytest.mark.parametrize("record", [r for r in SETTINGS if is_resolved(r)], ids=repr)
def test_measured_facts_are_those_the_catalogue_states(record):
    """The stated ones are proven by test_facts: what finds them may be trusted elsewhere."""
    stated, measured = stated_and_measured(record)
    assert measured.measured
    for item in dataclasses.fields(stated):
        if item.name in ("measured", "mean", "variance", "slope_at_zero"):
            continue
        assert_close(getattr(measured, item.name), getattr(stated, item.name), item.name)


def assert_close(got, expected, name: str) -> None:
    if isinstance(expected, tuple):
        assert len(got) == len(expected), (name, got, expected)
        for one, other in zip(got, expected, strict=True):
            assert_close(one, other, name)
    elif expected is None or isinstance(expected, bool):
        assert got is expected, (name, got)
    elif dataclasses.is_dataclass(expected):
        for item in dataclasses.fields(expected):
            if item.name != "jax":  # A convention, not to be measured.
                assert_close(getattr(got, item.name), getattr(expected, item.name), name)
    else:
        assert got == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True), (name, got)


def test_measured_facts_of_functions_outside_the_catalogue():
    facts = nonlin.define("box", lambda x, xp: xp.clip(x, -1.25, 3.0)).facts
    assert [(k.at, k.left, k.right, k.torch) for k in facts.kinks] == [
        (-1.25, 0.0, 1.0, 1.0),
        (3.0, 1.0, 0.0, 1.0),
    ]
    assert (facts.smoothness, facts.lipschitz, str(facts.range)) == (0, 1.0, "[-1.25, 3]")
    for power in (2, 3):
        squared = nonlin.define("tried", lambda x, xp, n=power: xp.clip(x, 0.0, None) ** n).facts
        assert (squared.smoothness, squared.homogeneous) == (power - 1, power)
        assert (squared.lipschitz, squared.kinks) == (INF, ())
    wave = nonlin.define("wave", lambda x, xp: xp.sin(x)).facts
    assert all(math.isnan(limit) for limit in (*wave.limits, *wave.slope_limits))
    assert str(wave.range) == "[-1, 1]"
    assert (wave.monotone, wave.lipschitz, wave.zero_centred) == (False, 1.0, True)
    cubic = nonlin.define("cubic", lambda x, xp: x**3 - x).facts
    assert (cubic.polynomial, cubic.homogeneous, cubic.monotone) == (True, None, False)
    almost = nonlin.define("almost", lambda x, xp: x**3 + 1e-4 * xp.sin(x)).facts
    assert not almost.polynomial
    logarithm = nonlin.define("logarithm", lambda x, xp: xp.log1p(xp.abs(x))).facts
    assert logarithm.limits == (INF, INF)
    assert logarithm.slope_limits == (0.0, 0.0)
    assert logarithm.minimum == (0.0, 0.0)
    jump = nonlin.define("jump", lambda x, xp: xp.where(x > 0.3, x + 1, x)).facts
    assert (jump.smoothness, jump.lipschitz, [k.at for k in jump.kinks]) == (-1, INF, [0.3])
    bump = nonlin.define("bump", lambda x, xp: xp.exp(-x * x)).facts
    assert (
        bump.range == nonlin.Facts.__dataclass_fields__["range"].type or str(bump.range) == "(0, 1]"
    )
    assert bump.lipschitz == pytest.approx(math.sqrt(2 / math.e), rel=CONSTANT)


def test_modules_of_a_defined_record(tmp_path):
    module = nn.from_record(bent().learn(), num_parameters=3)
    assert type(module).__name__ == "Bent"
    assert repr(module) == "Bent(a·√(x² + 1) + x, a=0.5, learned: a)"
    x = torch.randn(4, 3)
    for again in (pickle.loads(pickle.dumps(module)), copy.deepcopy(module)):
        torch.testing.assert_close(again(x), module(x))
        assert type(again) is type(module)
        assert again.state_dict().keys() == {"a"}
        assert again.a is not module.a
    torch.save(module, tmp_path / "module.pt")
    loaded = torch.load(tmp_path / "module.pt", weights_only=False)
    torch.testing.assert_close(loaded(x), module(x))
    module(x).sum().backward()
    assert module.a.grad.shape == (3,)
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    nonlin.swap(net, {"relu": bent()})
    assert nn.find_activations(net) == {"1": "bent"}
    assert nn.activation_of(net[1]) == bent()
    nonlin.init.initialize_(net)


def test_gain_of_a_defined_record():
    scaled = nonlin.define("scaled_relu", lambda x, xp: 2 * xp.clip(x, 0.0, None))
    assert nonlin.init.gain(scaled) == pytest.approx(math.sqrt(2) / 2, rel=1e-9)


def test_a_comparison_knows_a_formula_from_its_namesake(tmp_path):
    options = {"seeds": 2, "epochs": 1, "learning_rates": (1e-3,), "out": tmp_path, "quiet": True}
    first = nonlin.compare("digits", ["relu", bent()], workers=2, baseline="bent", **options)
    assert set(first.runs["activation"]) == {"relu", repr(bent())}
    assert not first.failed_runs
    other = nonlin.define("bent", mixed_formula, beta=1.0, depth=1.0)
    second = nonlin.compare("digits", ["relu", other], **options)
    assert set(second.runs["activation"]) == {"relu", repr(other)}
    kept = nonlin.open_results(tmp_path)
    assert set(kept["activation"]) == {"relu", repr(bent()), repr(other)}
    local = nonlin.define("local", lambda x, xp: x * xp.tanh(x))
    with pytest.raises(NonlinError, match=r"^--workers: what was given cannot be sent"):
        nonlin.compare("digits", ["relu", local], workers=2, **options)


def test_importing_nonlin_does_not_load_it():
    code = (
        "import sys, nonlin\n"
        "print('nonlin.defining' in sys.modules)\n"
        "nonlin.define\n"
        "print([m for m in ('torch', 'jax', 'scipy', 'mpmath') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[:2] == ["False", "[]"], done.stderr
