"""Day-ahead forecast of hourly electricity load with an LSTM."""
import math
import os
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)


@dataclass
class Config:
    window: int = 48
    horizon: int = 6
    hidden: int = 48
    batch: int = 64
    steps: int = 450
    lr: float = 3e-3
    seed: int = int(os.environ.get("SEED", 0))


def make_load(n, rng):
    """Hourly load in MW: daily + weekly pattern, weather noise, slow drift."""
    t = np.arange(n)
    daily = 900 * np.sin(2 * math.pi * t / 24 - 1.2) + 350 * np.sin(4 * math.pi * t / 24)
    weekly = 500 * np.sin(2 * math.pi * t / 168)
    ar = np.zeros(n)
    for i in range(1, n):
        ar[i] = 0.97 * ar[i - 1] + rng.normal(0, 70)
    return (5200 + daily + weekly + ar + rng.normal(0, 20, n)).astype(np.float32)


def windows(series, cfg):
    xs, ys = [], []
    for s in range(len(series) - cfg.window - cfg.horizon):
        xs.append(series[s:s + cfg.window])
        ys.append(series[s + cfg.window:s + cfg.window + cfg.horizon])
    return torch.tensor(np.stack(xs))[..., None], torch.tensor(np.stack(ys))


class LoadForecaster(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.lstm = nn.LSTM(1, cfg.hidden, num_layers=2, batch_first=True)
        self.head = nn.Linear(cfg.hidden, cfg.horizon)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.head(out[:, -1])


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    rng = np.random.default_rng(cfg.seed)
    series = make_load(4000, rng)
    x, y = windows(series, cfg)
    split = 3200
    mean, std = series[:split].mean(), series[:split].std()
    y = (y - mean) / std
    xtr, ytr, xte, yte = x[:split], y[:split], x[split:], y[split:]

    model = LoadForecaster(cfg)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    loss_fn = nn.MSELoss()
    for step in range(cfg.steps):
        idx = torch.randint(0, len(xtr), (cfg.batch,))
        loss = loss_fn(model(xtr[idx]), ytr[idx])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        if step % 100 == 0:
            print(f"step {step:4d}  mse {loss.item():.4f}")

    model.eval()
    with torch.no_grad():
        rmse = ((model(xte) - yte) ** 2).mean().sqrt().item() * std
    print(f"test RMSE {rmse:.1f} MW (std of the load {std:.1f} MW)")


if __name__ == "__main__":
    main()
