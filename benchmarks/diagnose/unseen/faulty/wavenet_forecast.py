"""WaveNet-style gated dilated convolutions for one-step forecasting of Mackey-Glass series."""
import argparse
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

ap = argparse.ArgumentParser()
ap.add_argument("--channels", type=int, default=24)
ap.add_argument("--stacks", type=int, default=3)
ap.add_argument("--steps", type=int, default=200)
ap.add_argument("--lr", type=float, default=2e-3)
ap.add_argument("--seed", type=int, default=0)
args = ap.parse_args()
torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)


def mackey_glass(n, tau=17, beta=0.2, gamma=0.1):
    x = np.empty(n + 500)
    x[:tau + 1] = 1.2 + 0.1 * rng.standard_normal(tau + 1)
    for t in range(tau, n + 499):
        x[t + 1] = x[t] + beta * x[t - tau] / (1 + x[t - tau] ** 10) - gamma * x[t]
    return x[500:]


class CausalConv(nn.Conv1d):
    def __init__(self, cin, cout, k, dilation):
        super().__init__(cin, cout, k, dilation=dilation)
        self.left = (k - 1) * dilation

    def forward(self, x):
        return super().forward(F.pad(x, (self.left, 0)))


class GatedLayer(nn.Module):
    def __init__(self, c, dilation):
        super().__init__()
        self.conv = CausalConv(c, 2 * c, 2, dilation)
        self.mix = nn.Conv1d(c, c, 1)

    def forward(self, x):
        a, b = self.conv(x).chunk(2, dim=1)
        return self.mix(torch.tanh(a) * torch.sigmoid(b))


class WaveNet(nn.Module):
    def __init__(self, c, stacks):
        super().__init__()
        self.inp = nn.Conv1d(1, c, 1)
        self.layers = nn.ModuleList(GatedLayer(c, 2 ** i) for _ in range(stacks) for i in range(4))
        self.out = nn.Sequential(nn.ELU(), nn.Conv1d(c, c, 1), nn.ELU(), nn.Conv1d(c, 1, 1))

    def forward(self, x):
        h = self.inp(x)
        for layer in self.layers:
            h = layer(h)
        return self.out(h)


series = mackey_glass(6000)
series = (series - series.mean()) / series.std()
obs = series + 0.02 * rng.standard_normal(len(series))
series = torch.tensor(series, dtype=torch.float32)
obs = torch.tensor(obs, dtype=torch.float32)
L, HORIZON, SPLIT = 96, 6, 5000


def batch(lo, hi, n):
    s = torch.randint(lo, hi - L - HORIZON, (n,))
    i = s[:, None] + torch.arange(L)[None]
    return obs[i].unsqueeze(1), series[i + HORIZON].unsqueeze(1)


net = WaveNet(args.channels, args.stacks)
opt = torch.optim.Adam(net.parameters(), lr=args.lr)
for step in range(1, args.steps + 1):
    x, t = batch(0, SPLIT, 16)
    loss = F.mse_loss(net(x)[..., 32:], t[..., 32:])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 25 == 0:
        with torch.no_grad():
            vx, vt = batch(SPLIT, len(series), 64)
            val = F.mse_loss(net(vx)[..., 32:], vt[..., 32:])
        print(f"{step:4d} | train {loss.item():.4f} | val {val.item():.4f}")
