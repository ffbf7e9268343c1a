"""GELU's tanh form, the default of JAX and of GPT-2."""

from nonlin.conventions import Convention
from nonlin.functions._gelu import gelu

WRONG = (
    "1 + tanh cancels on the left: 0 from x ≈ −5.06 down; the gradient is NaN from |x| ≈ 2e19 up."
)

gelu_tanh = gelu.variant(
    "gelu_tanh",
    fixed={"form": "tanh"},
    class_name="GELUTanh",
    aliases=("gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_accurate"),
    text="½x(1 + tanh(√(2/π)(x + 0.044715x³)))",
    identity="f′ = σ(z)(1 + xz′(1 − σ(z))) with z = 2√(2/π)(x + 0.044715x³)",
    conventions={
        "torch": Convention(
            call="torch.nn.functional.gelu", arguments={"approximate": "tanh"}, wrong=WRONG
        ),
        "jax": Convention(call="jax.nn.gelu", arguments={"approximate": True}, wrong=WRONG),
        "keras": Convention(
            call="keras.activations.gelu", arguments={"approximate": True}, wrong=WRONG
        ),
        "timm": Convention(call="timm.layers.activations.gelu_tanh", wrong=WRONG),
        "hf": Convention(
            call="transformers.activations.ACT2FN[gelu_pytorch_tanh]",
            note="gelu_new, gelu_fast, gelu_accurate and gelu_python_tanh are the same function.",
            wrong=WRONG,
        ),
    },
)
