"""Parametric ReLU: leaky ReLU whose slope is learned, per layer or per channel."""

from nonlin.conventions import Convention
from nonlin.functions._leaky_relu import leaky_relu
from nonlin.parameter import Parameter


def alpha_derivative(x, xp, *, alpha):
    return xp.where(x > 0, 0.0, x)


prelu = leaky_relu.variant(
    "prelu",
    class_name="PReLU",
    text="x if x ≥ 0 else αx, α learned",
    identity="f′ = 1 or α; ∂f/∂α = 0 or x, summed over what shares α",
    parameters=(Parameter("alpha", 0.25, "slope on the left", derivative=alpha_derivative),),
    bound={},
    learned=("alpha",),
    torch="PReLU",
    references=("S1, S3, S4, S5: parametric ReLU", "He et al., ICCV 2015, equation 1"),
    conventions={
        "torch": Convention(call="torch.nn.PReLU"),
        "timm": Convention(call="timm.layers.activations.PReLU"),
        "hf": Convention(call="transformers.activations.ACT2FN[prelu]"),
        "keras": Convention(
            call="keras.layers.PReLU", parameters={"alpha": 0.0}, note="α starts at 0."
        ),
    },
)
