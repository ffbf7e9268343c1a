import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

class MF(nn.Module):
    def __init__(self, users, items, k=8):
        super().__init__()
        self.u = nn.Embedding(users, k)
        self.v = nn.Embedding(items, k)
        self.bu = nn.Embedding(users, 1)
        self.bv = nn.Embedding(items, 1)
        nn.init.normal_(self.u.weight, std=0.1)
        nn.init.normal_(self.v.weight, std=0.1)
        nn.init.zeros_(self.bu.weight)
        nn.init.zeros_(self.bv.weight)

    def forward(self, i, j):
        return (self.u(i) * self.v(j)).sum(1) + self.bu(i).squeeze(1) + self.bv(j).squeeze(1)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=25)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    full = torch.randn(300, 4) @ torch.randn(4, 200) + torch.randn(300, 1)
    i = torch.randint(0, 300, (26000,))
    j = torch.randint(0, 200, (26000,))
    r = full[i, j] + 0.2 * torch.randn(26000)
    dl = DataLoader(TensorDataset(i[:20000], j[:20000], r[:20000]), batch_size=256, shuffle=True)
    net = MF(300, 200)
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    base = r[20000:].std().item()
    for ep in range(a.epochs):
        tot = 0.0
        for ib, jb, rb in dl:
            loss = F.mse_loss(net(ib, jb), rb, reduction="sum")
            loss = loss + 0.02 * (net.u(ib).pow(2).sum() + net.v(jb).pow(2).sum())
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item()
        with torch.no_grad():
            rmse = F.mse_loss(net(i[20000:], j[20000:]), r[20000:]).sqrt().item()
        print(f"epoch {ep} loss {tot:.1f} base rmse {base:.4f} test rmse {rmse:.4f}")


if __name__ == "__main__":
    main()
