"""Hourly bike-share demand, 48 h context -> next 6 h, dilated causal convolutions."""
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    context: int = 48
    horizon: int = 6
    channels: int = 32
    lr: float = 0.15
    batch_size: int = 64
    epochs: int = 8
    seed: int = 11


def make_demand(hours=24 * 260, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(hours)
    hod, dow = t % 24, (t // 24) % 7
    rush = np.exp(-0.5 * ((hod - 8) / 1.5) ** 2) + 1.2 * np.exp(-0.5 * ((hod - 17.5) / 2) ** 2)
    leisure = 0.8 * np.exp(-0.5 * ((hod - 14) / 3.5) ** 2)
    base = np.where(dow < 5, rush, leisure)
    weather = np.zeros(hours)
    for i in range(1, hours):
        weather[i] = 0.97 * weather[i - 1] + 0.1 * rng.standard_normal()
    y = base * np.exp(0.5 * weather) + 0.05 * rng.standard_normal(hours)
    return ((y - y.mean()) / y.std()).astype(np.float32)


class CausalConv(nn.Module):
    def __init__(self, cin, cout, dilation, k=3):
        super().__init__()
        self.pad = (k - 1) * dilation
        self.conv = nn.Conv1d(cin, cout, k, dilation=dilation)

    def forward(self, x):
        return F.relu(self.conv(F.pad(x, (self.pad, 0))))


class TCN(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        c = cfg.channels
        self.body = nn.Sequential(*[CausalConv(1 if i == 0 else c, c, 2 ** i) for i in range(4)])
        self.head = nn.Linear(c, cfg.horizon)

    def forward(self, x):
        h = self.body(x.unsqueeze(1))
        return self.head(h[:, :, -1])


def windows(series, cfg):
    w = np.lib.stride_tricks.sliding_window_view(series, cfg.context + cfg.horizon)
    w = torch.from_numpy(w.copy())
    return w[:, :cfg.context], w[:, cfg.context:]


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    series = make_demand()
    cut = int(0.8 * len(series))
    xtr, ytr = windows(series[:cut], cfg)
    xva, yva = windows(series[cut:], cfg)

    model = TCN(cfg)
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, cfg.epochs)
    for epoch in range(cfg.epochs):
        model.train()
        perm = torch.randperm(len(xtr))
        total = 0.0
        for i in range(0, len(perm), cfg.batch_size):
            idx = perm[i:i + cfg.batch_size]
            loss = F.mse_loss(model(xtr[idx]), ytr[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
        sched.step()
        model.eval()
        with torch.no_grad():
            val = F.mse_loss(model(xva), yva).item()
        print(f"epoch {epoch + 1}  train mse {total / len(xtr):.4f}  val mse {val:.4f}")
    print(f"final val mse {val:.4f}")


if __name__ == "__main__":
    main()
