"""Predict the (log) price of flats from raw listing attributes."""
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn

torch.set_num_threads(1)


@dataclass
class Config:
    n: int = 6000
    hidden: int = 96
    lr: float = 1e-3
    epochs: int = 25
    batch: int = 64
    seed: int = 11


def make_listings(n, rng):
    area = rng.gamma(6.0, 14.0, n) + 18                  # square metres
    year = rng.integers(1890, 2023, n).astype(float)     # built
    dist = rng.exponential(4500.0, n)                    # metres to the centre
    floor = rng.integers(0, 12, n).astype(float)
    income = rng.normal(42000, 9000, n)                  # median of the district
    rooms = np.clip(np.round(area / 24 + rng.normal(0, 0.6, n)), 1, 8)
    log_price = (
        0.9 * np.log(area) - 0.35 * np.log1p(dist / 1500.0) + 0.25 * np.sin((year - 1890) / 25.0)
        + 0.6 * np.tanh((income - 42000) / 12000) + 0.02 * floor * (dist < 4000) + 0.03 * rooms
        + rng.normal(0, 0.05, n)
    )
    feats = np.stack([area, year, dist, floor, income, rooms], 1)
    return feats.astype(np.float32), log_price.astype(np.float32)


class PriceNet(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.fc1 = nn.Linear(d, h)
        self.fc2 = nn.Linear(h, h)
        self.fc3 = nn.Linear(h, 1)
        self.act = nn.Tanh()

    def forward(self, x):
        x = self.act(self.fc1(x))
        x = self.act(self.fc2(x))
        return self.fc3(x).squeeze(-1)


def r2_score(pred, y):
    return 1 - ((pred - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()


def run(cfg):
    torch.manual_seed(cfg.seed)
    x, y = make_listings(cfg.n, np.random.default_rng(cfg.seed))
    cut = int(0.8 * cfg.n)
    y_mu, y_sd = y[:cut].mean(), y[:cut].std()
    x, y = torch.from_numpy(x), torch.from_numpy((y - y_mu) / y_sd)
    xtr, ytr, xva, yva = x[:cut], y[:cut], x[cut:], y[cut:]

    net = PriceNet(x.shape[1], cfg.hidden)
    opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
    sched = torch.optim.lr_scheduler.StepLR(opt, step_size=10, gamma=0.5)
    for epoch in range(cfg.epochs):
        net.train()
        order = torch.randperm(cut)
        for i in range(0, cut, cfg.batch):
            idx = order[i:i + cfg.batch]
            loss = nn.functional.smooth_l1_loss(net(xtr[idx]), ytr[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        sched.step()
        net.eval()
        with torch.no_grad():
            print(f"[{epoch:02d}] train loss {loss.item():.4f}  val R2 {r2_score(net(xva), yva):.4f}")


if __name__ == "__main__":
    run(Config())
