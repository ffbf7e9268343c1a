"""BYOL on tabular data (breast cancer cells): online net + predictor, EMA target, feature-corruption views;
then a ridge-regression probe on the frozen representation."""
import copy
import math
import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler


def mlp(i, h, o):
    return nn.Sequential(nn.Linear(i, h), nn.BatchNorm1d(h), nn.ReLU(inplace=True), nn.Linear(h, o))


class BYOL:
    def __init__(self, d, rep=32, proj=16, steps=300):
        self.encoder = nn.Sequential(nn.Linear(d, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, rep))
        self.projector = mlp(rep, 64, proj)
        self.predictor = mlp(proj, 64, proj)
        self.t_encoder = copy.deepcopy(self.encoder).requires_grad_(False)
        self.t_projector = copy.deepcopy(self.projector).requires_grad_(False)
        online = [*self.encoder.parameters(), *self.projector.parameters(), *self.predictor.parameters()]
        self.opt = torch.optim.AdamW(online, lr=2e-3, weight_decay=1e-4)
        self.steps = steps

    @torch.no_grad()
    def momentum_update(self, step):
        tau = 1 - 0.03 * (math.cos(math.pi * step / self.steps) + 1) / 2
        for t, o in ((self.t_encoder, self.encoder), (self.t_projector, self.projector)):
            for pt, po in zip(t.parameters(), o.parameters()):
                pt.lerp_(po, 1 - tau)

    def regress(self, a, b):
        p = nn.functional.normalize(self.predictor(self.projector(self.encoder(a))), dim=1)
        with torch.no_grad():
            z = nn.functional.normalize(self.t_projector(self.t_encoder(b)), dim=1)
        return 2 - 2 * (p * z).sum(1).mean()

    def step(self, v1, v2, i):
        loss = 0.5 * (self.regress(v1, v2) + self.regress(v2, v1))
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        self.momentum_update(i)
        return loss.item()


def view(x, bank):
    """replace 40 % of the features by those of another cell, add noise"""
    mask = torch.rand_like(x) < 0.4
    other = bank[torch.randint(0, len(bank), (len(x),))]
    return torch.where(mask, other, x) + 0.1 * torch.randn_like(x)


def ridge_probe(f, y, ft, yt, lam=1.0):
    f = torch.cat([f, torch.ones(len(f), 1)], 1)
    ft = torch.cat([ft, torch.ones(len(ft), 1)], 1)
    w = torch.linalg.solve(f.t() @ f + lam * torch.eye(f.size(1)), f.t() @ (2.0 * y - 1))
    return ((ft @ w > 0).long() == yt).float().mean().item()


def main():
    torch.set_num_threads(1)
    torch.manual_seed(4)
    X, y = load_breast_cancer(return_X_y=True)
    order = np.random.RandomState(1).permutation(len(X))
    X, y = X[order], torch.tensor(y[order])
    X = torch.tensor(StandardScaler().fit(X[:400]).transform(X), dtype=torch.float32)
    model = BYOL(X.size(1), steps=320)
    for i in range(320):
        b = X[:400][torch.randint(0, 400, (128,))]
        loss = model.step(view(b, X[:400]), view(b, X[:400]), i)
        if i % 40 == 0:
            print(f"{i:4d}  loss {loss:.4f}")
    model.encoder.eval()
    with torch.no_grad():
        f = model.encoder(X)
    print("feature std %.3f" % f.std(0).mean().item())
    # few labels: 20 for the probe
    acc = ridge_probe(f[:20], y[:20], f[400:], y[400:])
    print(f"probe accuracy with 20 labels {acc:.4f} (majority {max(y[400:].float().mean().item(), 1 - y[400:].float().mean().item()):.4f})")


if __name__ == "__main__":
    main()
