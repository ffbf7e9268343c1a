"""A small GAN that learns a ring of eight Gaussians in the plane."""
import math
import os
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))

Z_DIM, BATCH, STEPS = 8, 256, 2000


def real_batch(n):
    angle = torch.randint(0, 8, (n,)) * (2 * math.pi / 8)
    centre = torch.stack([angle.cos(), angle.sin()], dim=1)
    return centre * 1.5 + 0.1 * torch.randn(n, 2)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(Z_DIM, 64), nn.LeakyReLU(0.2),
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
        return self.net(x).squeeze(1)


def energy_distance(a, b):
    return (2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()).item()


G, D = Generator(), Discriminator()
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.99))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.99))
bce = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(BATCH), torch.zeros(BATCH)

average = Generator()
average.load_state_dict(G.state_dict())

for step in range(1, STEPS + 1):
    # discriminator
    fake = G(torch.randn(BATCH, Z_DIM))
    d_loss = bce(D(real_batch(BATCH)), ones * 0.9) + bce(D(fake.detach()), zeros)
    opt_d.zero_grad()
    d_loss.backward()
    opt_d.step()

    # generator
    g_loss = bce(D(fake), ones)
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()

    with torch.no_grad():
        for pa, p in zip(average.parameters(), G.parameters()):
            pa.lerp_(p, 0.01)
    if step % 500 == 0:
        print(f"step {step}: d_loss {d_loss.item():.3f} g_loss {g_loss.item():.3f}")

with torch.no_grad():
    real = real_batch(2000)
    sample = average(torch.randn(2000, Z_DIM))
    cov = torch.cov(real.T)
    blob = real.mean(0) + torch.randn(2000, 2) @ torch.linalg.cholesky(cov).T
print(f"baseline energy distance (one Gaussian): {energy_distance(blob, real_batch(2000)):.4f}")
print(f"final energy distance: {energy_distance(sample, real_batch(2000)):.4f}")
