import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

class Policy(nn.Module):
    def __init__(self, d=6, h=64):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(d, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 2))
        self.limit = nn.Hardtanh(-1.0, 1.0)

    def forward(self, s):
        return self.limit(self.body(s))


def expert(s, k):
    return ((s @ k) + 0.5 * torch.sin(2 * s[:, :2])).clamp(-1, 1)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=50)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    k = 0.6 * torch.randn(6, 2)
    s, st = torch.randn(4000, 6), torch.randn(1000, 6)
    u, ut = expert(s, k), expert(st, k)
    base = ut.var(0).mean().item()
    dl = DataLoader(TensorDataset(s, u), batch_size=64, shuffle=True)
    net = Policy()
    opt = torch.optim.RMSprop(net.parameters(), lr=1e-3)
    sched = torch.optim.lr_scheduler.MultiStepLR(opt, [30, 42], 0.2)
    for ep in range(a.epochs):
        tot = 0.0
        for sb, ub in dl:
            loss = F.mse_loss(net(sb), ub, reduction="sum")
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item()
        sched.step()
        if (ep + 1) % 10 == 0:
            with torch.no_grad():
                mse = F.mse_loss(net(st), ut).item()
            print(f"epoch {ep + 1} loss {tot:.2f} base mse {base:.4f} test mse {mse:.4f}")


if __name__ == "__main__":
    main()
