"""Hourly load forecasting: 48 h of history -> next 6 h.  Trainer-style layout."""
import argparse
import math

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--history", type=int, default=48)
    p.add_argument("--horizon", type=int, default=6)
    p.add_argument("--hidden", type=int, default=40)
    p.add_argument("--epochs", type=int, default=9)
    p.add_argument("--lr", type=float, default=5e-3)
    p.add_argument("--seed", type=int, default=5)
    return p.parse_args([])


def load_series(seed, n=2600):
    r = np.random.default_rng(seed)
    h = np.arange(n)
    day = 90 * np.sin(2 * np.pi * (h - 7) / 24) + 35 * np.sin(4 * np.pi * h / 24)
    week = 40 * ((h // 24) % 7 < 5)
    ar = np.zeros(n)
    for i in range(1, n):
        ar[i] = 0.95 * ar[i - 1] + r.normal(0, 8)
    return (600 + day + week + ar).astype(np.float32)


class Standardizer:
    def fit(self, a):
        self.m, self.s = float(a.mean()), float(a.std())
        return self

    def __call__(self, a):
        return (a - self.m) / self.s


class Forecaster(nn.Module):
    def __init__(self, hidden, horizon):
        super().__init__()
        self.encoder = nn.LSTM(1, hidden, batch_first=True)
        self.head = nn.Sequential(
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, horizon),
            nn.Sigmoid(),
        )

    def forward(self, x):
        _, (h, _) = self.encoder(x)
        return self.head(h[-1])


class Trainer:
    def __init__(self, model, args):
        self.model, self.args = model, args
        self.opt = torch.optim.AdamW(model.parameters(), lr=args.lr)
        self.loss = nn.MSELoss()

    def run_epoch(self, loader):
        self.model.train()
        total = count = 0
        for x, y in loader:
            self.opt.zero_grad()
            l = self.loss(self.model(x), y)
            l.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.opt.step()
            total += l.item() * len(x)
            count += len(x)
        return total / count

    @torch.no_grad()
    def validate(self, loader):
        self.model.eval()
        se = sy = n = 0.0
        for x, y in loader:
            se += ((self.model(x) - y) ** 2).sum().item()
            sy += (y ** 2).sum().item()
            n += y.numel()
        return math.sqrt(se / n), 1 - se / sy


def windows(z, hist, hor):
    xs = np.stack([z[i:i + hist] for i in range(len(z) - hist - hor)])
    ys = np.stack([z[i + hist:i + hist + hor] for i in range(len(z) - hist - hor)])
    return torch.from_numpy(xs)[..., None], torch.from_numpy(ys)


def main():
    args = parse()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    series = load_series(args.seed)
    cut = 2000
    std = Standardizer().fit(series[:cut])
    z = std(series)
    train = TensorDataset(*windows(z[:cut], args.history, args.horizon))
    test = TensorDataset(*windows(z[cut:], args.history, args.horizon))
    gen = torch.Generator().manual_seed(args.seed)
    tl = DataLoader(train, batch_size=64, shuffle=True, generator=gen)
    vl = DataLoader(test, batch_size=256)
    t = Trainer(Forecaster(args.hidden, args.horizon), args)
    for e in range(args.epochs):
        tr = t.run_epoch(tl)
        rmse, r2 = t.validate(vl)
        print(f"epoch {e:02d} | train mse {tr:.4f} | val rmse {rmse * std.s:.2f} MW | r2 {r2:.3f}")
    print(f"final r2: {r2:.4f}")


if __name__ == "__main__":
    main()
