"""Randomised leaky ReLU: the left slope is drawn anew for each element in training."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract
from nonlin.functions import _leaky_relu
from nonlin.parameter import Parameter


def drawn(lower, upper, noise):
    # Weights that sum to 1: the mean, at ½, is rounded once.
    return lower * (1.0 - noise) + upper * noise


def value(x, xp, *, lower, upper, noise=0.5):
    return _leaky_relu.value(x, xp, alpha=drawn(lower, upper, noise))


def slope(x, xp, *, lower, upper, noise=0.5):
    return _leaky_relu.slope(x, xp, alpha=drawn(lower, upper, noise))


rrelu = Activation(
    name="rrelu",
    class_name="RReLU",
    text="x if x ≥ 0 else αx, α drawn from (l, u) in training, else (l + u)/2",
    value=value,
    slope=slope,
    identity="f′ = 1 or the α that was drawn",
    definition=lambda mp, x, *, lower, upper: _leaky_relu.definition(
        mp, x, alpha=drawn(mp.mpf(lower), mp.mpf(upper), 0.5)
    ),
    facts_of=lambda *, lower, upper: _leaky_relu.facts_of(alpha=drawn(lower, upper, 0.5)),
    # Half a unit for the slope, half for its product.
    contract=Contract(value_ulp=1.5, derivative_ulp=1),
    parameters=(
        Parameter("lower", 1 / 8, "one end of the slopes drawn", torch="lower"),
        Parameter("upper", 1 / 3, "the other end of the slopes drawn", torch="upper"),
    ),
    draws="training",
    torch="RReLU",
    references=("Xu, Wang, Chen, Li, arXiv:1505.00853, section 2.4",),
    conventions={"torch": Convention(call="torch.nn.functional.rrelu")},
)
