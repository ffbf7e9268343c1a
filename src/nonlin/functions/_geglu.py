"""Gated unit with GELU as its gate, in any of its forms."""

from nonlin.functions._gelu import gelu
from nonlin.gating import gated

geglu = gated(
    gelu,
    name="geglu",
    class_name="GeGLU",
    text="a·gelu(b), x = (a, b)",
    references=(
        "Shazeer, arXiv:2002.05202, equation 5, with the exact GELU",
        "T5 1.1 and Gemma gate with its tanh form",
    ),
)
