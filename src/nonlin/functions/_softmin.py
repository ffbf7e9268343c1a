"""Softmin: softmax of −x."""

from nonlin.conventions import Convention
from nonlin.functions import _softmax
from nonlin.functions._softmax import softmax


def product(x, vector, xp):
    return -_softmax.product(-x, vector, xp)


softmin = softmax.variant(
    "softmin",
    class_name="Softmin",
    text="e^{−xᵢ} / Σⱼ e^{−xⱼ}",
    value=lambda x, xp: _softmax.value(-x, xp),
    pullback=product,
    pushforward=product,
    identity="∂sᵢ/∂xⱼ = −sᵢ(δᵢⱼ − sⱼ)",
    definition=lambda mp, x: softmax.definition(mp, [-v for v in x]),
    torch="Softmin",
    references=("PyTorch: torch.nn.Softmin",),
    conventions={
        "torch": Convention(
            call="torch.nn.functional.softmin", arguments={"dim": -1}, wrong=_softmax.WRONG
        )
    },
)
