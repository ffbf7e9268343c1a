"""Mixture density network (Bishop 1994) on the inverse sinusoid problem with sensor glitches."""
import math
import torch
import torch.nn as nn

torch.manual_seed(21)
K = 5


def make(n):
    t = torch.rand(n, 1)
    x = t + 0.3 * torch.sin(2 * math.pi * t) + 0.05 * (torch.rand(n, 1) * 2 - 1)
    glitch = torch.rand(n, 1) < 0.002
    t = torch.where(glitch, t + 1.5 * torch.randn(n, 1), t)
    return x, t


class MDN(nn.Module):
    def __init__(self, hidden=64, k=K):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(1, hidden), nn.Mish(),
            nn.Linear(hidden, hidden), nn.Mish(),
        )
        self.pi = nn.Linear(hidden, k)
        self.mu = nn.Linear(hidden, k)
        self.sigma = nn.Linear(hidden, k)

    def forward(self, x):
        h = self.net(x)
        return torch.log_softmax(self.pi(h), -1), self.mu(h), nn.functional.softplus(self.sigma(h)) + 5e-3


def nll(out, t):
    logpi, mu, sigma = out
    z = (t - mu) / sigma
    logn = -0.5 * z ** 2 - sigma.log() - 0.5 * math.log(2 * math.pi)
    return -torch.log((logpi + logn).exp().sum(-1)).mean()


x, t = make(4000)
xv, tv = make(1000)
model = MDN()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.9985)

for step in range(1200):
    i = torch.randint(0, len(x), (200,))
    loss = nll(model(x[i]), t[i])
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 2.0)
    opt.step()
    sched.step()
    if step % 150 == 0:
        print(f"{step:5d}  nll {loss.item():+.4f}")

with torch.no_grad():
    out = model(xv)
    best = out[1].gather(1, out[0].argmax(1, keepdim=True))
    print(f"val nll {nll(out, tv):+.4f}  mode mae {(best - tv).abs().mean():.4f}")
