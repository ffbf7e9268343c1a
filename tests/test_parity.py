"""Every record against each framework that offers it, as its conventions say.

Right is what lies within the framework's tolerance of the true value. Wherever a framework is
right we equal it; where it is wrong its convention says so, and we keep to the truth.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import nonlin
from catalogue import ELEMENTWISE, RECORDS, allowed
from frameworks import function_of, value_and_gradient
from nonlin.conventions import FRAMEWORKS
from nonlin.errors import NonlinError
from tolerances import FLUSHED, FRAMEWORK_FACTOR, FRAMEWORK_ULP, ulp

OFFERED = [(record, framework) for record in ELEMENTWISE for framework in record.conventions]
EVERY = pytest.mark.parametrize(("record", "framework"), OFFERED, ids=str)


def inputs() -> np.ndarray:
    random = np.random.default_rng(5)
    binades = np.ldexp(random.uniform(1, 2, 300), random.integers(-126, 126, 300))
    dense = np.concatenate([np.linspace(-110, 110, 4401), np.linspace(-6, 6, 2401)])
    return np.unique(np.concatenate([dense, binades, -binades]).astype(np.float32))


X = inputs()


def tolerance(record, kind: str, true: np.ndarray) -> np.ndarray:
    """What a framework may be off by and still be right."""
    with np.errstate(over="ignore"):
        bound = allowed(record, kind, X.astype(np.float64), true, "float32")
    return np.maximum(FRAMEWORK_FACTOR * bound, FRAMEWORK_ULP * ulp(true, "float32")) + FLUSHED


@EVERY
def test_equal_where_the_framework_is_right(record, framework):
    convention = record.conventions[framework]
    ours = record.bind(like=framework)
    theirs = dict(zip(("value", "derivative"), value_and_gradient(convention, X), strict=True))
    wrong = {}
    for kind, of in (("value", ours), ("derivative", ours.derivative)):
        true = of(X.astype(np.float64))
        in_range = np.abs(true) <= np.finfo(np.float32).max
        with np.errstate(over="ignore", invalid="ignore"):
            bound = tolerance(ours, kind, true)
            right = np.abs(theirs[kind] - true) <= bound
            agree = np.abs(theirs[kind] - of(X).astype(np.float64)) <= 2 * bound
            assert (np.abs(of(X) - true) <= bound)[in_range].all()
        assert agree[right & in_range].all()
        wrong[kind] = X[~right & in_range]
    if any(kink.at in X for kink in record.facts.kinks):
        assert all(kink.at not in wrong["derivative"] for kink in record.facts.kinks)
    said = bool(convention.wrong)
    found = {kind: (x.min(), x.max()) for kind, x in wrong.items() if len(x)}
    assert said == bool(found), f"{framework}: {convention.wrong!r}, but wrong at {found}"


@EVERY
def test_slope_at_a_kink_is_the_framework_s(record, framework):
    convention = record.conventions[framework]
    ours = record.bind(like=framework)
    for kink in ours.kinks:
        if torch.tensor(kink.at).bfloat16().double() != kink.at and framework == "hf":
            continue  # Hugging Face keeps xielu's ε in bfloat16, which moves its kink.
        at = np.array([kink.at], dtype=np.float32)
        _, theirs = value_and_gradient(convention, at)
        # Hugging Face rounds the parameters of xielu to bfloat16.
        np.testing.assert_allclose(ours.derivative(at), theirs, rtol=5e-3)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_like_gives_the_framework_s_defaults(framework):
    offered = [record for record in RECORDS if framework in record.conventions]
    assert len(offered) > 10
    for record in offered:
        convention = record.conventions[framework]
        bound = {**record.bound, **convention.parameters}
        assert nonlin.get(record.name, like=framework).bound == bound
        choice = "jax" if framework == "jax" else "torch"
        assert record.bind(like=framework).at_kink == choice
        assert record.bind(like=framework, at_kink="left").at_kink == "left"
        for name, value in record.bound.items():
            assert record.bind(like=framework, **{name: value}).bound[name] == value


def test_defaults_that_differ():
    x = torch.tensor([-1.0])
    assert nonlin.leaky_relu(x).item() == pytest.approx(-0.01)
    assert nonlin.leaky_relu(x, like="keras").item() == pytest.approx(-0.2)
    assert nonlin.nn.PReLU(like="keras").alpha.item() == 0.0
    assert nonlin.relu.derivative(0.0, like="jax") == 0.0
    assert nonlin.hard_tanh.derivative(1.0, like="jax") == 1.0
    assert nonlin.gelu(1.0, like="jax") == nonlin.gelu_tanh(1.0)


def test_frameworks_that_lack_a_function_are_told():
    with pytest.raises(NonlinError, match=r"^lisht: keras has no such function; offered by: none"):
        nonlin.get("lisht", like="keras")
    with pytest.raises(NonlinError, match=r"^celu: hf has no .*: torch, jax, keras, timm$"):
        nonlin.celu(1.0, like="hf")
    with pytest.raises(NonlinError, match=r"^relu: like='mxnet'; allowed: torch, jax, keras"):
        nonlin.relu.bind(like="mxnet")


def test_hugging_face_s_whole_table_is_known():
    from transformers.activations import ACT2FN

    for name in ACT2FN:
        assert nonlin.get(name)(1.0) == pytest.approx(_at_one(ACT2FN[name]), rel=1e-3), name


def _at_one(module) -> float:
    module = module() if isinstance(module, type) else module
    with torch.no_grad():
        return float(module(torch.tensor([1.0])))


def test_xielu_with_parameters_that_were_not_rounded():
    """The parameters of Hugging Face's module, put in as they are meant."""
    ours = nonlin.xielu.bind(like="hf")
    module = function_of(nonlin.xielu.conventions["hf"]).func.float()
    raised = {"alpha_p": ours.bound["alpha_p"], "alpha_n": ours.bound["alpha_n"] - module.beta}
    with torch.no_grad():
        for name, value in raised.items():
            getattr(module, name).copy_(torch.log(torch.expm1(torch.as_tensor(value))))
    x = torch.linspace(-8, 8, 1601, requires_grad=True)
    torch.testing.assert_close(ours(x), module(x), rtol=1e-5, atol=1e-6)
    slopes = [torch.autograd.grad(f(x).sum(), x)[0] for f in (ours, module)]
    torch.testing.assert_close(*slopes, rtol=1e-5, atol=1e-6)
