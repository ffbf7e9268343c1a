import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import make_friedman1


class Regressor(nn.Module):
    def __init__(self, d=10, h=64):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(d, h), nn.ReLU(),
            nn.Linear(h, h), nn.ReLU(),
            nn.Linear(h, h), nn.ReLU())
        self.head = nn.Linear(h, 1)

    def forward(self, x):
        return self.head(self.body(x)).squeeze(1)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=120)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--lr", type=float, default=0.1)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    x, y = make_friedman1(2500, noise=0.5, random_state=a.seed)
    x = torch.tensor(x, dtype=torch.float32)
    y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32)
    dl = DataLoader(TensorDataset(x[:2000], y[:2000]), batch_size=64, shuffle=True)
    net = Regressor()
    opt = torch.optim.RMSprop(net.parameters(), lr=a.lr)
    sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.98)
    for ep in range(a.epochs):
        for xb, yb in dl:
            opt.zero_grad()
            loss = F.mse_loss(net(xb), yb)
            loss.backward()
            opt.step()
        sched.step()
        if (ep + 1) % 20 == 0:
            with torch.no_grad():
                r2 = 1 - F.mse_loss(net(x[2000:]), y[2000:]) / y[2000:].var()
            print(f"epoch {ep + 1} loss {loss.item():.4f} test r2 {r2.item():.4f}")


if __name__ == "__main__":
    main()
