"""DDPM on two moons with a small time-conditioned MLP."""
from dataclasses import dataclass
import math
import sys
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_moons

torch.set_num_threads(1)


@dataclass
class DiffusionConfig:
    timesteps: int = 60
    width: int = 128
    depth: int = 3
    t_dim: int = 32
    batch: int = 256
    steps: int = 1500
    lr: float = 2e-3
    seed: int = 0


def timestep_embedding(t, dim):
    freq = torch.exp(-math.log(1000.0) * torch.arange(dim // 2) / (dim // 2))
    arg = t.float()[:, None] * freq[None]
    return torch.cat([arg.cos(), arg.sin()], 1)


class Denoiser(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.t_dim = cfg.t_dim
        self.inp = nn.Linear(2, cfg.width)
        self.time = nn.Linear(cfg.t_dim, cfg.width)
        self.blocks = nn.ModuleList(nn.Linear(cfg.width, cfg.width) for _ in range(cfg.depth))
        self.out = nn.Linear(cfg.width, 2)

    def forward(self, x, t):
        h = self.inp(x) + self.time(timestep_embedding(t, self.t_dim))
        for block in self.blocks:
            F.silu(h)
            h = block(h)
        F.silu(h)
        return self.out(h)


class Diffusion:
    def __init__(self, cfg):
        self.cfg = cfg
        beta = torch.linspace(1e-3, 0.12, cfg.timesteps)
        self.beta, self.alpha = beta, 1 - beta
        self.abar = torch.cumprod(self.alpha, 0)

    def loss(self, net, x0):
        t = torch.randint(self.cfg.timesteps, (len(x0),))
        eps = torch.randn_like(x0)
        ab = self.abar[t][:, None]
        return F.mse_loss(net(ab.sqrt() * x0 + (1 - ab).sqrt() * eps, t), eps)

    @torch.no_grad()
    def sample(self, net, n):
        x = torch.randn(n, 2)
        for i in reversed(range(self.cfg.timesteps)):
            eps = net(x, torch.full((n,), i))
            x = (x - self.beta[i] / (1 - self.abar[i]).sqrt() * eps) / self.alpha[i].sqrt()
            if i > 0:
                x = x + self.beta[i].sqrt() * torch.randn_like(x)
        return x


def energy_distance(a, b):
    return (2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()).item()


def main():
    cfg = DiffusionConfig(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.manual_seed(cfg.seed)
    data = torch.tensor(make_moons(6000, noise=0.05, random_state=cfg.seed)[0], dtype=torch.float32)
    data = (data - data.mean(0)) / data.std(0)
    train, test = data[:5000], data[5000:]
    net, diff = Denoiser(cfg), Diffusion(cfg)
    opt = torch.optim.AdamW(net.parameters(), lr=cfg.lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, cfg.steps)
    for step in range(cfg.steps):
        loss = diff.loss(net, train[torch.randint(len(train), (cfg.batch,))])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if step % 300 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    with torch.no_grad():
        mse = sum(diff.loss(net, test).item() for _ in range(20)) / 20
    print(f"sample energy distance {energy_distance(diff.sample(net, 1000), test):.4f}")
    print(f"final noise mse {mse:.4f}")


if __name__ == "__main__":
    main()
