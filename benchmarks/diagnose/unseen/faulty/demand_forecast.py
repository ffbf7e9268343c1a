"""Forecast the next day of an hourly demand series from the last week with a residual MLP."""
import argparse
import math

import torch
from torch import nn

torch.set_num_threads(1)


def hourly_series(n, seed):
    g = torch.Generator().manual_seed(seed)
    t = torch.arange(n, dtype=torch.float32)
    daily = torch.sin(2 * math.pi * t / 24) + 0.5 * torch.sin(4 * math.pi * t / 24 + 0.7)
    weekly = 0.6 * torch.cos(2 * math.pi * t / 168)
    ar = torch.zeros(n)
    eps = 0.12 * torch.randn(n, generator=g)
    for i in range(1, n):
        ar[i] = 0.9 * ar[i - 1] + eps[i]
    y = daily * (1 + 0.3 * weekly) + weekly + ar
    return (y - y.mean()) / y.std()


class ResidualBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, dim)
        self.fc2 = nn.Linear(dim, dim)

    def forward(self, x):
        return x + self.fc2(torch.relu(self.fc1(x)))


class Forecaster(nn.Module):
    def __init__(self, lookback=168, dim=64, blocks=20, horizon=24):
        super().__init__()
        self.stem = nn.Linear(lookback, dim)
        self.blocks = nn.ModuleList([ResidualBlock(dim) for _ in range(blocks)])
        self.head = nn.Linear(dim, horizon)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.zeros_(m.bias)

    def forward(self, x):
        x = self.stem(x)
        for b in self.blocks:
            x = b(x)
        return self.head(x)


def windows(series, start, stop, lookback, horizon):
    idx = torch.arange(start, stop - lookback - horizon)
    x = torch.stack([series[i:i + lookback] for i in idx])
    y = torch.stack([series[i + lookback:i + lookback + horizon] for i in idx])
    return x, y


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--lookback", type=int, default=168)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--epochs", type=int, default=12)
    p.add_argument("--batch", type=int, default=64)
    a = p.parse_args()
    torch.manual_seed(5)
    s = hourly_series(4200, seed=9)
    xtr, ytr = windows(s, 0, 3400, a.lookback, 24)
    xva, yva = windows(s, 3400, 4200, a.lookback, 24)
    naive = (xva[:, -24:] - yva).pow(2).mean().item()
    print(f"seasonal naive mse {naive:.4f}")
    net = Forecaster(a.lookback)
    opt = torch.optim.Adam(net.parameters(), lr=a.lr)
    for ep in range(a.epochs):
        net.train()
        perm = torch.randperm(len(xtr))
        losses = []
        for b in perm.split(a.batch):
            loss = nn.functional.mse_loss(net(xtr[b]), ytr[b])
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        net.eval()
        with torch.no_grad():
            v = nn.functional.mse_loss(net(xva), yva).item()
        print(f"epoch {ep} train mse {sum(losses) / len(losses):.4f} val mse {v:.4f}")


if __name__ == "__main__":
    main()
