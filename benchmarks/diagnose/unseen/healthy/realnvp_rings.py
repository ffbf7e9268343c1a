"""RealNVP on two rings. Coupling nets start as the identity."""
import math
import os

import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))


def rings(n):
    r = torch.where(torch.rand(n) < 0.5, 1.0, 2.4) + 0.08 * torch.randn(n)
    a = 2 * math.pi * torch.rand(n)
    return torch.stack([r * a.cos(), r * a.sin()], 1)


class Coupling(nn.Module):
    def __init__(self, flip, hidden=64):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(1, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(),
                                 nn.Linear(hidden, 2))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)
        self.bound = nn.Parameter(torch.tensor(1.5))

    def forward(self, x):
        a, b = x.chunk(2, 1)
        if self.flip:
            a, b = b, a
        s, t = self.net(a).chunk(2, 1)
        s = self.bound * torch.tanh(s)
        b = b * s.exp() + t
        return torch.cat([b, a] if self.flip else [a, b], 1), s.squeeze(1)


class ActNorm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.log_scale, self.shift = nn.Parameter(torch.zeros(d)), nn.Parameter(torch.zeros(d))

    def forward(self, x):
        return (x + self.shift) * self.log_scale.exp(), self.log_scale.sum()


class RealNVP(nn.Module):
    def __init__(self, n=8):
        super().__init__()
        layers = []
        for k in range(n):
            layers += [Coupling(k % 2 == 1), ActNorm(2)]
        self.layers = nn.ModuleList(layers)

    def log_prob(self, x):
        logdet = 0.0
        for l in self.layers:
            x, ld = l(x)
            logdet = logdet + ld
        return -0.5 * x.pow(2).sum(1) - math.log(2 * math.pi) + logdet


model = RealNVP()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, s / 100))
for step in range(1200):
    loss = -model.log_prob(rings(256)).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    opt.step()
    sched.step()
    if step % 200 == 0:
        print(f"{step:5d} nll {loss.item():.4f}")
model.eval()
with torch.no_grad():
    xtr, xte = rings(5000), rings(5000)
    g = torch.distributions.MultivariateNormal(xtr.mean(0), xtr.t().cov())
    print(f"test nll {-model.log_prob(xte).mean().item():.4f}  baseline (gaussian) {-g.log_prob(xte).mean().item():.4f}")
