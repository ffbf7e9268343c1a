"""Learned forward model of a damped double-spring system (state, torque -> next change of state)."""
import argparse
import os

import torch
from torch import nn

torch.set_num_threads(1)


def simulate(n, gen):
    """Random states and torques; the target is the (scaled) acceleration of both masses."""
    s = torch.rand(n, 4, generator=gen) * 2 - 1
    u = torch.rand(n, 2, generator=gen) * 2 - 1
    q1, q2, v1, v2 = s.unbind(1)
    a1 = -torch.sin(2.5 * q1) + 1.2 * (q2 - q1) - 0.3 * v1 + u[:, 0] * torch.cos(q1)
    a2 = -torch.sin(2.5 * q2) + 1.2 * (q1 - q2) - 0.3 * v2 * v2.abs() + u[:, 1] * torch.cos(q2)
    y = torch.stack([a1, a2], 1)
    return torch.cat([s, u], 1), y + 0.02 * torch.randn(y.shape, generator=gen)


class Dynamics(nn.Module):
    def __init__(self, hidden=96, depth=3):
        super().__init__()
        mods, n = [], 6
        for _ in range(depth):
            mods += [nn.Linear(n, hidden), nn.SiLU()]
            n = hidden
        self.body = nn.Sequential(*mods)
        self.head = nn.Linear(n, 2)

    def forward(self, x):
        return self.head(self.body(x))


class Fitter:
    def __init__(self, model, args):
        self.model = model
        self.args = args
        self.dtype = getattr(torch, args.dtype)
        self.model.to(self.dtype)
        self.opt = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.0)

    def fit(self, x, y, gen):
        x, y = x.to(self.dtype), y.to(self.dtype)
        for step in range(1, self.args.steps + 1):
            idx = torch.randint(0, len(x), (self.args.batch,), generator=gen)
            loss = nn.functional.mse_loss(self.model(x[idx]), y[idx])
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            if step % 250 == 0:
                print(f"step {step}  loss {loss.item():.4f}")

    @torch.no_grad()
    def r2(self, x, y):
        pred = self.model(x.to(self.dtype)).float()
        return (1 - (pred - y).pow(2).sum() / (y - y.mean(0)).pow(2).sum()).item()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--steps", type=int, default=2000)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--lr", type=float, default=3e-5)
    p.add_argument("--dtype", default="bfloat16")
    args = p.parse_args()
    seed = int(os.environ.get("SEED", 0))
    torch.manual_seed(seed)
    gen = torch.Generator().manual_seed(seed)
    xtr, ytr = simulate(8000, gen)
    xte, yte = simulate(2000, gen)
    fitter = Fitter(Dynamics(), args)
    fitter.fit(xtr, ytr, gen)
    print(f"test R2 {fitter.r2(xte, yte):.4f}")


if __name__ == "__main__":
    main()
