import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

def scenes(n, gen, s=32):
    g = torch.arange(s).float()
    yy, xx = g[:, None], g[None]
    mask = torch.zeros(n, s, s)
    for _ in range(2):
        c = torch.rand(n, 2, 1, 1, generator=gen) * s
        r = 2 + 4 * torch.rand(n, 1, 1, generator=gen)
        mask = torch.maximum(mask, (((yy - c[:, 0]) ** 2 + (xx - c[:, 1]) ** 2) < r ** 2).float())
    img = mask * 0.8 + 0.6 * torch.randn(n, s, s, generator=gen)
    return img[:, None], mask[:, None]


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())


class UNet(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.d1 = block(1, c)
        self.d2 = block(c, 2 * c)
        self.mid = block(2 * c, 2 * c)
        self.u2 = block(4 * c, c)
        self.u1 = block(2 * c, c)
        self.out = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        m = self.mid(F.max_pool2d(b, 2))
        u = self.u2(torch.cat([F.interpolate(m, scale_factor=2), b], 1))
        u = self.u1(torch.cat([F.interpolate(u, scale_factor=2), a], 1))
        return torch.sigmoid(self.out(u))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=8)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    gen = torch.Generator().manual_seed(a.seed)
    x, y = scenes(640, gen)
    xt, yt = scenes(128, gen)
    dl = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
    net = UNet()
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-2)
    crit = nn.BCEWithLogitsLoss()
    for ep in range(a.epochs):
        net.train()
        for xb, yb in dl:
            loss = crit(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            pix = crit(net(xt), yt).item()
        print(f"epoch {ep} loss {loss.item():.4f} test bce {pix:.4f}")


if __name__ == "__main__":
    main()
