"""Small GAN on the 8x8 sklearn digits, scored by a Frechet distance in pixel space."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from scipy.linalg import sqrtm
from sklearn.datasets import load_digits

torch.manual_seed(10)
Z = 16


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(Z, 128), nn.BatchNorm1d(128), nn.ReLU(True),
            nn.Linear(128, 128), nn.BatchNorm1d(128), nn.ReLU(True),
            nn.Linear(128, 64), nn.Tanh(),
        )

    def forward(self, z):
        return self.net(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(64, 128), nn.LeakyReLU(0.2),
            nn.Linear(128, 128), nn.LeakyReLU(0.2),
            nn.Linear(128, 1),
        )

    def forward(self, x):
        return self.net(x).squeeze(1)


def frechet(a, b):
    mu = ((a.mean(0) - b.mean(0)) ** 2).sum()
    ca, cb = np.cov(a.T) + 1e-4 * np.eye(64), np.cov(b.T) + 1e-4 * np.eye(64)
    return float(mu + np.trace(ca + cb - 2 * sqrtm(ca @ cb).real))


real = torch.tensor(load_digits().data, dtype=torch.float32) / 8.0 - 1.0
G, D = Generator(), Discriminator()
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.99))
opt_d = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.99))
B = 64

for it in range(1500):
    x = real[torch.randint(len(real), (B,))]

    fake = G(torch.randn(B, Z))
    d_loss = F.softplus(-D(x)).mean() + F.softplus(D(fake.detach())).mean()
    opt_d.zero_grad()
    d_loss.backward()
    opt_d.step()

    g_loss = F.softplus(-D(G(torch.randn(B, Z)))).mean()
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()

    if it % 250 == 0:
        print(f"iter {it:4d}  D {d_loss.item():.4f}  G {g_loss.item():.4f}")

G.eval()
with torch.no_grad():
    samples = G(torch.randn(1797, Z)).numpy()
r = real.numpy()
rng = np.random.default_rng(0)
indep = np.stack([rng.permutation(r[:, j]) for j in range(64)], 1)
gauss = np.clip(rng.normal(r.mean(0), r.std(0), r.shape), -1, 1)
print(f"frechet: GAN {frechet(samples, r):.3f}  shuffled pixels {frechet(indep, r):.3f}  gaussian pixels {frechet(gauss, r):.3f}")
