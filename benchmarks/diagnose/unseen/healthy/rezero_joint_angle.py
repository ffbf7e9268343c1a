"""Inverse kinematics of a two-link arm: predict normalised joint angles in (-1, 1).
30 residual blocks with ReZero gates, learning-rate warm-up, tanh output."""
import math

import torch
from torch import nn


def arm(n, gen):
    q1 = (torch.rand(n, generator=gen) * 2 - 1) * 0.9 * math.pi / 2
    q2 = torch.rand(n, generator=gen) * 0.8 * math.pi + 0.1 * math.pi
    x = torch.cos(q1) + 0.8 * torch.cos(q1 + q2)
    y = torch.sin(q1) + 0.8 * torch.sin(q1 + q2)
    target = torch.stack([q1 / (math.pi / 2), (q2 / math.pi) * 2 - 1], 1)
    return torch.stack([x, y], 1), target


class Residual(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.a, self.b = nn.Linear(d, d), nn.Linear(d, d)
        self.gate = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return x + self.gate * self.b(nn.functional.silu(self.a(x)))


class IKNet(nn.Module):
    def __init__(self, d=48, depth=30):
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(2, d), nn.SiLU())
        self.blocks = nn.Sequential(*[Residual(d) for _ in range(depth)])
        self.out = nn.Linear(d, 2)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x):
        return torch.tanh(self.out(self.blocks(self.stem(x))))


def main(steps=1500, warmup=200, peak=2e-3):
    torch.manual_seed(19)
    gen = torch.Generator().manual_seed(19)
    x, t = arm(20000, gen)
    xv, tv = arm(2000, gen)
    net = IKNet()
    opt = torch.optim.Adam(net.parameters(), lr=peak)

    def factor(s):
        if s < warmup:
            return s / warmup
        return 0.5 * (1 + math.cos(math.pi * (s - warmup) / (steps - warmup)))

    sched = torch.optim.lr_scheduler.LambdaLR(opt, factor)
    for s in range(1, steps + 1):
        i = torch.randint(0, len(x), (128,))
        loss = nn.functional.mse_loss(net(x[i]), t[i])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        sched.step()
        if s % 150 == 0:
            with torch.no_grad():
                mse = nn.functional.mse_loss(net(xv), tv).item()
            print(f"step {s} loss {loss.item():.5f} val mse {mse:.5f} lr {sched.get_last_lr()[0]:.5f}")
    print(f"final val mse {mse:.5f} (variance {tv.var(0).mean().item():.4f})")


if __name__ == "__main__":
    main()
