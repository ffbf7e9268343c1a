"""Each erratum of the sources (S1 to S5), in its corrected form.

S1: P. Sharma, Activation Function (slides). S2: E. Roman-Rangel, Non-linear activations.
S3: Different types of activation units (course note). S4: Activation function in deep
learning (article). S5: Activation function 2 (lecture notes).
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import nonlin
from nonlin.functions import _gelu


def test_s4_swish_divides_by_one_plus():
    """S4 writes x/(1 − e⁻ˣ), which is 4.0746 at 4."""
    assert nonlin.swish(4.0) == pytest.approx(3.928055, abs=5e-7)
    assert nonlin.swish(4.0) == pytest.approx(4 / (1 + math.exp(-4)), rel=1e-15, abs=0)


def test_s4_swish_of_a_negative_number_is_negative():
    """S4 prints swish(−67) = 5.35e−28."""
    assert nonlin.swish(-67.0) == pytest.approx(-67 * math.exp(-67), rel=1e-14, abs=0)
    assert nonlin.swish(-67.0) == pytest.approx(-5.35e-28, rel=1e-2, abs=0)


def test_s4_derivative_of_elu_is_1_on_the_right():
    """S4 gives x for x ≥ 0."""
    np.testing.assert_array_equal(nonlin.elu.derivative(np.array([0.0, 0.5, 2.0, 400.0])), 1.0)


def test_s5_elu_subtracts_one():
    """S5 writes αeˣ, which jumps at 0."""
    assert nonlin.elu(-1.0) == pytest.approx(math.exp(-1) - 1, rel=1e-15, abs=0)
    assert nonlin.elu(-1e-9) == pytest.approx(-1e-9, rel=1e-8, abs=0)


def test_s1_elu_has_small_gradients_far_left():
    """S1 says large negative inputs give ELU large gradients."""
    assert nonlin.elu.derivative(-20.0) == pytest.approx(math.exp(-20), rel=1e-14, abs=0)
    assert "left" in nonlin.elu.facts.saturating_sides


def test_s4_s5_elu_is_an_exponential():
    """S4 and S5 speak of a log curve: that would have no lower bound."""
    steps = nonlin.elu.derivative(np.arange(-6.0, 0.0))
    np.testing.assert_allclose(steps[1:] / steps[:-1], math.e, rtol=1e-14)
    assert nonlin.elu.facts.range.low == -1


def test_s1_the_constant_of_gelu():
    """S1 prints 0.04475; 0.044715 makes the tanh form agree with GELU's third derivative."""
    assert _gelu.CUBIC == 0.044715
    x = np.linspace(-4, 4, 801)
    error = np.abs(nonlin.gelu(x, form="tanh") - nonlin.gelu(x)).max()
    assert error == pytest.approx(4.73e-4, rel=1e-2, abs=0)
    printed = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.04475 * x**3)))
    assert not np.allclose(nonlin.gelu(x, form="tanh"), printed, rtol=0, atol=1e-5)


def test_s3_swish_with_beta_0_is_half_of_z():
    """S3 says f(z) = z."""
    z = np.linspace(-9, 9, 37)
    np.testing.assert_array_equal(nonlin.swish(z, beta=0.0), z / 2)
    np.testing.assert_array_equal(nonlin.swish.derivative(z, beta=0.0), 0.5)


def test_s3_swish_has_a_minimum():
    """S3 says it is bounded below by its limit 0."""
    at, low = nonlin.swish.facts.minimum
    assert at == pytest.approx(-1.278464542761, abs=5e-13)
    assert low == pytest.approx(-0.278464542761, abs=5e-13)
    assert nonlin.swish(at) == pytest.approx(low, rel=1e-14, abs=0)
    assert nonlin.swish.derivative(at) == pytest.approx(0, abs=1e-15)


def test_s4_swish_is_bounded_below():
    """S4 says it ranges from −∞ to ∞."""
    assert str(nonlin.swish.facts.range).startswith("[-0.278465")
    assert nonlin.swish(np.linspace(-1000, 1000, 200_001)).min() >= -0.2784645427610738


def test_s3_derivative_of_mish_exists_at_0():
    """S3's Δ(x)·swish(x) + f(x)/x is 0/0 there."""
    assert nonlin.mish.derivative(0.0) == pytest.approx(0.6, rel=1e-15, abs=0)
    for x in (np.zeros(1), np.zeros(1, dtype="float32")):
        assert nonlin.mish.derivative(x) == pytest.approx(0.6, rel=1e-6, abs=0)
    at = torch.zeros(1, requires_grad=True)
    nonlin.mish(at).backward()
    assert at.grad.item() == pytest.approx(0.6, rel=1e-6, abs=0)
    x = np.array([-3.0, -0.5, 0.5, 3.0])
    delta = 1 / np.cosh(np.log1p(np.exp(x))) ** 2
    s3 = delta * nonlin.swish(x) + nonlin.mish(x) / x
    np.testing.assert_allclose(nonlin.mish.derivative(x), s3, rtol=1e-13)


def test_s2_s5_the_derivative_of_softmax_is_a_matrix():
    """S2 and S5 show only its diagonal."""
    x = np.array([1.0, 2.0, 0.5])
    s = nonlin.softmax(x)
    jacobian = nonlin.softmax.derivative(x)
    np.testing.assert_allclose(jacobian, np.diag(s) - np.outer(s, s), rtol=1e-14)
    assert (jacobian[~np.eye(3, dtype=bool)] < 0).all()
    np.testing.assert_allclose(np.diag(jacobian), s * (1 - s), rtol=1e-14)


def test_s1_the_range_of_sigmoid_is_open():
    """S1 writes [0, 1]."""
    facts = nonlin.sigmoid.facts
    assert str(facts.range) == "(0, 1)"
    assert not facts.range.low_reached
    assert not facts.range.high_reached
    assert nonlin.sigmoid(-700.0) > 0


@pytest.mark.parametrize(
    ("name", "mean"), [("elu", 0.16052), ("gelu", 1 / (2 * math.sqrt(math.pi)))]
)
def test_s1_elu_and_gelu_are_not_zero_centred(name, mean):
    """S1 lists them so; their means lie between 0 and ReLU's 0.3989."""
    record = nonlin.get(name)
    assert not record.facts.zero_centred
    z, weights = np.polynomial.hermite_e.hermegauss(100)
    measured = (record(z) * weights).sum() / weights.sum()
    assert measured == pytest.approx(mean, abs=2e-3)
    relu = (nonlin.relu(z) * weights).sum() / weights.sum()
    assert 0 < measured < relu
