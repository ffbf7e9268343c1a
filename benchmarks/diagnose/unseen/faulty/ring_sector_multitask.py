import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class HParams:
    width: int = 64
    blocks: int = 3
    slope: float = 1.0
    lr: float = 3e-3
    accumulate: int = 2
    micro: int = 64
    updates: int = 400
    rings: int = 3
    sectors: int = 6


def sample(n, hp, seed):
    g = torch.Generator().manual_seed(seed)
    ring = torch.randint(0, hp.rings, (n,), generator=g)
    angle = torch.rand(n, generator=g) * 2 * math.pi
    radius = 0.6 + 0.6 * ring + 0.12 * torch.randn(n, generator=g)
    twist = (angle + 0.8 * radius) % (2 * math.pi)
    sector = (twist / (2 * math.pi) * hp.sectors).long().clamp_max(hp.sectors - 1) % 2
    xy = torch.stack([radius * angle.cos(), radius * angle.sin()], 1)
    return xy, ring, sector


class SlopedRectifier(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, x * slope)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, grad, grad * ctx.slope), None


class Rectifier(nn.Module):
    def __init__(self, slope):
        super().__init__()
        self.slope = slope

    def forward(self, x):
        return SlopedRectifier.apply(x, self.slope)


def trunk(hp):
    layers, n = [], 2
    for _ in range(hp.blocks):
        lin = nn.Linear(n, hp.width)
        nn.init.kaiming_normal_(lin.weight, a=hp.slope)
        layers += [lin, Rectifier(slope=hp.slope)]
        n = hp.width
    return nn.Sequential(*layers)


class MultiTask(nn.Module):
    def __init__(self, hp):
        super().__init__()
        self.trunk = trunk(hp)
        self.heads = nn.ModuleDict({"ring": nn.Linear(hp.width, hp.rings), "sector": nn.Linear(hp.width, 2)})

    def forward(self, x):
        h = self.trunk(x)
        return {k: head(h) for k, head in self.heads.items()}


def main():
    hp = HParams()
    torch.manual_seed(13)
    x, ring, sector = sample(6000, hp, 1)
    xt, rt, st = sample(1500, hp, 2)
    net = MultiTask(hp)
    opt = torch.optim.Adam(net.parameters(), lr=hp.lr)
    for update in range(hp.updates):
        opt.zero_grad(set_to_none=True)
        total = 0.0
        for _ in range(hp.accumulate):
            idx = torch.randint(0, len(x), (hp.micro,))
            out = net(x[idx])
            loss = F.cross_entropy(out["ring"], ring[idx]) + F.cross_entropy(out["sector"], sector[idx])
            (loss / hp.accumulate).backward()
            total += loss.item() / hp.accumulate
        opt.step()
        if update % 80 == 0:
            print(f"update {update} loss {total:.4f}")
    with torch.no_grad():
        out = net(xt)
    a = (out["ring"].argmax(1) == rt).float().mean().item()
    b = (out["sector"].argmax(1) == st).float().mean().item()
    print(f"ring {a:.3f} sector {b:.3f}")
    print(f"metric {(a + b) / 2:.4f}")


if __name__ == "__main__":
    main()
