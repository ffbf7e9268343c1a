"""Small norm-free residual CNN on a slice of MNIST, separate optimiser groups."""
import gzip
import os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(11)
ROOT = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def read_idx(name, n):
    with gzip.open(os.path.join(ROOT, name)) as f:
        raw = f.read()
    if "images" in name:
        return np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 1, 28, 28)[:n].copy()
    return np.frombuffer(raw, np.uint8, offset=8)[:n].astype(np.int64)


def load(split, n):
    x = torch.from_numpy(read_idx(f"{split}-images-idx3-ubyte.gz", n)).float() / 255
    y = torch.from_numpy(read_idx(f"{split}-labels-idx1-ubyte.gz", n))
    return F.avg_pool2d(x, 2), y


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c1 = nn.Conv2d(c, c, 3, padding=1)
        self.c2 = nn.Conv2d(c, c, 3, padding=1)
        self.scale = nn.Parameter(torch.tensor(0.2))

    def forward(self, x):
        return x + self.scale * self.c2(F.silu(self.c1(x)))


class Net(nn.Module):
    def __init__(self, c=16):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, c, 3, padding=1), nn.ReLU(),
            nn.Conv2d(c, c, 3, stride=2, padding=1), nn.ReLU(),
        )
        self.body = nn.Sequential(Block(c), Block(c))
        self.head = nn.Linear(c * 9, 10)

    def forward(self, x):
        x = self.body(self.stem(x))
        x = F.adaptive_avg_pool2d(x, 3)
        return self.head(x.flatten(1))


xtr, ytr = load("train", 3000)
xte, yte = load("t10k", 1000)
net = Net()
opt = torch.optim.Adam([
    {"params": net.stem.parameters(), "lr": 3e-1},
    {"params": net.body.parameters(), "lr": 3e-3},
    {"params": net.head.parameters(), "lr": 3e-3},
])

bs, step = 64, 0
for epoch in range(6):
    order = torch.randperm(len(xtr))
    tot = 0.0
    for i in range(0, len(order), bs):
        b = order[i:i + bs]
        loss = F.cross_entropy(net(xtr[b]), ytr[b], label_smoothing=0.05)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        tot += loss.item() * len(b)
        step += 1
    for g in opt.param_groups:
        g["lr"] *= 0.8
    with torch.no_grad():
        acc = (net(xte).argmax(1) == yte).float().mean().item()
    print(f"epoch {epoch} step {step} train loss {tot / len(xtr):.4f} test acc {acc:.4f}")
