"""Non-saturating GAN on a ring of eight Gaussians."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

Z, MODES, BATCH, STEPS = 8, 8, 128, 2000
angles = torch.arange(MODES) * (2 * math.pi / MODES)
CENTERS = torch.stack([angles.cos(), angles.sin()], 1) * 2.0


def real_batch(n):
    return CENTERS[torch.randint(0, MODES, (n,))] + 0.1 * torch.randn(n, 2)


class Generator(nn.Module):
    def __init__(self, h=96):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(Z, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 2))

    def forward(self, z):
        return 3.0 * torch.tanh(self.net(z) / 3.0)


class Discriminator(nn.Module):
    def __init__(self, h=96):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, h), nn.LeakyReLU(0.2), nn.Linear(h, h), nn.LeakyReLU(0.2),
                                 nn.Linear(h, 1))

    def forward(self, x):
        return self.net(x).squeeze(1)


def set_requires_grad(module, flag):
    for p in module.parameters():
        p.requires_grad_(flag)


def quality(samples):
    d = torch.cdist(samples, CENTERS).min(1)
    close = d.values < 0.4
    modes = d.indices[close].bincount(minlength=MODES)
    return close.float().mean().item(), int((modes > 0.02 * len(samples)).sum())


torch.manual_seed(1)
G, D = Generator(), Discriminator()
opt_g = torch.optim.Adam(G.parameters(), lr=5e-4, betas=(0.5, 0.9))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.9))
print("before", quality(G(torch.randn(2000, Z)).detach()))

for step in range(STEPS):
    set_requires_grad(D, True)
    x = real_batch(BATCH).requires_grad_(True)
    fake = G(torch.randn(BATCH, Z)).detach()
    out = D(x)
    grad, = torch.autograd.grad(out.sum(), x, create_graph=True)
    penalty = grad.pow(2).sum(1).mean()
    d_loss = F.softplus(-out).mean() + F.softplus(D(fake)).mean() + 0.1 * penalty
    opt_d.zero_grad()
    d_loss.backward()
    opt_d.step()

    set_requires_grad(D, False)
    g_loss = F.softplus(-D(G(torch.randn(BATCH, Z)))).mean()
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()
    if step % 500 == 499:
        print(f"step {step + 1} d {d_loss.item():.3f} g {g_loss.item():.3f}")

with torch.no_grad():
    frac, covered = quality(G(torch.randn(2000, Z)))
print("modes covered", covered, "of", MODES)
print("samples near a mode", round(frac, 4))
