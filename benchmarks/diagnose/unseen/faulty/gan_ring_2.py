"""Small GAN on a 2-d ring of points."""
import math
import torch
import torch.nn as nn

torch.manual_seed(3)


def real(n):
    a = torch.rand(n) * 2 * math.pi
    return torch.stack([2 * a.cos(), 2 * a.sin()], 1) + 0.05 * torch.randn(n, 2)


def mlp(i, o):
    return nn.Sequential(nn.Linear(i, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, o))


G, D = mlp(8, 2), mlp(2, 1)
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.99))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.99))
bce = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(128, 1), torch.zeros(128, 1)

for it in range(900):
    fake = G(torch.randn(128, 8)).detach()
    d_loss = bce(D(real(128)), ones) + bce(D(fake), zeros)
    opt_d.zero_grad()
    d_loss.backward()
    opt_d.step()

    g_loss = bce(D(fake), ones)
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()
    if it % 200 == 0:
        print(f"{it:5d}  d {d_loss.item():.3f}  g {g_loss.item():.3f}")

with torch.no_grad():
    r = G(torch.randn(2000, 8)).norm(dim=1)
print("mean distance from ring", (r - 2).abs().mean().item())
