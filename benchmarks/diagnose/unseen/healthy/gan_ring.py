"""GAN on a noisy ring in 2-D, with learned discriminator kept ahead of the generator."""
import torch
import torch.nn as nn
from torch.nn.utils.parametrizations import spectral_norm

torch.manual_seed(0)


def real(n):
    a = torch.rand(n) * 6.2832
    r = 1 + 0.08 * torch.randn(n)
    return torch.stack([r * a.cos(), r * a.sin()], 1)


G = nn.Sequential(nn.Linear(4, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(),
                  nn.Linear(64, 2))
D = nn.Sequential(spectral_norm(nn.Linear(2, 96)), nn.LeakyReLU(0.2), spectral_norm(nn.Linear(96, 96)),
                  nn.LeakyReLU(0.2), nn.Linear(96, 1))
g_opt = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.99))
d_opt = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.99))
bce = nn.BCEWithLogitsLoss()
B = 96
ones, zeros = torch.ones(B, 1), torch.zeros(B, 1)


@torch.no_grad()
def report(step):
    G.eval()
    s = G(torch.randn(2000, 4))
    G.train()
    rad = s.norm(dim=1)
    sector = ((torch.atan2(s[:, 1], s[:, 0]) / 6.2832 + 0.5) * 16).long().clamp(0, 15)
    cover = (torch.bincount(sector, minlength=16) > 40).sum().item()
    print(f"{step}: D {d_loss.item():.3f} G {g_loss.item():.3f} radius {rad.mean():.3f}+-{rad.std():.3f} "
          f"sectors covered {cover}/16")


for step in range(1, 1251):
    fake = G(torch.randn(B, 4))
    d_loss = bce(D(real(B)), ones) + bce(D(fake.detach()), zeros)
    d_opt.zero_grad()
    d_loss.backward()
    d_opt.step()
    g_loss = bce(D(G(torch.randn(B, 4))), ones)
    g_opt.zero_grad()
    g_loss.backward()
    g_opt.step()
    if step % 250 == 0:
        report(step)
