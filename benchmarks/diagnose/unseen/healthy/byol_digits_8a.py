"""BYOL on the 8x8 digits with an EMA target network; evaluated by a linear probe."""
import copy
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression


@dataclass
class Args:
    dim: int = 32
    proj: int = 32
    lr: float = 2e-3
    tau: float = 0.98
    batch: int = 128
    epochs: int = 40
    seed: int = 4


def augment(x):
    """random shift by up to one pixel, gain jitter, cut-out and noise"""
    n = len(x)
    p = F.pad(x, (1, 1, 1, 1), value=x.min().item())
    dx, dy = torch.randint(0, 3, (2,)).tolist()
    out = p[:, :, dy : dy + 8, dx : dx + 8].clone()
    out = out * (0.8 + 0.4 * torch.rand(n, 1, 1, 1))
    cx, cy = torch.randint(0, 6, (2,)).tolist()
    out[:, :, cy : cy + 2, cx : cx + 2] = 0
    return out + 0.15 * torch.randn_like(out)


def mlp(a, h, b):
    return nn.Sequential(nn.Linear(a, h), nn.BatchNorm1d(h), nn.ReLU(), nn.Linear(h, b))


class Online(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(128, a.dim),
        )
        self.projector = mlp(a.dim, 64, a.proj)

    def forward(self, x):
        return self.projector(self.encoder(x))


def probe(net, xtr, ytr, xte, yte):
    net.eval()
    with torch.no_grad():
        a, b = net.encoder(xtr).numpy(), net.encoder(xte).numpy()
    net.train()
    m, s = a.mean(0), a.std(0) + 1e-6
    clf = LogisticRegression(max_iter=300).fit((a[:200] - m) / s, ytr[:200])
    return clf.score((b - m) / s, yte)


def main():
    a = Args()
    torch.manual_seed(a.seed)
    d = load_digits()
    x = torch.tensor(d.images, dtype=torch.float32)[:, None]
    x = (x - x.mean()) / x.std()
    order = torch.randperm(len(x))
    x, y = x[order], d.target[order.numpy()]
    xtr, ytr, xte, yte = x[:1400], y[:1400], x[1400:], y[1400:]

    online, predictor = Online(a), mlp(a.proj, 64, a.proj)
    target = copy.deepcopy(online)
    for p in target.parameters():
        p.requires_grad_(False)
    start = probe(online, xtr, ytr, xte, yte)

    opt = torch.optim.AdamW([*online.parameters(), *predictor.parameters()], lr=a.lr, weight_decay=1e-4)
    for epoch in range(a.epochs):
        tot = 0.0
        for idx in torch.randperm(len(xtr)).split(a.batch):
            v1, v2 = augment(xtr[idx]), augment(xtr[idx])
            with torch.no_grad():
                t1, t2 = target(v1), target(v2)
            p1, p2 = predictor(online(v1)), predictor(online(v2))
            loss = 2 - F.cosine_similarity(p1, t2).mean() - F.cosine_similarity(p2, t1).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            with torch.no_grad():
                for po, pt in zip(online.parameters(), target.parameters()):
                    pt.lerp_(po, 1 - a.tau)
            tot += loss.item() * len(idx)
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: byol loss {tot / len(xtr):.4f}")
    print(f"linear probe (200 labels): random encoder {start:.4f} -> byol {probe(online, xtr, ytr, xte, yte):.4f}")


if __name__ == "__main__":
    main()
