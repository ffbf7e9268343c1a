import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
QUANTILES = (0.1, 0.5, 0.9)


def demand(n, gen):
    hour = torch.rand(n, generator=gen) * 24
    temp = 10 + 9 * torch.randn(n, generator=gen)
    wind = torch.rand(n, generator=gen)
    weekend = (torch.rand(n, generator=gen) < 2 / 7).float()
    level = (1.5 * torch.sin((hour - 8) * 0.2618) + 0.9 * torch.sin(hour * 0.5236)
             + 0.012 * (temp - 18) ** 2 / 2 - 0.7 * weekend * torch.cos((hour - 12) * 0.2618))
    spread = 0.15 + 0.6 * wind * torch.sigmoid((hour - 12) / 2)
    y = level + spread * torch.randn(n, generator=gen)
    x = torch.stack([hour / 12 - 1, (temp - 10) / 9, wind * 2 - 1, weekend], 1)
    return x, y[:, None]


class SwiGLU(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.w1 = nn.Linear(dim, hidden)
        self.w2 = nn.Linear(dim, hidden)
        self.w3 = nn.Linear(hidden, dim)

    def forward(self, x):
        g = self.w1(x)
        return x + self.w3(g * torch.sigmoid(g) * self.w2(x))


class QuantileNet(nn.Module):
    def __init__(self, d_in, dim=32, hidden=48, blocks=3):
        super().__init__()
        self.embed = nn.Linear(d_in, dim)
        self.blocks = nn.ModuleList([SwiGLU(dim, hidden) for _ in range(blocks)])
        self.head = nn.Linear(dim, len(QUANTILES))

    def forward(self, x):
        h = self.embed(x)
        for blk in self.blocks:
            h = blk(h)
        out = self.head(h)
        low, gaps = out[:, :1], F.softplus(out[:, 1:])
        return torch.cat([low, low + gaps.cumsum(1)], 1)


def pinball(pred, y):
    q = pred.new_tensor(QUANTILES)
    e = y - pred
    return torch.maximum(q * e, (q - 1) * e).mean()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--lr", type=float, default=0.05)
    p.add_argument("--epochs", type=int, default=12)
    p.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    args = p.parse_args()
    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(args.seed)
    train, test = TensorDataset(*demand(6000, gen)), demand(2000, gen)
    net = QuantileNet(4)
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        total = 0.0
        for x, y in DataLoader(train, batch_size=64, shuffle=True):
            loss = pinball(net(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(x)
        print(f"epoch {epoch:2d} pinball {total / len(train):.4f}")
    with torch.no_grad():
        x, y = test
        const = torch.quantile(train.tensors[1], torch.tensor(QUANTILES)).expand(len(y), -1)
        print(f"test pinball {pinball(net(x), y).item():.4f} (constant quantiles {pinball(const, y).item():.4f})")


if __name__ == "__main__":
    main()
