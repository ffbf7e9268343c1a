"""Residual MLP for a soil-moisture retrieval table (simulated radar + weather covariates)."""
import argparse

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def get_data(n=6000, seed=5):
    r = np.random.default_rng(seed)
    x = r.normal(size=(n, 12)).astype(np.float32)
    y = (np.sin(1.5 * x[:, 0]) * x[:, 1] + 0.7 * np.abs(x[:, 2]) - 0.5 * x[:, 3] * x[:, 4]
         + np.maximum(x[:, 5], 0) * 0.8 + 0.1 * r.normal(size=n))
    y = (y - y.mean()) / y.std()
    return torch.from_numpy(x), torch.from_numpy(y.astype(np.float32))


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, dim)
        self.fc2 = nn.Linear(dim, dim)

    def forward(self, x):
        return x + self.fc2(F.relu(self.fc1(x)))


class ResMLP(nn.Module):
    def __init__(self, n_in, dim, depth):
        super().__init__()
        self.inp = nn.Linear(n_in, dim)
        self.blocks = nn.ModuleList(Block(dim) for _ in range(depth))
        self.out = nn.Linear(dim, 1)
        self.apply(self._init)

    def _init(self, m):
        if isinstance(m, nn.Linear):
            nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
            nn.init.zeros_(m.bias)

    def forward(self, x):
        h = self.inp(x)
        for b in self.blocks:
            h = b(h)
        return self.out(F.relu(h)).squeeze(-1)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--depth", type=int, default=24)
    ap.add_argument("--dim", type=int, default=64)
    ap.add_argument("--lr", type=float, default=5e-4)
    ap.add_argument("--steps", type=int, default=1000)
    args = ap.parse_args()
    torch.manual_seed(5)
    x, y = get_data()
    xtr, ytr, xva, yva = x[:5000], y[:5000], x[5000:], y[5000:]
    model = ResMLP(x.shape[1], args.dim, args.depth)
    opt = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-3)
    for step in range(1, args.steps + 1):
        idx = torch.randint(0, len(xtr), (128,))
        loss = F.mse_loss(model(xtr[idx]), ytr[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 100 == 0 or step == 1:
            with torch.no_grad():
                val = F.mse_loss(model(xva), yva).item()
            print(f"[{step:5d}] train {loss.item():.4g}  val {val:.4g}")
    print(f"final val mse {val:.4g}  (variance {yva.var().item():.3f})")


if __name__ == "__main__":
    main()
