"""Quantisation-aware training: ternary weights, 2-bit activations, MNIST MLP."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def load(split, n):
    with gzip.open(os.path.join(RAW, f"{split}-images-idx3-ubyte.gz")) as f:
        x = np.frombuffer(f.read()[16:], np.uint8)[: n * 784].reshape(n, 784)
    with gzip.open(os.path.join(RAW, f"{split}-labels-idx1-ubyte.gz")) as f:
        y = np.frombuffer(f.read()[8:], np.uint8)[:n]
    return torch.tensor(x / 255.0, dtype=torch.float32), torch.tensor(y, dtype=torch.long)


class Ternarize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, w):
        delta = 0.7 * w.abs().mean()
        mask = (w.abs() > delta).float()
        alpha = (w.abs() * mask).sum() / mask.sum().clamp(min=1)
        return alpha * torch.sign(w) * mask

    @staticmethod
    def backward(ctx, g):
        return g


class QuantAct(nn.Module):
    def __init__(self, bits=2):
        super().__init__()
        self.levels = 2**bits - 1

    def forward(self, x):
        x = x.clamp(0, 1)
        q = torch.round(x * self.levels) / self.levels
        return x + (q - x).detach()


class TernaryLinear(nn.Linear):
    def forward(self, x):
        return F.linear(x, Ternarize.apply(self.weight), self.bias)


torch.manual_seed(17)
net = nn.Sequential(
    TernaryLinear(784, 256, bias=False),
    nn.BatchNorm1d(256),
    QuantAct(),
    TernaryLinear(256, 128, bias=False),
    nn.BatchNorm1d(128),
    QuantAct(),
    TernaryLinear(128, 10),
)
xtr, ytr = load("train", 12000)
xte, yte = load("t10k", 2000)

epochs, bs = 6, 100
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, epochs * len(xtr) // bs)
for epoch in range(epochs):
    net.train()
    for it, idx in enumerate(torch.randperm(len(xtr)).split(bs)):
        loss = F.cross_entropy(net(xtr[idx]), ytr[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if it % 60 == 0:
            print(f"epoch {epoch} it {it:3d} loss {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        acc = (net(xte).argmax(1) == yte).float().mean().item()
    print(f"epoch {epoch}: quantised test acc {acc:.4f}")

# reference: nearest class mean
means = torch.stack([xtr[ytr == c].mean(0) for c in range(10)])
ncm = (torch.cdist(xte, means).argmin(1) == yte).float().mean().item()
print(f"nearest-mean {ncm:.4f}  ternary net {acc:.4f}")
