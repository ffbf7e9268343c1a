"""Minimal DDPM on the two moons. Based on a notebook shared on the forum."""
import argparse
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_moons


class TimeEmbedding(nn.Module):
    def __init__(self, dim):
        super().__init__()
        freqs = torch.exp(-np.log(1000) * torch.arange(dim // 2) / (dim // 2))
        self.register_buffer("freqs", freqs.float())

    def forward(self, t):
        a = t[:, None].float() * self.freqs[None]
        return torch.cat([a.sin(), a.cos()], dim=1)


class Denoiser(nn.Module):
    def __init__(self, hidden=96, depth=4, t_dim=32):
        super().__init__()
        self.temb = TimeEmbedding(t_dim)
        self.inp = nn.Linear(2 + t_dim, hidden)
        self.blocks = nn.ModuleList([nn.Linear(hidden, hidden) for _ in range(depth)])
        self.norms = nn.ModuleList([nn.Identity() for _ in range(depth)])
        self.out = nn.Linear(hidden, 2)

    def forward(self, x, t):
        h = self.inp(torch.cat([x, self.temb(t)], dim=1))
        for norm, block in zip(self.norms, self.blocks):
            F.silu(h)
            h = norm(block(h))
        F.silu(h)
        return self.out(h)


class Diffusion:
    def __init__(self, steps=50):
        self.steps = steps
        self.beta = torch.linspace(1e-3, 0.15, steps)
        self.alpha = 1 - self.beta
        self.abar = torch.cumprod(self.alpha, 0)

    def noisy(self, x0, t, eps):
        a = self.abar[t][:, None]
        return a.sqrt() * x0 + (1 - a).sqrt() * eps

    @torch.no_grad()
    def sample(self, model, n):
        x = torch.randn(n, 2)
        for t in reversed(range(self.steps)):
            eps = model(x, torch.full((n,), t))
            x = (x - self.beta[t] / (1 - self.abar[t]).sqrt() * eps) / self.alpha[t].sqrt()
            if t > 0:
                x = x + self.beta[t].sqrt() * torch.randn_like(x)
        return x


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--iters", type=int, default=2000)
    ap.add_argument("--batch", type=int, default=256)
    ap.add_argument("--lr", type=float, default=1e-3)
    args = ap.parse_args()
    torch.set_num_threads(1)
    seed = int(os.environ.get("SEED", 0))
    torch.manual_seed(seed)

    data, _ = make_moons(8000, noise=0.04, random_state=seed)
    data = torch.tensor((data - data.mean(0)) / data.std(0), dtype=torch.float32)
    diff, model = Diffusion(), Denoiser()
    opt = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-4)
    for it in range(args.iters):
        x0 = data[torch.randint(len(data), (args.batch,))]
        t = torch.randint(diff.steps, (args.batch,))
        eps = torch.randn_like(x0)
        loss = F.mse_loss(model(diff.noisy(x0, t, eps), t), eps)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if it % 400 == 0:
            print(f"iter {it} loss {loss.item():.4f}")
    samples = diff.sample(model, 1000)
    nearest = torch.cdist(samples, data[:3000]).min(1).values
    print(f"mean distance of samples to data: {nearest.mean().item():.4f}")


if __name__ == "__main__":
    main()
