"""Metric learning on the 8x8 digits: contrastive loss over all pairs of a batch."""
import os
import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.set_num_threads(1)


class Settings:
    seed = int(os.environ.get("SEED", 0))
    dim = 8
    hidden = 96
    margin = 1.5
    lr = 2e-3
    weight_decay = 1e-4
    iterations = 600
    batch = 80


def swish(x):
    return x * torch.sigmoid(1.7 * x)


class Embedder(torch.nn.Module):
    def __init__(self, s):
        super().__init__()
        self.p = torch.nn.ParameterDict({
            "w1": torch.nn.Parameter(torch.randn(s.hidden, 64) * (2 / 64) ** 0.5),
            "b1": torch.nn.Parameter(torch.zeros(s.hidden)),
            "w2": torch.nn.Parameter(torch.randn(s.dim, s.hidden) * s.hidden ** -0.5),
        })

    def forward(self, x):
        h = swish(F.linear(x, self.p["w1"], self.p["b1"]))
        return F.linear(h, self.p["w2"])


def distances(z):
    diff = z.unsqueeze(0) - z.unsqueeze(1)
    return diff.pow(2).sum(-1).sqrt()


def contrastive(z, y, margin):
    d = distances(z)
    same = (y.unsqueeze(0) == y.unsqueeze(1)).float()
    off = 1 - torch.eye(len(y))
    gap = margin - d
    push = (gap + gap.abs()) / 2
    pos = (same * off * d ** 2).sum() / (same * off).sum()
    neg = ((1 - same) * push ** 2).sum() / (1 - same).sum()
    return pos + neg


def nearest_neighbour_accuracy(net, xa, ya, xb, yb):
    with torch.no_grad():
        za, zb = net(xa), net(xb)
        d2 = (zb.unsqueeze(1) - za.unsqueeze(0)).pow(2).sum(-1)
        return (ya[d2.argmin(1)] == yb).float().mean().item()


def main(s):
    torch.manual_seed(s.seed)
    X, Y = load_digits(return_X_y=True)
    order = np.random.default_rng(s.seed).permutation(len(X))
    X = torch.tensor(X[order], dtype=torch.float32) / 16
    X = X + 0.25 * torch.randn_like(X)
    Y = torch.tensor(Y[order])
    xa, ya, xb, yb = X[:1200], Y[:1200], X[1200:], Y[1200:]
    net = Embedder(s)
    opt = torch.optim.AdamW(net.parameters(), lr=s.lr, weight_decay=s.weight_decay)
    for it in range(s.iterations):
        i = torch.randint(0, len(xa), (s.batch,))
        loss = contrastive(net(xa[i]), ya[i], s.margin)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        if it % 100 == 0:
            print(f"iter {it} loss {loss.item():.4f}")
    print(f"1-NN accuracy {nearest_neighbour_accuracy(net, xa, ya, xb, yb):.4f}")


if __name__ == "__main__":
    main(Settings)
