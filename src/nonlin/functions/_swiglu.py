"""Gated unit with swish as its gate; β = 1 is the SiLU of most language models."""

from nonlin.functions._swish import swish
from nonlin.gating import gated

swiglu = gated(
    swish,
    name="swiglu",
    class_name="SwiGLU",
    text="a·b·σ(βb), x = (a, b)",
    references=(
        "Shazeer, arXiv:2002.05202, equation 5",
        "Some models, such as Phi-3, gate with the first half of the axis instead",
    ),
)
