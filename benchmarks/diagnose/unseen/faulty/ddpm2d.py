"""Small DDPM on a 2-D toy density (swiss-roll like spiral)."""
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
T = 50
betas = torch.linspace(1e-3, 0.15, T)
alphas = 1 - betas
abar = torch.cumprod(alphas, 0)


def spiral(n):
    r = torch.rand(n).sqrt() * 2.5 * math.pi + 0.8
    x = torch.stack([r * r.cos(), r * r.sin()], 1) / 4.5
    return x + 0.03 * torch.randn(n, 2)


class TimeEmbedding(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.register_buffer("freq", torch.exp(torch.linspace(0, math.log(100.0), dim // 2)))
        self.proj = nn.Linear(dim, dim)

    def forward(self, t):
        a = t[:, None].float() / T * self.freq
        return self.proj(torch.cat([a.sin(), a.cos()], 1))


class ResBlock(nn.Module):
    def __init__(self, dim, tdim):
        super().__init__()
        self.fc1 = nn.Linear(dim, dim)
        self.emb = nn.Linear(tdim, dim)
        self.fc2 = nn.Linear(dim, dim)
        self.act = nn.SiLU()

    def forward(self, x, temb):
        h = self.fc1(x) + self.emb(temb)
        self.act(h)
        h = self.fc2(h)
        return x + h


class Denoiser(nn.Module):
    def __init__(self, dim=96, tdim=32, depth=3):
        super().__init__()
        self.time = TimeEmbedding(tdim)
        self.inp = nn.Linear(2, dim)
        self.blocks = nn.ModuleList(ResBlock(dim, tdim) for _ in range(depth))
        self.out = nn.Linear(dim, 2)

    def forward(self, x, t):
        temb = self.time(t)
        h = self.inp(x)
        for b in self.blocks:
            h = b(h, temb)
        return self.out(h)


class EMA:
    def __init__(self, model, decay=0.99):
        self.decay = decay
        self.shadow = {k: v.detach().clone() for k, v in model.state_dict().items()}

    def update(self, model):
        for k, v in model.state_dict().items():
            self.shadow[k].lerp_(v, 1 - self.decay)


@torch.no_grad()
def sample(model, n):
    x = torch.randn(n, 2)
    for t in reversed(range(T)):
        eps = model(x, torch.full((n,), t))
        x = (x - betas[t] / (1 - abar[t]).sqrt() * eps) / alphas[t].sqrt()
        if t:
            x = x + betas[t].sqrt() * torch.randn_like(x)
    return x


def energy_distance(a, b):
    return (2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()).item()


model = Denoiser()
ema = EMA(model)
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, 4e-3, total_steps=2000)
for step in range(2000):
    x0 = spiral(256)
    t = torch.randint(T, (256,))
    eps = torch.randn_like(x0)
    xt = abar[t, None].sqrt() * x0 + (1 - abar[t, None]).sqrt() * eps
    loss = F.mse_loss(model(xt, t), eps)
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    ema.update(model)
    if step % 400 == 0:
        print(f"step {step} loss {loss.item():.4f}")
model.load_state_dict(ema.shadow)
print(f"final loss {loss.item():.4f}  energy distance {energy_distance(sample(model, 2000), spiral(2000)):.5f}")
