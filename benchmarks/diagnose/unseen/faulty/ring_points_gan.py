import math
import torch
from torch import nn

torch.manual_seed(2)
BATCH, LATENT, STEPS = 256, 8, 2500


def real_batch(n):
    k = torch.randint(0, 8, (n,)).float() * (2 * math.pi / 8)
    centers = torch.stack([torch.cos(k), torch.sin(k)], 1) * 2
    return centers + 0.15 * torch.randn(n, 2)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(LATENT, 64), nn.LeakyReLU(0.2),
            nn.Linear(64, 64), nn.LeakyReLU(0.2),
            nn.Linear(64, 2))

    def forward(self, z):
        return self.net(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(2, 64), nn.LeakyReLU(0.2),
            nn.Linear(64, 64), nn.LeakyReLU(0.2),
            nn.Linear(64, 1))

    def forward(self, x):
        return self.net(x)


def mmd(a, b):
    def k(x, y):
        return sum(torch.exp(-torch.cdist(x, y) ** 2 / (2 * s * s)) for s in (0.2, 0.5, 1.0)).mean()
    return (k(a, a) + k(b, b) - 2 * k(a, b)).item()


G, D = Generator(), Discriminator()
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)

for step in range(STEPS):
    real = real_batch(BATCH)
    fake = G(torch.randn(BATCH, LATENT))

    opt_d.zero_grad()
    loss_d = bce(D(real), ones * 0.9) + bce(D(fake.detach()), zeros)
    loss_d.backward()
    opt_d.step()

    opt_g.zero_grad()
    loss_g = bce(D(fake.detach()), ones)
    loss_g.backward()
    opt_g.step()

    if step % 250 == 0:
        print(f"step {step} d {loss_d.item():.3f} g {loss_g.item():.3f}")

with torch.no_grad():
    score = mmd(G(torch.randn(1500, LATENT)), real_batch(1500))
print(f"mmd {score:.4f}")
