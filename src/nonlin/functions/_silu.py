"""SiLU: swish with β = 1."""

from nonlin.conventions import Convention
from nonlin.functions._swish import swish

WRONG = "0 below −88.7, where the true value is normal to −91."

silu = swish.variant(
    "silu",
    fixed={"beta": 1.0},
    class_name="SiLU",
    text="x·σ(x)",
    identity="f′ = σ(x)(1 + x(1 − σ(x)))",
    torch="SiLU",
    references=(
        "Elfwing, Uchibe, Doya, Neural Networks 107 (2018), equation 5",
        "Hendrycks, Gimpel, arXiv:1606.08415, section 2 (the name SiLU)",
    ),
    conventions={
        "torch": Convention(call="torch.nn.functional.silu", wrong=WRONG),
        "jax": Convention(
            call="jax.nn.silu", wrong="0 below −87.3, where the true value is normal to −91."
        ),
        "keras": Convention(call="keras.activations.silu", wrong=WRONG),
        "timm": Convention(call="timm.layers.activations.swish", wrong=WRONG),
        "hf": Convention(call="transformers.activations.ACT2FN[silu]", wrong=WRONG),
    },
)
