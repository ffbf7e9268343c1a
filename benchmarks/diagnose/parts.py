"""Parts that the scripts of the cases are put together from, as text."""

from __future__ import annotations

from itertools import pairwise
from textwrap import dedent

HEAD = """
import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(1)
torch.manual_seed({seed})
"""

CLASSES = """
x = torch.randn(512, 20)
y = torch.tanh(x @ torch.randn(20, 4)).argmax(1)
"""
# Even in x, so that no linear network can tell the classes apart.
CURVED = """
x = torch.randn(512, 20)
y = x[:, :4].abs().argmax(1)
"""
PARITY = """
x = torch.randn(512, 20)
y = (x[:, :3].prod(1) > 0).long()
"""
BINARY = """
x = torch.randn(512, 20)
y = (x @ torch.randn(20, 1) > 0).float()
"""
REGRESSION = """
x = torch.randn(512, 20)
y = torch.sin(x @ torch.randn(20, 1))
"""
PICTURES = """
y = torch.randint(4, (256,))
x = 0.5 * torch.randn(256, 1, 12, 12)
for k in range(4):
    x[y == k, :, 3 * k : 3 * k + 3] += 1.0
"""
# The bar is bright in half of the pictures and dark in the others.
CURVED_PICTURES = """
y = torch.randint(4, (256,))
x = 0.5 * torch.randn(256, 1, 12, 12)
for k in range(4):
    x[y == k, :, 3 * k : 3 * k + 3] += 1.0
x = x * torch.randn(256, 1, 1, 1).sign()
"""
SMOOTH = """
x = torch.randn(512, 20)
y = torch.sin(x @ torch.randn(20, 1) / 4)
"""
SEQUENCES = """
x = torch.randint(12, (256, 10))
y = x.roll(1, dims=1)
"""

LOOP = """
optimizer = {optimizer}
for epoch in range({epochs}):
    for rows in torch.randperm(len(x)).split({batch}):
        loss = {loss}
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(f"loss {{loss.item():.4f}}")
"""


def training(
    loss: str = "F.cross_entropy(model(x[rows]), y[rows])",
    optimizer: str = "torch.optim.SGD(model.parameters(), lr=0.1)",
    epochs: int = 15,
    batch: int = 64,
) -> str:
    """A training loop."""
    return LOOP.format(loss=loss, optimizer=optimizer, epochs=epochs, batch=batch)


def adam(lr: float = 1e-3) -> str:
    """Adam."""
    return f"torch.optim.Adam(model.parameters(), lr={lr})"


def sgd(lr: float, more: str = "") -> str:
    """SGD."""
    return f"torch.optim.SGD(model.parameters(), lr={lr}{more})"


def mlp(activation: str, widths: tuple[int, ...] = (20, 64, 64, 4), end: str = "") -> str:
    """A stack of dense layers with an activation between them."""
    parts = []
    for a, b in pairwise(widths[:-1]):
        parts += [f"nn.Linear({a}, {b}),", f"{activation},"]
    parts += [f"nn.Linear({widths[-2]}, {widths[-1]}),", *([f"{end},"] if end else [])]
    body = "\n    ".join(p for p in parts if not p.startswith(","))
    return f"model = nn.Sequential(\n    {body}\n)\n"


def deep(activation: str, depth: int, width: int = 32, inputs: int = 20, outputs: int = 4) -> str:
    """A deep stack, built in a loop."""
    return dedent(f"""
    layers = [nn.Linear({inputs}, {width}), {activation}]
    for _ in range({depth - 1}):
        layers += [nn.Linear({width}, {width}), {activation}]
    model = nn.Sequential(*layers, nn.Linear({width}, {outputs}))
    """)


def drawn(how: str) -> str:
    """Draw all weights anew."""
    return dedent(f"""
    for layer in model.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            {how}
    """)


MSE = "F.mse_loss(model(x[rows]), y[rows])"
BCE = "F.binary_cross_entropy_with_logits(model(x[rows]), y[rows])"


def script(*parts: str, seed: int = 0) -> str:
    """One script of several parts."""
    return "\n".join(dedent(p).strip() for p in (HEAD.format(seed=seed), *parts)) + "\n"
