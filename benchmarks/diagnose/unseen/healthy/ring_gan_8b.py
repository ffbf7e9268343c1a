"""Non-saturating GAN on a ring of 8 Gaussians."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(6)
Z, BATCH, ITERS = 8, 192, 1600

angles = torch.arange(8) * math.pi / 4
CENTERS = 2 * torch.stack([angles.cos(), angles.sin()], 1)


def real_batch(n):
    return CENTERS[torch.randint(0, 8, (n,))] + 0.12 * torch.randn(n, 2)


class Generator(nn.Module):
    def __init__(self, z=Z, width=64):
        super().__init__()
        self.l1, self.l2, self.l3 = nn.Linear(z, width), nn.Linear(width, width), nn.Linear(width, 2)

    def forward(self, z):
        h = F.relu(self.l1(z))
        h = F.relu(self.l2(h))
        return self.l3(h)


class Discriminator(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.l1, self.l2, self.l3 = nn.Linear(2, width), nn.Linear(width, width), nn.Linear(width, 1)

    def forward(self, x):
        h = F.leaky_relu(self.l1(x), 0.2)
        h = F.leaky_relu(self.l2(h), 0.2)
        return self.l3(h).squeeze(-1)


def r1_penalty(D, x):
    x = x.clone().requires_grad_(True)
    grad, = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return grad.pow(2).sum(1).mean()


def report(G, n=2000):
    with torch.no_grad():
        d, which = torch.cdist(G(torch.randn(n, Z)), CENTERS).min(1)
    good = d < 0.4
    modes = (torch.bincount(which[good], minlength=8) > 0.02 * n).sum().item()
    return good.float().mean().item(), modes


G, D = Generator(), Discriminator()
g_opt = torch.optim.Adam(G.parameters(), lr=1.5e-3, betas=(0.5, 0.99))
d_opt = torch.optim.Adam(D.parameters(), lr=1.5e-3, betas=(0.5, 0.99))
print("untrained: %.3f of samples near a mode, %d modes" % report(G))

for it in range(1, ITERS + 1):
    x = real_batch(BATCH)
    fake = G(torch.randn(BATCH, Z)).detach()
    d_loss = F.softplus(-D(x)).mean() + F.softplus(D(fake)).mean()
    if it % 4 == 0:
        d_loss = d_loss + 0.1 * r1_penalty(D, x)
    d_opt.zero_grad()
    d_loss.backward()
    d_opt.step()

    g_loss = F.softplus(-D(G(torch.randn(BATCH, Z)))).mean()
    g_opt.zero_grad()
    g_loss.backward()
    g_opt.step()
    if it % 200 == 0:
        frac, modes = report(G)
        print(f"iter {it}  d {d_loss.item():.4f}  g {g_loss.item():.4f}  near-mode {frac:.3f}  modes {modes}")
frac, modes = report(G)
print(f"final near-mode fraction {frac:.3f} modes {modes}/8")
