"""Mixed precision written out: fp16 compute, fp32 master weights, dynamic loss scale with skipped steps."""
import gzip
import os

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def load(split, n):
    with gzip.open(f"{RAW}/{split}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)[:n]
    with gzip.open(f"{RAW}/{split}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)[:n]
    return (torch.tensor(x.astype(np.float32)) / 255 - 0.13) / 0.31, torch.tensor(y.astype(np.int64))


def he(n_in, n_out):
    return torch.randn(n_in, n_out) * (2 / n_in) ** 0.5


x, y = load("train", 8000)
xt, yt = load("t10k", 2000)
master = {"w1": he(784, 96), "b1": torch.zeros(96), "w2": he(96, 96), "b2": torch.zeros(96),
          "w3": he(96, 10) * 0.5, "b3": torch.zeros(10)}


def forward(p, inp):
    h = torch.relu(inp @ p["w1"] + p["b1"])
    h = torch.relu(h @ p["w2"] + p["b2"])
    return h @ p["w3"] + p["b3"]


class LossScale:
    def __init__(self, scale=2.0 ** 17, every=150):
        self.scale, self.every, self.good = scale, every, 0

    def update(self, finite):
        if not finite:
            self.scale, self.good = self.scale / 2, 0
            return
        self.good += 1
        if self.good % self.every == 0:
            self.scale *= 2


scaler, lr, mu, skipped = LossScale(), 0.02, 0.9, 0
momentum = {k: torch.zeros_like(v) for k, v in master.items()}
steps = 700
for it in range(steps):
    idx = torch.randint(len(x), (64,))
    work = {k: v.half().requires_grad_(True) for k, v in master.items()}
    loss = F.cross_entropy(forward(work, x[idx].half()).float(), y[idx])
    (loss * scaler.scale).backward()
    grads = {k: w.grad.float() / scaler.scale for k, w in work.items()}
    finite = all(torch.isfinite(g).all() for g in grads.values())
    scaler.update(finite)
    if not finite:
        skipped += 1
        continue
    for k in master:
        momentum[k] = mu * momentum[k] + grads[k]
        master[k] = master[k] - lr * momentum[k]
    if it % 100 == 0:
        print(f"{it} loss {loss.item():.4f} scale {scaler.scale:.0f} skipped {skipped}")

acc = (forward(master, xt).argmax(1) == yt).float().mean().item()
base = torch.bincount(yt).max().item() / len(yt)
print(f"skipped {skipped}/{steps}; test accuracy {acc:.4f}  baseline (most frequent class) {base:.4f}")
