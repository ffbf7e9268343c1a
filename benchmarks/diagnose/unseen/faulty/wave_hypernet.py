"""A hypernetwork that writes the weights of a small wave-fitting network.

Every task is a wave a * sin(f * x + p).  The hypernetwork reads (a, f, p) and
emits the weights of a 1-16-1 network; a global affine map is shared by all tasks.
"""
import math
import os

import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
K = 16          # hidden units of the generated network


def elu(x, a=1.0):
    return torch.where(x > 0, x, a * (torch.exp(x.clamp(max=0)) - 1))


class HyperNet(nn.Module):
    def __init__(self, code=3, hidden=64):
        super().__init__()
        self.a = nn.Parameter(torch.randn(code, hidden) * math.sqrt(2 / code))
        self.a0 = nn.Parameter(torch.zeros(hidden))
        self.b = nn.Parameter(torch.randn(hidden, hidden) * math.sqrt(2 / hidden))
        self.b0 = nn.Parameter(torch.zeros(hidden))
        self.c = nn.Parameter(torch.randn(hidden, 3 * K) * math.sqrt(1 / hidden))
        self.c0 = nn.Parameter(torch.randn(3 * K))

    def forward(self, code):
        h = elu(code @ self.a + self.a0)
        h = elu(h @ self.b + self.b0)
        return h @ self.c + self.c0


class WaveModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.hyper = HyperNet()
        self.scale = nn.Parameter(torch.ones(()))
        self.shift = nn.Parameter(torch.zeros(()))

    def forward(self, code, x):
        flat = self.hyper(code)
        w1, b1, w2 = [nn.Parameter(t) for t in flat.split(K, dim=1)]
        h = torch.tanh(torch.bmm(x.unsqueeze(2), w1.unsqueeze(1)) + b1.unsqueeze(1))
        y = torch.bmm(h, w2.unsqueeze(2)).squeeze(2) / math.sqrt(K)
        return self.scale * y + self.shift


def tasks(n, points=20):
    a = 0.5 + torch.rand(n, 1)
    f = 0.7 + torch.rand(n, 1)
    p = math.pi * torch.rand(n, 1)
    x = 4 * torch.rand(n, points) - 2
    code = torch.cat([a - 1, f - 1.2, p - 1.57], 1)
    return code, x, a * torch.sin(f * x + p)


model = WaveModel()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 1500)
for step in range(1500):
    code, x, y = tasks(64)
    loss = (model(code, x) - y).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 250 == 0:
        print(f"step {step:5d} loss {loss.item():.4f}")

with torch.no_grad():
    code, x, y = tasks(1000)
    mse = (model(code, x) - y).pow(2).mean().item()
print(f"variance of targets {y.var().item():.4f}; mse on new tasks {mse:.4f}")
