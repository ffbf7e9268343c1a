"""Hard sigmoid: a ramp from 0 to 1."""

from nonlin.activation import Activation
from nonlin.conventions import Convention
from nonlin.facts import Contract, Facts, Kink, Range
from nonlin.parameter import Parameter


def value(x, xp, *, shift, width):
    # x + shift is exact beside the left end; x/width + shift/width would cancel there.
    return xp.clip((x + shift) / width, 0.0, 1.0)


def slope(x, xp, *, shift, width):
    return xp.indicator((x > -shift) & (x < width - shift), x) / width


def definition(mp, x, *, shift, width):
    return min(max((x + mp.mpf(shift)) / mp.mpf(width), mp.mpf(0)), mp.mpf(1))


def facts_of(*, shift, width):
    steep = 1 / width
    return Facts(
        range=Range(0.0, 1.0, low_reached=True, high_reached=True),
        monotone=True,
        smoothness=0,
        lipschitz=steep,
        limits=(0.0, 1.0),
        slope_limits=(0.0, 0.0),
        kinks=(
            Kink(at=-shift, left=0.0, right=steep, torch=0.0),
            Kink(at=width - shift, left=steep, right=0.0, torch=0.0),
        ),
    )


hard_sigmoid = Activation(
    name="hard_sigmoid",
    class_name="HardSigmoid",
    aliases=("hardsigmoid",),
    text="min(max((x + shift)/width, 0), 1)",
    value=value,
    slope=slope,
    identity="f′ = 1/width on the ramp, else 0",
    definition=definition,
    facts_of=facts_of,
    contract=Contract(value_ulp=1.5, derivative_ulp=0.5),
    parameters=(
        Parameter("shift", 3.0, "where the ramp begins, below 0 (2.5 in ONNX and in Keras 2)"),
        Parameter(
            "width", 6.0, "width of the ramp (5 in ONNX and in Keras 2)", minimum=0, exclusive=True
        ),
    ),
    torch="Hardsigmoid",
    references=(
        "Courbariaux, Bengio, David, BinaryConnect, NeurIPS 2015, equation 3 (another ramp)",
        "Howard et al., MobileNetV3, ICCV 2019, section 5.2",
    ),
    conventions={
        "torch": Convention(call="torch.nn.functional.hardsigmoid"),
        "jax": Convention(call="jax.nn.hard_sigmoid"),
        "keras": Convention(
            call="keras.activations.hard_sigmoid",
            note="Before Keras 3 it was clip(0.2x + 0.5, 0, 1): shift=2.5, width=5.",
        ),
        "timm": Convention(call="timm.layers.activations.hard_sigmoid"),
    },
)
