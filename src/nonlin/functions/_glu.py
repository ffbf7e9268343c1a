"""Gated linear unit."""

from nonlin.conventions import Convention
from nonlin.functions._sigmoid import sigmoid
from nonlin.gating import gated

WRONG = "The gate's gradient comes from its rounded value and is 0 from b ≈ 16.6 up."

glu = gated(
    sigmoid,
    name="glu",
    class_name="GLU",
    text="a·σ(b), x = (a, b)",
    torch="GLU",
    references=("Dauphin, Fan, Auli, Grangier, ICML 2017, arXiv:1612.08083, equation 1",),
    conventions={
        "torch": Convention(call="torch.nn.functional.glu", wrong=WRONG),
        "jax": Convention(call="jax.nn.glu", wrong=WRONG),
        "keras": Convention(call="keras.activations.glu", wrong=WRONG),
    },
)
