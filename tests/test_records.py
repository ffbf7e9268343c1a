"""Records: what is refused and how it is told, naming, binding, copying, and all array kinds."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re

import array_api_strict
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import nonlin
from catalogue import (
    ELEMENTWISE,
    RECORDS,
    SETTINGS,
    VECTORS,
    allowed,
    sample,
)
from nonlin import functions
from nonlin.errors import InputTypeError, MissingExtraError, NonlinError, require
from tolerances import FLUSHED, JAX

EVERY = pytest.mark.parametrize("record", RECORDS, ids=repr)


def refuses(text: str):
    """Expect a NonlinError whose one line is exactly `text`."""
    assert "\n" not in text
    return pytest.raises(NonlinError, match=f"^{re.escape(text)}$")


def test_the_catalogue_is_sorted_and_found_by_every_name():
    names = nonlin.list_activations()
    assert names == sorted(set(names))
    for record in RECORDS:
        for name in (record.name, *record.aliases):
            assert nonlin.get(name) is record
            assert getattr(nonlin, name) is record
    assert nonlin.get("linear") is nonlin.identity
    assert nonlin.get("linear") is nonlin.identity


def test_unknown_names_offer_the_nearest():
    known = f"({len(RECORDS)} known: nonlin.list_activations())"
    with refuses(f"unknown activation 'gleu'; did you mean 'gelu'? {known}"):
        nonlin.get("gleu")
    with refuses(f"unknown activation 'GELU'; did you mean 'gelu'? {known}"):
        nonlin.get("GELU")
    with refuses(f"unknown activation 'qqq' {known}"):
        nonlin.get("qqq")
    with refuses(f"unknown activation ['relu']; did you mean 'relu'? {known}"):
        nonlin.get(["relu"])  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="module 'nonlin' has no attribute 'gleu'"):
        _ = nonlin.gleu


@EVERY
def test_duplicates_are_refused(record):
    with refuses(f"activation {record.name!r}: name {record.name!r} is taken by {record.name!r}"):
        functions.register(record)
    with refuses(f"activation 'new': class {record.class_name!r} is taken by {record.name!r}"):
        functions.register(record.variant("new"))
    for alias in record.aliases:
        with refuses(f"activation 'new': name {alias!r} is taken by {record.name!r}"):
            functions.register(record.variant("new", class_name="New", aliases=(alias,)))
    assert "new" not in nonlin.list_activations()


@pytest.mark.parametrize("name", ["", "Relu", "leaky relu", "2relu", "leaky-relu"])
def test_invalid_names_are_refused(name):
    with refuses(f"activation name {name!r}: allowed: a lower-case identifier"):
        nonlin.relu.variant(name)
    with refuses(f"activation name {name!r}: allowed: a lower-case identifier"):
        nonlin.relu.variant("fine", aliases=(name,))


def test_unknown_parameters_offer_the_nearest():
    with refuses("swish: unknown parameter 'bета' (known: beta)"):
        nonlin.get("swish", **{"bета": 1.0})
    with refuses("swish: unknown parameter 'betta'; did you mean 'beta'? (known: beta)"):
        nonlin.swish(1.0, betta=2.0)
    with refuses("relu takes no parameters; got 'alpha'"):
        nonlin.relu.bind(alpha=1.0)
    with refuses("scaled_tanh: unknown parameter 'zzz' (known: a, b)"):
        nonlin.scaled_tanh.derivative(1.0, zzz=1.0)


@pytest.mark.parametrize("record", [r for r in RECORDS if r.parameters], ids=repr)
def test_values_outside_the_domain_are_refused(record):
    for parameter in record.parameters:
        bad: list[object] = [None, True, "word", [1.0], 1j, float("nan"), float("inf")]
        if parameter.choices:
            bad += [0.5]
            assert parameter.domain == "one of " + ", ".join(parameter.choices)
        elif isinstance(parameter.default, int):
            bad += [0.5]
            least = parameter.minimum
            bad += [int(least) - 1] if least > -np.inf else []
            bounded = f" >= {least:g}" if least > -np.inf else ""
            assert parameter.domain == f"an integer{bounded}"
        elif parameter.minimum > -np.inf:
            bad += [parameter.minimum - 1e-9]
            bad += [parameter.minimum] if parameter.exclusive else []
            sign = ">" if parameter.exclusive else ">="
            assert parameter.domain == f"a finite number {sign} {parameter.minimum:g}"
        for value in bad:
            text = (
                f"{record.name}: parameter {parameter.name}={value!r}; allowed: {parameter.domain}"
            )
            with refuses(text):
                record.bind(**{parameter.name: value})
            with refuses(text):
                nonlin.get(record.name, **{parameter.name: value})
        assert record.bind(**{parameter.name: parameter.default}) == record


@given(st.floats(min_value=0, allow_infinity=False))
def test_any_value_in_the_domain_is_kept(beta):
    assert nonlin.swish.bind(beta=beta).bound == {"beta": beta}


def test_numbers_of_numpy_are_numbers():
    bound = nonlin.swish.bind(beta=np.float32(0.5)).bound["beta"]
    assert (bound, type(bound)) == (0.5, float)
    axis = nonlin.softmax.bind(axis=np.int64(0)).bound["axis"]
    assert (axis, type(axis)) == (0, int)


def test_binding():
    swish = nonlin.swish
    assert swish.bind() is swish
    assert swish.bind(beta=2.0)(1.0) == swish(1.0, beta=2.0) == nonlin.get("swish", beta=2)(1.0)
    assert swish.bind(beta=2.0).bind(beta=1.0) == swish
    assert swish.bound == {"beta": 1.0}
    with pytest.raises(TypeError):
        swish.bound["beta"] = 2.0  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        swish.name = "other"  # type: ignore[misc]
    right = nonlin.relu.bind(at_kink="right")
    assert right.derivative(0.0) == 1.0
    assert right.derivative(0.0, at_kink="middle") == 0.5
    assert right.bind(at_kink="torch") == nonlin.relu
    with refuses("relu: at_kink='up'; allowed: torch, jax, left, right, middle"):
        nonlin.relu.derivative(0.0, at_kink="up")  # type: ignore[arg-type]
    with refuses("relu: at_kink=''; allowed: torch, jax, left, right, middle"):
        nonlin.relu.bind(at_kink="")  # type: ignore[arg-type]


def test_learning():
    assert nonlin.swish.learn() == nonlin.swish.learn("beta")
    assert nonlin.swish.learn().learned == ("beta",)
    assert nonlin.prelu.learned == ("alpha",)
    with refuses("relu has no parameter that can be learned"):
        nonlin.relu.learn()
    with refuses("leaky_relu: parameter alpha cannot be learned"):
        nonlin.leaky_relu.learn("alpha")
    with refuses("swish: unknown parameter 'alpha' (known: beta)"):
        nonlin.swish.learn("alpha")


def test_repr_names_what_differs_from_the_default():
    assert repr(nonlin.swish) == "swish"
    assert repr(nonlin.swish.bind(beta=1.5)) == "swish(beta=1.5)"
    assert repr(nonlin.swish.learn()) == "swish(learned)"
    assert repr(nonlin.relu.bind(at_kink="right")) == "relu(at_kink=right)"
    assert repr(nonlin.gelu.bind(form="tanh")) == "gelu(form=tanh)"
    assert len({repr(setting) for setting in SETTINGS}) == len(SETTINGS)


@pytest.mark.parametrize("record", [*SETTINGS, *VECTORS, nonlin.swish.learn()], ids=repr)
def test_records_are_values(record):
    assert copy.copy(record) is record
    assert copy.deepcopy(record) is record
    back = pickle.loads(pickle.dumps(record))
    assert back == record
    assert hash(back) == hash(record)
    assert back.facts == record.facts
    other = record.bind(at_kink="right")
    assert other != record
    assert pickle.loads(pickle.dumps(other)) == other
    assert len({record, back, other}) == 2


ONE_LINE = "allowed: a Python number or a floating-point array or tensor"


@EVERY
@pytest.mark.parametrize(
    ("x", "got"),
    [
        (True, "a bool"),
        (1j, "a complex"),
        ([1.0, 2.0], "a list"),
        ("1", "a str"),
        (None, "a NoneType"),
        (np.array([1, 2]), "dtype int64"),
        (np.array([True]), "dtype bool"),
        (np.bool_(True), "dtype bool"),
        (np.array([1j]), "dtype complex128"),
        (torch.tensor([1, 2]), "dtype torch.int64"),
        (torch.tensor([True]), "dtype torch.bool"),
        (torch.tensor([1j]), "dtype torch.complex64"),
    ],
    ids=lambda v: str(v).replace("\n", ""),
)
def test_what_is_no_real_number_is_refused(record, x, got):
    for of in (record, record.derivative):
        with refuses(f"{record.name}: got {got}; {ONE_LINE}") as caught:
            of(x)
        assert isinstance(caught.value, InputTypeError | TypeError)


@pytest.mark.parametrize("record", ELEMENTWISE, ids=repr)
def test_python_numbers_give_python_numbers(record):
    for of in (record, record.derivative):
        assert type(of(2)) is float
        assert of(2) == of(2.0) == of(np.array(2.0)).item()


ARRAYS = {
    "numpy": np.asarray,
    "torch": torch.asarray,
    "strict": array_api_strict.asarray,
}
SHAPES = [(), (0,), (1,), (7,), (3, 0, 2), (3, 5), (2, 3, 5)]


@pytest.mark.parametrize("library", ARRAYS)
@pytest.mark.parametrize("record", ELEMENTWISE, ids=repr)
def test_kind_dtype_and_shape_stay(record, library):
    make = ARRAYS[library]
    for dtype in ("float32", "float64"):
        for shape in SHAPES:
            x = make(np.ones(shape, dtype=dtype))
            y = record(x)
            assert type(y) is type(x)
            assert y.dtype == x.dtype
            assert tuple(y.shape) == shape
            slope = record.derivative(x)
            assert type(slope) is type(x)
            assert slope.dtype == x.dtype
            assert tuple(slope.shape) == shape


@pytest.mark.parametrize("record", ELEMENTWISE, ids=repr)
def test_numpy_scalars_stay_scalars(record):
    for scalar in (np.float32(0.5), np.float64(0.5), np.float16(0.5)):
        assert type(record(scalar)) is type(scalar)


@pytest.mark.usefixtures("formulas")
@pytest.mark.parametrize("record", SETTINGS, ids=repr)
def test_libraries_agree(record):
    """Strict arrays compute with NumPy, so they agree to the bit."""
    x = sample(record, "float32")
    x = np.concatenate([x, [np.inf, -np.inf, np.nan]]).astype(np.float32)
    for of in (record, record.derivative):
        strict = np.asarray(of(array_api_strict.asarray(x)))
        assert strict.dtype == x.dtype
        np.testing.assert_array_equal(strict, of(x))
        strided = np.stack([x, x], axis=1)[::-2, 0]
        np.testing.assert_array_equal(of(strided), of(strided.copy()))
        np.testing.assert_array_equal(of(x.reshape(1, -1).T), of(x)[:, None])


@pytest.mark.parametrize("record", SETTINGS, ids=repr)
def test_jax_agrees(record):
    jax = pytest.importorskip("jax")
    x = sample(record, "float32")
    x = x[(np.abs(x) >= FLUSHED) & (np.abs(x) < 1e4)]
    ends = np.array([-np.inf, np.inf, np.nan], dtype="float32")
    for kind, of in (("value", record), ("derivative", record.derivative)):
        true = of(x.astype(np.float64))
        bound = allowed(record, kind, x.astype(np.float64), true, "float32")
        for evaluate in (of, jax.jit(of)):
            got = evaluate(jax.numpy.asarray(x))
            assert isinstance(got, jax.Array)
            assert got.dtype == x.dtype
            fits = np.abs(true) <= np.finfo(np.float32).max
            error = np.abs(np.asarray(got).astype(np.float64)[fits] - true[fits])
            slack = JAX * bound + FLUSHED * np.maximum(1, np.abs(x))
            assert (error <= slack[fits]).all()
            limits = np.asarray(evaluate(jax.numpy.asarray(ends)))
            np.testing.assert_allclose(limits, of(ends), rtol=1e-6)


def test_a_warning_setting_of_numpy_does_not_leak_in():
    with np.errstate(all="raise"):
        for record in ELEMENTWISE:
            record(np.array([-1e30, -100.0, 100.0, 1e30], dtype=np.float32))
            record.derivative(np.array([-1e30, -100.0, 100.0, 1e30], dtype=np.float32))


def test_a_missing_extra_is_named():
    text = "figures needs no_such_module, which is not installed; run: pip install 'nonlin[lab]'"
    with pytest.raises(MissingExtraError, match=re.escape(text)):
        require("no_such_module.part", "lab", "figures")
