import argparse
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_digits


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.f1 = nn.Linear(d, d)
        self.f2 = nn.Linear(d, d)
        nn.init.zeros_(self.f2.weight)
        nn.init.zeros_(self.f2.bias)

    def forward(self, x):
        return x + self.f2(F.relu(self.f1(self.norm(x))))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    x, y = load_digits(return_X_y=True)
    x = torch.tensor(x, dtype=torch.float32) / 16
    y = torch.tensor(y)
    dl = DataLoader(TensorDataset(x[:1400], y[:1400]), batch_size=50, shuffle=True)
    net = nn.Sequential(nn.Linear(64, 48), *[Block(48) for _ in range(25)], nn.LayerNorm(48), nn.Linear(48, 10))
    opt = torch.optim.AdamW(net.parameters(), lr=1e-3)
    steps = a.epochs * len(dl)
    warm = max(1, steps // 10)
    sched = torch.optim.lr_scheduler.LambdaLR(
        opt, lambda s: s / warm if s < warm else 0.5 * (1 + math.cos(math.pi * (s - warm) / max(1, steps - warm))))
    for ep in range(a.epochs):
        for xb, yb in dl:
            loss = F.cross_entropy(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
        with torch.no_grad():
            acc = (net(x[1400:]).argmax(1) == y[1400:]).float().mean().item()
        print(f"epoch {ep} loss {loss.item():.4f} test acc {acc:.4f}")


if __name__ == "__main__":
    main()
