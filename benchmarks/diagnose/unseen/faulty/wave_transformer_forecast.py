import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

def waves(n, t, gen):
    f = 0.1 + 0.3 * torch.rand(n, 1, generator=gen)
    ph = 6.28 * torch.rand(n, 1, generator=gen)
    amp = 1 + 2 * torch.rand(n, 1, generator=gen)
    s = amp * torch.sin(f * torch.arange(t + 1).float() + ph)
    return s[:, :t, None], s[:, t]


class Forecaster(nn.Module):
    def __init__(self, t, d=32):
        super().__init__()
        self.inp = nn.Linear(1, d)
        self.pos = nn.Parameter(0.1 * torch.randn(t, d))
        layer = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, 1), nn.Sigmoid())

    def forward(self, x):
        return self.head(self.enc(self.inp(x) + self.pos)[:, -1]).squeeze(1)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=12)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    gen = torch.Generator().manual_seed(a.seed)
    x, y = waves(1500, 20, gen)
    xt, yt = waves(400, 20, gen)
    dl = DataLoader(TensorDataset(x, y), batch_size=50, shuffle=True)
    net = Forecaster(20)
    opt = torch.optim.AdamW(net.parameters(), lr=1e-3)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / 60))
    for ep in range(a.epochs):
        tot = 0.0
        for xb, yb in dl:
            loss = F.mse_loss(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            tot += loss.item() * len(xb)
        with torch.no_grad():
            mse = F.mse_loss(net(xt), yt).item()
        print(f"epoch {ep} loss {tot / 1500:.4f} test mse {mse:.4f}")


if __name__ == "__main__":
    main()
