"""Mixture of experts for regression data that come from several operating regimes."""
import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

p = argparse.ArgumentParser()
p.add_argument("--experts", type=int, default=8)
p.add_argument("--dim", type=int, default=12)
p.add_argument("--steps", type=int, default=1500)
p.add_argument("--batch", type=int, default=128)
p.add_argument("--lr", type=float, default=3e-3)
args = p.parse_args()
torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))


class Expert(nn.Module):
    def __init__(self, d, hidden=6):
        super().__init__()
        self.up, self.down = nn.Linear(d, hidden), nn.Linear(hidden, 1)

    def forward(self, x):
        return self.down(F.gelu(self.up(x)))


class Router(nn.Module):
    """Scores every expert for every sample."""

    def __init__(self, d, n):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d, 32), nn.SiLU(), nn.Linear(32, n))

    def forward(self, x):
        return self.net(x)


class MoE(nn.Module):
    def __init__(self, d, n):
        super().__init__()
        self.n = n
        self.router = Router(d, n)
        self.experts = nn.ModuleList(Expert(d) for _ in range(n))

    def gates(self, x):
        probs = self.router(x).softmax(-1)
        choice = probs.argmax(-1)
        return F.one_hot(choice, self.n).to(x.dtype)

    def forward(self, x):
        g = self.gates(x)
        outs = torch.stack([e(x) for e in self.experts], 1)
        return (g.unsqueeze(-1) * outs).sum(1).squeeze(-1), g


def make_data(n, gen):
    k = args.experts
    world = torch.Generator().manual_seed(99)
    centres = 1.3 * torch.randn(k, args.dim, generator=world)
    coef = torch.randn(k, args.dim, generator=world)
    offset = 2 * torch.randn(k, generator=world)
    c = torch.randint(k, (n,), generator=gen)
    z = torch.randn(n, args.dim, generator=gen)
    y = (z * coef[c]).sum(-1) + offset[c]
    return (centres[c] + z * 0.7) / 1.5, y / 4


gen = torch.Generator().manual_seed(5)
xtr, ytr = make_data(6000, gen)
xte, yte = make_data(2000, gen)

model = MoE(args.dim, args.experts)
opt = torch.optim.Adam([
    {"params": model.experts.parameters(), "lr": args.lr},
    {"params": model.router.parameters(), "lr": args.lr},
])
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, args.steps)
for step in range(args.steps):
    i = torch.randint(len(xtr), (args.batch,))
    pred, g = model(xtr[i])
    loss = F.mse_loss(pred, ytr[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 300 == 0:
        print(step, round(loss.item(), 4), "load", [round(v, 2) for v in g.mean(0).tolist()])

model.eval()
with torch.no_grad():
    pred, _ = model(xte)
    r2 = 1 - F.mse_loss(pred, yte) / yte.var()
print(f"test R2 {r2.item():.4f}")
