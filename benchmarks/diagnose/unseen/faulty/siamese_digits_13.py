"""Siamese network with contrastive loss (Hadsell et al.) on MNIST."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
rng = np.random.default_rng(SEED)
RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST/raw")


def idx(name, header):
    with gzip.open(os.path.join(RAW, name)) as f:
        return np.frombuffer(f.read(), np.uint8, offset=header)


def mnist(split, n):
    x = idx(f"{split}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)[:n]
    y = idx(f"{split}-labels-idx1-ubyte.gz", 8)[:n]
    return torch.from_numpy(x.astype("float32") / 255.0), y.astype("int64")


class SqueezeExcite(nn.Module):
    def __init__(self, c, r=4):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(c, c // r), nn.Linear(c // r, c)

    def forward(self, x):
        w = x.mean((2, 3))
        w = torch.sigmoid(self.fc2(F.silu(self.fc1(w))))
        return x * w[:, :, None, None]


class Encoder(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.GroupNorm(4, 16), nn.SiLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.GroupNorm(4, 32), nn.SiLU(),
            SqueezeExcite(32),
        )
        self.proj = nn.Linear(32 * 7 * 7, dim)

    def forward(self, x):
        return self.proj(self.features(x).flatten(1))


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, a, b, same):
        dist = torch.sqrt(((a - b) ** 2).sum(dim=1))
        pos = same * dist.pow(2)
        neg = (1 - same) * F.relu(self.margin - dist).pow(2)
        return (pos + neg).mean()


class PairSampler:
    def __init__(self, x, y):
        self.x = x
        self.by_class = [np.flatnonzero(y == c) for c in range(10)]

    def __call__(self, n):
        first, second, same = [], [], []
        for k in range(n):
            c = rng.integers(10)
            d = c if k % 2 == 0 else (c + rng.integers(1, 10)) % 10
            first.append(rng.choice(self.by_class[c]))
            second.append(rng.choice(self.by_class[d]))
            same.append(float(c == d))
        return self.x[first], self.x[second], torch.tensor(same)


xtr, ytr = mnist("train", 2000)
xte, yte = mnist("t10k", 1000)
sampler, net, criterion = PairSampler(xtr, ytr), Encoder(), ContrastiveLoss()
opt = torch.optim.RAdam(net.parameters(), lr=2e-3)
for it in range(350):
    a, b, same = sampler(64)
    loss = criterion(net(a), net(b), same)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 50 == 0:
        print(f"iter {it:4d}  loss {loss.item():.4f}")

net.eval()
with torch.no_grad():
    ref, query = net(xtr), net(xte)
    nearest = torch.cdist(query, ref).argmin(1).numpy()
print(f"1-NN accuracy {(ytr[nearest] == yte).mean():.4f}")
