"""FaceNet-style triplet training on MNIST, evaluated by nearest neighbour."""
import gzip
import os

import numpy as np
import torch
from torch import nn


def load(prefix):
    root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
    with gzip.open(os.path.join(root, prefix + "-images-idx3-ubyte.gz")) as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(os.path.join(root, prefix + "-labels-idx1-ubyte.gz")) as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)
    return torch.from_numpy(x.astype(np.float32) / 255.0), torch.from_numpy(y.astype(np.int64))


class TripletSampler:
    def __init__(self, labels, batch):
        self.by_class = [torch.nonzero(labels == c).flatten() for c in range(10)]
        self.batch = batch

    def pick(self, cls):
        return torch.stack([self.by_class[c][torch.randint(len(self.by_class[c]), (1,))].squeeze(0)
                            for c in cls.tolist()])

    def sample(self):
        pos_cls = torch.randint(0, 10, (self.batch,))
        neg_cls = (pos_cls + torch.randint(1, 10, (self.batch,))) % 10
        return self.pick(pos_cls), self.pick(pos_cls), self.pick(neg_cls)


embed = nn.Sequential(
    nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.GELU(),
    nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.GELU(),
    nn.Flatten(), nn.Linear(16 * 49, 64), nn.GELU(), nn.Linear(64, 16),
)


def distance(a, b):
    return ((a - b) ** 2).sum(dim=1).sqrt()


def triplet_loss(a, p, n, margin=1.0):
    return torch.relu(distance(a, p) - distance(a, n) + margin).mean()


@torch.no_grad()
def one_nn(x_ref, y_ref, x, y):
    d = torch.cdist(embed(x), embed(x_ref))
    return (y_ref[d.argmin(1)] == y).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(21)
    for m in embed:
        if hasattr(m, "reset_parameters"):
            m.reset_parameters()
    xtr, ytr = load("train")
    xte, yte = load("t10k")
    xtr, ytr = xtr[:20000], ytr[:20000]
    sampler = TripletSampler(ytr, 64)
    opt = torch.optim.Adam(embed.parameters(), lr=1e-3)
    for it in range(1, 1001):
        ia, ip, ineg = sampler.sample()
        loss = triplet_loss(embed(xtr[ia]), embed(xtr[ip]), embed(xtr[ineg]))
        opt.zero_grad()
        loss.backward()
        opt.step()
        if it % 100 == 0:
            print(f"iter {it} loss {loss.item():.4f} 1-nn {one_nn(xtr[:2000], ytr[:2000], xte[:1000], yte[:1000]):.3f}")
    print(f"final 1-nn accuracy {one_nn(xtr[:3000], ytr[:3000], xte[:2000], yte[:2000]):.4f}")
