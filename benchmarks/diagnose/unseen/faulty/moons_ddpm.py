"""Tiny DDPM on the two-moons distribution."""
import math

import numpy as np
import torch
from sklearn.datasets import make_moons
from torch import nn

torch.manual_seed(7)
np.random.seed(7)

T_STEPS = 50
betas = torch.linspace(1e-3, 0.15, T_STEPS)
alphas = 1 - betas
abar = torch.cumprod(alphas, 0)


class TimeEmbedding(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.register_buffer("freqs", torch.exp(torch.linspace(0, math.log(30.0), dim // 2)))

    def forward(self, t):
        ang = (t.float() / T_STEPS)[:, None] * self.freqs
        return torch.cat([ang.sin(), ang.cos()], -1)


class Denoiser(nn.Module):
    def __init__(self, width=128, temb=16):
        super().__init__()
        self.temb = TimeEmbedding(temb)
        self.inp = nn.Linear(2 + temb, width)
        self.h1 = nn.Linear(width, width)
        self.h2 = nn.Linear(width, width)
        self.out = nn.Linear(width, 2)

    def forward(self, x, t):
        h = self.inp(torch.cat([x, self.temb(t)], -1))
        h = self.h1(h)
        h = self.h2(h)
        return self.out(h)


def noise_loss(model, x0):
    t = torch.randint(0, T_STEPS, (x0.size(0),))
    eps = torch.randn_like(x0)
    a = abar[t][:, None]
    xt = a.sqrt() * x0 + (1 - a).sqrt() * eps
    return ((model(xt, t) - eps) ** 2).mean()


@torch.no_grad()
def sample(model, n):
    x = torch.randn(n, 2)
    for i in reversed(range(T_STEPS)):
        t = torch.full((n,), i)
        eps = model(x, t)
        x = (x - betas[i] / (1 - abar[i]).sqrt() * eps) / alphas[i].sqrt()
        if i > 0:
            x = x + betas[i].sqrt() * torch.randn_like(x)
    return x


data, _ = make_moons(6000, noise=0.05, random_state=0)
data = torch.tensor((data - data.mean(0)) / data.std(0), dtype=torch.float32)
train, held = data[:5000], data[5000:]

model = Denoiser()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
ema_loss = None
for step in range(1, 1501):
    x0 = train[torch.randint(0, len(train), (256,))]
    loss = noise_loss(model, x0)
    opt.zero_grad()
    loss.backward()
    opt.step()
    ema_loss = loss.item() if ema_loss is None else 0.98 * ema_loss + 0.02 * loss.item()
    if step % 150 == 0:
        print(f"step {step:5d}  eps-mse {ema_loss:.4f}")

gen = sample(model, 1000)
nearest = torch.cdist(gen, held).min(1).values.mean().item()
print(f"mean distance of samples to the data {nearest:.4f}")
with torch.no_grad():
    print(f"final held-out eps-mse {np.mean([noise_loss(model, held).item() for _ in range(20)]):.4f}")
