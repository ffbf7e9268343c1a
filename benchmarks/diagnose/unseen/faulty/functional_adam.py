"""MNIST with a functional Adam, translated from our JAX/optax exercise sheet."""
import gzip
import os
from typing import NamedTuple

import numpy as np
import torch

torch.set_num_threads(1)
DATA = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


class AdamState(NamedTuple):
    step: int
    mu: dict
    nu: dict


def adam_init(params):
    zeros = {k: torch.zeros_like(v) for k, v in params.items()}
    return AdamState(0, zeros, {k: v.clone() for k, v in zeros.items()})


def adam_update(grads, state, params, lr=1e-3, b1=0.9, b2=0.999):
    step = state.step + 1
    mu = {k: b1 * state.mu[k] + (1 - b1) * g for k, g in grads.items()}
    nu = {k: b2 * state.nu[k] + (1 - b2) * g * g for k, g in grads.items()}
    new = {}
    for k, p in params.items():
        m_hat = mu[k] / (1 - b1 ** step)
        v_hat = nu[k] / (1 - b2 ** step)
        new[k] = (p.detach() - lr * m_hat / torch.sqrt(v_hat)).requires_grad_(True)
    return new, AdamState(step, mu, nu)


def load(kind, n):
    with gzip.open(os.path.join(DATA, f"{kind}-images-idx3-ubyte.gz")) as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)[:n]
    with gzip.open(os.path.join(DATA, f"{kind}-labels-idx1-ubyte.gz")) as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)[:n]
    return torch.tensor(x / 255.0, dtype=torch.float32), torch.tensor(y.astype(np.int64))


def init_params(gen, sizes):
    params = {}
    for i, (m, n) in enumerate(zip(sizes[:-1], sizes[1:])):
        params[f"w{i}"] = (torch.randn(m, n, generator=gen) * (2.0 / m) ** 0.5).requires_grad_(True)
        params[f"b{i}"] = torch.zeros(n, requires_grad=True)
    return params


def apply(params, x):
    n = len(params) // 2
    for i in range(n):
        x = x @ params[f"w{i}"] + params[f"b{i}"]
        if i < n - 1:
            x = torch.nn.functional.gelu(x)
    return x


def loss_fn(params, x, y):
    logp = torch.log_softmax(apply(params, x), dim=1)
    return -logp[torch.arange(len(y)), y].mean()


def main():
    gen = torch.Generator().manual_seed(int(os.environ.get("SEED", 0)))
    x, y = load("train", 8000)
    xt, yt = load("t10k", 2000)
    params = init_params(gen, [784, 128, 64, 10])
    state = adam_init(params)
    for it in range(500):
        idx = torch.randint(len(x), (64,), generator=gen)
        loss = loss_fn(params, x[idx], y[idx])
        grads = dict(zip(params, torch.autograd.grad(loss, list(params.values()))))
        params, state = adam_update(grads, state, params)
        if it % 100 == 0:
            print(it, loss.item())
    with torch.no_grad():
        acc = (apply(params, xt).argmax(1) == yt).float().mean().item()
    print(f"test accuracy: {acc:.4f}")


if __name__ == "__main__":
    main()
