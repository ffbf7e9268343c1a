"""GELU's sigmoid form, as in CLIP."""

from nonlin.conventions import Convention
from nonlin.functions._gelu import gelu

WRONG = (
    "σ(1.702x) underflows before the product: 0 from x ≈ −52.2 down, where the true value "
    "is normal to −53."
)

quick_gelu = gelu.variant(
    "quick_gelu",
    fixed={"form": "sigmoid"},
    class_name="QuickGELU",
    text="x·σ(1.702x)",
    identity="f′ = σ(z)(1 + z(1 − σ(z))) with z = 1.702x",
    conventions={
        "timm": Convention(call="timm.layers.activations.quick_gelu", wrong=WRONG),
        "hf": Convention(call="transformers.activations.ACT2FN[quick_gelu]", wrong=WRONG),
    },
)
