"""Mean-field theory against closed forms, and against networks that are really drawn."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys

import numpy as np
import pytest
import torch

import nonlin
from catalogue import ELEMENTWISE
from nonlin.errors import NonlinError
from nonlin.facts import Facts
from nonlin.init import second_moment
from nonlin.properties import PROPERTIES
from nonlin.signal import MeanField, critical_line, propagate
from nonlin.signal.precision import FORMATS, holding
from nonlin.signal.setting import INITS
from tolerances import SIGMAS

SMOOTH = [r for r in ELEMENTWISE if PROPERTIES["smooth"].of(r)]


def stable(record) -> tuple[float, float]:
    """(σ_w, σ_b) that keep the variance at 1 stably: V′(1) <= 0.9 and V(2) <= 2."""
    matched = 1 / second_moment(record)
    field = MeanField(record, matched)
    share = min(1.0, 0.9 / field.slope(1.0), 1 / max(field.variance(2.0) - 1, 1e-9))
    return math.sqrt(share * matched), math.sqrt(1 - share)


@pytest.mark.parametrize("record", SMOOTH, ids=lambda r: r.name)
def test_theory_lies_in_the_interval_of_real_networks(record):
    """The small version of benchmarks/signal_study.py."""
    result = propagate(record, 12, 256, stable(record), networks=6, seed=3)
    # Of 54 intervals of 95 %, some are left by a layer.
    for name in ("variance", "correlation", "gradient"):
        assert result.agreement(name) >= 0.9, name


def test_the_interval_would_notice_a_wrong_theory():
    result = propagate("tanh", 12, 256, (1.5, 0.3), networks=6)
    wrong = MeanField(nonlin.tanh, 1.6**2, 0.3**2)
    from nonlin.signal.predicting import predict

    theory = predict(wrong, result.setting)
    _, low, high = result.simulated("gradient")
    inside = (theory.gradient >= low) & (theory.gradient <= high)
    assert inside[:-1].mean() < 0.5


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("relu", {"stack": "conv", "width": 48}),
        ("tanh", {"stack": "conv", "width": 48, "init": (1.3, 0.2)}),
        ("gelu", {"residual": True, "init": "matched"}),
        ("relu", {"residual": True, "branch": 0.5}),
        ("gelu", {"norm": "layer", "init": "matched"}),
        ("silu", {"norm": "layer", "residual": True}),
        ("relu", {"norm": "batch", "correlation": 0.0, "inputs": 256}),
        ("gelu", {"norm": "batch", "residual": True, "correlation": 0.0, "inputs": 256}),
        ("tanh", {"correlation": -0.5, "inputs": 2, "init": (2.0, 0.0)}),
        ("elu", {"init": "pytorch"}),
    ],
    ids=str,
)
def test_stacks_norms_and_residual_connections(name, options):
    result = propagate(name, 10, **{"width": 256, "networks": 6, **options})
    for quantity in ("variance", "gradient"):
        assert result.agreement(quantity) >= 0.9, quantity


def test_relu_in_closed_form():
    field = MeanField(nonlin.relu, 2.0)
    for q in (0.1, 1.0, 7.0):
        assert field.variance(q) == pytest.approx(q)
        assert field.chi(q) == pytest.approx(1)
        for c in (-0.9, 0.0, 0.3, 0.95, 1.0):
            # Cho and Saul (2009), the arc-cosine kernel of degree 1.
            theta = math.acos(c)
            kernel = (math.sin(theta) + (math.pi - theta) * c) / math.pi
            assert field.correlation(q, c) == pytest.approx(kernel, abs=2e-4)
    assert math.isclose(field.settles_at(3.0), 3.0)
    assert field.fixed_points == ()
    assert MeanField(nonlin.relu, 1.9).settles_at(1.0) == 0
    assert MeanField(nonlin.relu, 2.1).settles_at(1.0) == math.inf


def test_identity_and_a_quadratic_in_closed_form():
    field = MeanField(nonlin.identity, 0.5, 0.25)
    assert field.settles_at(1.0) == pytest.approx(0.5)
    assert field.correlation(0.5, 0.2) == pytest.approx((0.5 * 0.5 * 0.2 + 0.25) / 0.5)
    square = MeanField(nonlin.parse("x**2"), 1.0)
    assert square.variance(2.0) == pytest.approx(3 * 4)
    # E[u²v²] = q²(1 + 2c²)
    assert square.covariance(2.0, 0.5) == pytest.approx(4 * (1 + 2 * 0.25))
    assert square.chi(2.0) == pytest.approx(4 * 2)


@pytest.mark.parametrize("name", ["tanh", "gelu", "mish", "selu", "hard_swish"])
def test_covariance_by_monte_carlo(name):
    record, random = nonlin.get(name), np.random.default_rng(0)
    u, v = random.standard_normal((2, 2**19))
    q, c = 0.8, 0.6
    a, b = math.sqrt(q) * u, math.sqrt(q) * (c * u + math.sqrt(1 - c * c) * v)
    products = record(a) * record(b)
    field = MeanField(record, 1.3, 0.1)
    expected = 1.3 * products.mean() + 0.1
    slack = 1.3 * SIGMAS * products.std() / math.sqrt(len(u))
    assert abs(field.covariance(q, c) - expected) < slack
    assert field.covariance(q, 1.0) == pytest.approx(field.variance(q))


def test_the_critical_points_of_tanh_and_relu():
    # Schoenholz et al. (2017): tanh without biases is critical at σ_w = 1; He et al. (2015):
    # relu at σ_w² = 2, whatever the variance.
    ((_, weight, bias),) = critical_line(nonlin.tanh, np.array([1e-7]))
    assert (weight, bias) == pytest.approx((1, 0), abs=1e-3)
    assert [p[1:] for p in critical_line(nonlin.relu, np.array([0.1, 1, 10]))] == [
        (pytest.approx(math.sqrt(2)), 0.0)
    ] * 3
    below, above = (MeanField(nonlin.tanh, s**2) for s in (0.98, 1.02))
    assert below.settles_at(1.0) == 0
    assert 0 < above.settles_at(1.0) < 0.1
    assert below.chi(1e-8) < 1 < above.chi(1e-8)
    # In the chaotic phase two inputs stay apart, in the ordered one they meet.
    chaotic, ordered = MeanField(nonlin.tanh, 2.5**2), MeanField(nonlin.tanh, 1.0, 0.3)
    assert chaotic.correlation_settles_at(chaotic.settles_at(1.0)) == pytest.approx(0, abs=1e-6)
    assert ordered.correlation_settles_at(ordered.settles_at(1.0)) == 1
    # Along the critical line the correlation's depth scale diverges.
    q, weight, bias = critical_line(nonlin.tanh, np.array([0.5]))[0]
    scales = MeanField(nonlin.tanh, weight**2, bias**2).depth_scales(q)
    assert scales["gradient"] > 1e6
    assert scales["variance"] < 5


def test_selu_s_fixed_point():
    field = MeanField(nonlin.selu, 1.0)
    assert any(point == pytest.approx(1, rel=1e-6) for point in field.fixed_points)
    assert field.settles_at(1.4) == pytest.approx(1, rel=1e-6)
    assert field.settles_at(0.6) == pytest.approx(1, rel=1e-6)


def test_a_fixed_point_is_where_iteration_leads():
    for name, weight, bias in (("tanh", 2.0, 0.1), ("sigmoid", 3.0, 0.2), ("elu", 1.2, 0.1)):
        field, q = MeanField(nonlin.get(name), weight, bias), 1.0
        settled = field.settles_at(q)
        for _ in range(500):
            q = field.variance(q)
        assert q == pytest.approx(settled, rel=1e-9)


def test_batch_norm_explodes_as_published():
    # Yang et al. (2019): relu after batch norm, gradients² grow by π/(π − 1) in each layer.
    result = propagate("relu", 20, norm="batch", correlation=0.0, networks=0)
    ratios = result.theory.gradient[1:-1] / result.theory.gradient[2:]
    assert ratios == pytest.approx(np.full(19, math.pi / (math.pi - 1)))


def test_formats_are_pytorch_s():
    for format in FORMATS:
        info = torch.finfo(getattr(torch, format.name))
        assert format.normal == info.smallest_normal
        assert format.largest == info.max
        held = torch.tensor(format.smallest, dtype=torch.float64)
        assert held.to(getattr(torch, format.name)) > 0
        assert (held / 2.1).to(getattr(torch, format.name)) == 0


def test_where_a_format_is_left():
    rms = np.array([1e-9, 1e-7, 1e-5, 1e-3, 1.0])
    found = holding(rms, FORMATS[0])
    assert (found.falls, found.coarse, found.rises) == (0, 2, None)
    assert holding(1 / rms, FORMATS[0]).rises == 2
    whole = holding(rms, FORMATS[2])
    assert (whole.falls, whole.coarse, whole.rises) == (None, None, None)


def test_the_layer_at_which_float16_loses_the_gradient_is_where_it_does():
    """The gradient, cast to float16, really is 0 there and not in the layer after."""
    result = propagate("sigmoid", 40, 400, "xavier", networks=3)
    layer = result.holdings()[0].falls
    assert layer is not None
    rms = np.sqrt(result.simulation.gradient.mean(axis=0))
    halves = torch.tensor(rms, dtype=torch.float64).half()
    assert halves[layer - 2] == 0
    assert halves[layer + 2] > 0
    text = "\n".join(result.verdict)
    assert f"at layer {layer}, it is below 6e-08" in text
    assert "χ = 0.05572" in text


def test_verdicts():
    said = " ".join(propagate("relu", 50, init="he", networks=0).verdict)
    assert "keeps its variance 1." in said
    assert "χ = 1" in said
    assert "float16 holds the gradient in every layer" in said
    assert "critical" in said
    said = " ".join(propagate("gelu", 50, init="matched", networks=0).verdict)
    assert "but not stably: a deviation from it" in said
    assert "chaotic phase" in said
    assert "dies out" in propagate("relu", 50, init="xavier", networks=0).verdict[0]
    said = " ".join(propagate("tanh", 200, init=(3.0, 0.0), networks=0).verdict)
    assert "float16 overflows" in said
    grown = propagate("lisht", 30, init=(3.0, 0.0), networks=0).verdict
    assert any("grows without bound" in line for line in grown)
    exploded = propagate("exponential", 30, init=(3.0, 0.0), networks=0)
    assert any(line.startswith("Theory ends at layer") for line in exploded.verdict)
    assert json.loads(exploded.to_json())["theory"]["variance"][-1] is None


def test_every_init_and_record_has_an_answer():
    for record in ELEMENTWISE:
        result = propagate(record, 8, 64, "pytorch", networks=0)
        assert len(result.theory.variance) == 9
        assert json.loads(result.to_json())["verdict"] == result.verdict
    for init in INITS:
        assert propagate("tanh", 3, init=init, networks=0).setting.init == init


def test_own_functions_and_bound_records():
    own = nonlin.parse("x * tanh(2 * x)")
    assert propagate(own, 3, networks=0).name == repr(own)
    steep = propagate(nonlin.leaky_relu.bind(alpha=0.5), 3, init="matched", networks=0)
    assert steep.chi == pytest.approx(1)


def test_the_same_seed_gives_the_same_networks_and_more_are_added():
    few, more = (propagate("tanh", 4, 32, networks=n, seed=5) for n in (2, 4))
    np.testing.assert_array_equal(few.simulation.variance, more.simulation.variance[:2])
    other = propagate("tanh", 4, 32, networks=2, seed=6)
    assert not np.allclose(other.simulation.variance, few.simulation.variance)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 0}, "propagate: depth=0; allowed: an integer >= 1"),
        ({"depth": -3}, "propagate: depth=-3; allowed: an integer >= 1"),
        ({"width": 0}, "propagate: width=0; allowed: an integer >= 1"),
        ({"depth": 2.5}, "propagate: depth=2.5; allowed: an integer >= 1"),
        ({"init": "hee"}, "propagate: init='hee'; did you mean 'he'?; allowed: he, xavier, lecun"),
        ({"init": (1, 2, 3)}, "propagate: init=(1, 2, 3); allowed: he, xavier"),
        ({"init": (1, math.nan)}, "propagate: bias_variance=nan; allowed: a number >= 0"),
        ({"init": (0, 1)}, "propagate: weight_variance=0.0; allowed: a number > 0"),
        ({"norm": "group"}, "propagate: norm='group'; allowed: none, layer, batch"),
        ({"stack": "graph"}, "propagate: stack='graph'; allowed: dense, conv"),
        ({"variance": 0}, "propagate: variance=0; allowed: a number > 0"),
        ({"correlation": 2}, "propagate: correlation=2; allowed: a number from -1 to 1"),
        ({"correlation": -0.5}, "propagate: correlation=-0.5 of 8 inputs; allowed: inputs=2"),
        ({"networks": -1}, "propagate: networks=-1; allowed: an integer >= 0"),
        ({"inputs": 1}, "propagate: inputs=1; allowed: an integer >= 2"),
    ],
    ids=str,
)
def test_what_is_refused(options, message):
    with pytest.raises(NonlinError, match=re.escape(message)):
        propagate("relu", **options)


def test_activations_without_moments_are_refused():
    with pytest.raises(NonlinError, match=r"^softmax: propagate needs an elementwise activation$"):
        propagate("softmax")
    with pytest.raises(NonlinError, match=r"E\[f\(z\)²\] is infinite"):
        propagate(nonlin.parse("exp(x*x)"), networks=0)
    with pytest.raises(NonlinError, match="sigmoid: no critical point at variance 1"):
        propagate("sigmoid", init="critical")
    assert isinstance(nonlin.sigmoid.facts, Facts)


def test_the_theory_alone_loads_no_framework():
    code = (
        "import sys, nonlin; nonlin.propagate('gelu', 5, networks=0); nonlin.init.gain('gelu'); "
        "assert 'torch' not in sys.modules and 'plotly' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_matched_gain_need_not_be_stable():
    """V′(1); selu's is published (Klambauer et al. 2017, theorem 1: 0.782648)."""
    slopes = {n: MeanField(nonlin.get(n), 1 / second_moment(n)).slope(1.0) for n in STABILITY}
    assert slopes == pytest.approx(STABILITY, rel=1e-3)
    # A real network of gelu leaves its fixed point, and the result says that it may.
    result = propagate("gelu", 60, 64, "matched", networks=4)
    assert np.abs(np.log(result.simulation.variance[:, -1])).min() > 1
    assert "not stably" in result.verdict[0]


STABILITY = {"gelu": 1.1441, "silu": 1.1726, "mish": 1.0763, "tanh": 0.4611, "selu": 0.782648}
