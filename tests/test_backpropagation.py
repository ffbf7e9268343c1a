"""The δ recursion by hand, in NumPy with our derivatives, against PyTorch's autograd."""

from __future__ import annotations

import doctest
from pathlib import Path

import numpy as np
import pytest
import torch

from catalogue import ELEMENTWISE

DEPTH, WIDTH, ROWS = 4, 8, 6
PAGE = Path(__file__).parent.parent / "docs" / "backpropagation.md"


def by_hand(f, weights, x, target):
    """Gradients of ½ Σ (a − target)² with respect to every weight matrix, and to x."""
    z, a = [], [x]
    for w in weights:
        z.append(a[-1] @ w.T)
        a.append(f(z[-1]))
    delta = f.derivative(z[-1]) * (a[-1] - target)
    gradients = []
    for layer in range(len(weights) - 1, -1, -1):
        gradients.insert(0, delta.T @ a[layer])
        back = delta @ weights[layer]
        delta = f.derivative(z[layer - 1]) * back if layer else back
    return gradients, delta


@pytest.mark.parametrize("record", ELEMENTWISE, ids=lambda r: r.name)
def test_every_activation(record):
    random = np.random.default_rng(7)
    # Small enough for four exponentials of one another.
    weights = [random.standard_normal((WIDTH, WIDTH)) / (2 * WIDTH) for _ in range(DEPTH)]
    x, target = random.standard_normal((2, ROWS, WIDTH))
    gradients, to_x = by_hand(record, weights, x, target)
    at = torch.tensor(x, requires_grad=True)
    theirs = [torch.tensor(w, requires_grad=True) for w in weights]
    out = at
    for w in theirs:
        out = record(out @ w.T)
    (0.5 * (out - torch.tensor(target)).square().sum()).backward()
    scale = max(np.abs(g).max() for g in gradients)
    for ours, w in zip(gradients, theirs, strict=True):
        np.testing.assert_allclose(ours, w.grad.numpy(), rtol=1e-12, atol=1e-13 * scale)
    np.testing.assert_allclose(to_x, at.grad.numpy(), rtol=1e-12, atol=1e-13 * scale)


def test_pytorch_s_own_function_agrees():
    """Nothing of ours on the other side."""
    import nonlin

    random = np.random.default_rng(8)
    weights = [random.standard_normal((WIDTH, WIDTH)) / np.sqrt(WIDTH) for _ in range(DEPTH)]
    x, target = random.standard_normal((2, ROWS, WIDTH))
    for record, theirs in ((nonlin.tanh, torch.tanh), (nonlin.gelu, torch.nn.functional.gelu)):
        gradients, _ = by_hand(record, weights, x, target)
        leaves = [torch.tensor(w, requires_grad=True) for w in weights]
        out = torch.tensor(x)
        for w in leaves:
            out = theirs(out @ w.T)
        (0.5 * (out - torch.tensor(target)).square().sum()).backward()
        for ours, leaf in zip(gradients, leaves, strict=True):
            np.testing.assert_allclose(ours, leaf.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_the_documented_example():
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert (failed, tried > 10) == (0, True)
