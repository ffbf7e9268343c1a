import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_digits


class CodeAE(nn.Module):
    def __init__(self, levels=7):
        super().__init__()
        self.levels = levels
        self.enc = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 6))
        self.dec = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 64))

    def quantize(self, z):
        z = torch.sigmoid(z) * (self.levels - 1)
        q = torch.round(z)
        return q / (self.levels - 1)

    def forward(self, x):
        return self.dec(self.quantize(self.enc(x)))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=120)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    x = torch.tensor(load_digits().data, dtype=torch.float32) / 16
    x = x[torch.randperm(len(x))]
    xt = x[1500:]
    dl = DataLoader(TensorDataset(x[:1500]), batch_size=50, shuffle=True)
    net = CodeAE()
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, a.epochs)
    for ep in range(a.epochs):
        for (xb,) in dl:
            loss = F.mse_loss(net(xb), xb)
            opt.zero_grad()
            loss.backward()
            opt.step()
        sched.step()
        if (ep + 1) % 20 == 0:
            with torch.no_grad():
                mse = F.mse_loss(net(xt), xt).item()
            print(f"epoch {ep + 1} loss {loss.item():.5f} test mse {mse:.5f}")


if __name__ == "__main__":
    main()
