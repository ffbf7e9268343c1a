from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


@dataclass
class Options:
    embed: int = 16
    margin: float = 1.0
    classes_per_batch: int = 8
    per_class: int = 6
    lr: float = 1e-3
    steps: int = 400


class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)


class Embedder(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.GroupNorm(4, 16), Swish(),
                                  nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.GroupNorm(4, 32), Swish())
        self.proj = nn.Linear(32 * 16, dim)

    def forward(self, x):
        return self.proj(self.conv(x).flatten(1))


def pairwise_distance(z):
    diff = z.unsqueeze(1) - z.unsqueeze(0)
    return diff.pow(2).sum(-1).sqrt()


class ContrastiveLoss(nn.Module):
    def __init__(self, margin):
        super().__init__()
        self.margin = margin

    def forward(self, z, labels):
        d = pairwise_distance(z)
        same = (labels[:, None] == labels[None, :]).float()
        pull = same * d.pow(2)
        push = (1 - same) * (self.margin - d).clamp_min(0).pow(2)
        n = len(z)
        return pull.sum() / same.sum() + push.sum() / (n * n - same.sum())


class BalancedSampler:
    def __init__(self, y, k, m, seed):
        self.rng = np.random.default_rng(seed)
        self.pools = [np.flatnonzero(y == c) for c in range(10)]
        self.k, self.m = k, m

    def __call__(self):
        cls = self.rng.choice(10, self.k, replace=False)
        return np.concatenate([self.rng.choice(self.pools[c], self.m, replace=False) for c in cls])


def nearest_centroid_accuracy(net, xa, ya, xb, yb):
    net.eval()
    with torch.no_grad():
        za, zb = net(xa), net(xb)
        cent = torch.stack([za[ya == c].mean(0) for c in range(10)])
        pred = torch.cdist(zb, cent).argmin(1)
    return (pred == yb).float().mean().item()


def main(o):
    torch.manual_seed(2)
    x, y = load_digits(return_X_y=True)
    xa, xb, ya, yb = train_test_split(x, y, test_size=0.3, random_state=0, stratify=y)
    prep = lambda a: torch.tensor(a, dtype=torch.float32).view(-1, 1, 8, 8) / 8 - 1
    xa, xb = prep(xa), prep(xb)
    ya, yb = torch.tensor(ya), torch.tensor(yb)
    net = Embedder(o.embed)
    loss_fn = ContrastiveLoss(o.margin)
    opt = torch.optim.AdamW(net.parameters(), lr=o.lr)
    sampler = BalancedSampler(ya.numpy(), o.classes_per_batch, o.per_class, 0)
    for step in range(o.steps):
        idx = torch.from_numpy(sampler())
        loss = loss_fn(net(xa[idx]), ya[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    print(f"metric {nearest_centroid_accuracy(net, xa, ya, xb, yb):.4f}")


if __name__ == "__main__":
    main(Options())
