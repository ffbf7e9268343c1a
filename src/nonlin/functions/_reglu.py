"""Gated unit with ReLU as its gate."""

from nonlin.functions._relu import relu
from nonlin.gating import gated

reglu = gated(
    relu,
    name="reglu",
    class_name="ReGLU",
    text="a·relu(b), x = (a, b)",
    references=("Shazeer, arXiv:2002.05202, equation 5",),
)
