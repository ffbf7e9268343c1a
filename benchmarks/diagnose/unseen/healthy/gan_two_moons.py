# small GAN pair on a 2-d point cloud
import torch
import torch.nn as nn
from sklearn.datasets import make_moons

torch.manual_seed(10)
pts, _ = make_moons(4000, noise=0.06, random_state=10)
real_data = torch.tensor(pts, dtype=torch.float32)
real_data = (real_data - real_data.mean(0)) / real_data.std(0)

z_dim = 4
G = nn.Sequential(
    nn.Linear(z_dim, 48), nn.LeakyReLU(0.2),
    nn.Linear(48, 48), nn.LeakyReLU(0.2),
    nn.Linear(48, 2),
)
D = nn.Sequential(
    nn.Linear(2, 48), nn.LeakyReLU(0.2),
    nn.Linear(48, 48), nn.LeakyReLU(0.2),
    nn.Linear(48, 1),
)
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.99))
opt_d = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.99))
bce = nn.BCEWithLogitsLoss()


def energy_distance(a, b):
    ab = torch.cdist(a, b).mean()
    aa = torch.cdist(a, a).mean()
    bb = torch.cdist(b, b).mean()
    return (2 * ab - aa - bb).item()


z_eval = torch.randn(800, z_dim)
ref = real_data[:800]
with torch.no_grad():
    start = energy_distance(G(z_eval), ref)
gauss = energy_distance(torch.randn(800, 2), ref)
print(f"energy distance untrained {start:.4f}, gaussian {gauss:.4f}")

avg_g = [p.detach().clone() for p in G.parameters()]
B = 128
for it in range(1, 1201):
    real = real_data[torch.randint(0, len(real_data), (B,))]
    fake = G(torch.randn(B, z_dim))

    d_loss = bce(D(real), torch.full((B, 1), 0.9)) + bce(D(fake.detach()), torch.zeros(B, 1))
    opt_d.zero_grad()
    d_loss.backward()
    opt_d.step()

    D.requires_grad_(False)
    g_loss = bce(D(fake), torch.ones(B, 1))
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()
    D.requires_grad_(True)

    with torch.no_grad():
        for a, p in zip(avg_g, G.parameters()):
            a.mul_(0.99).add_(p, alpha=0.01)
    if it % 200 == 0:
        with torch.no_grad():
            e = energy_distance(G(z_eval), ref)
        print(f"iter {it} d_loss {d_loss.item():.3f} g_loss {g_loss.item():.3f} energy {e:.4f}")

with torch.no_grad():
    for a, p in zip(avg_g, G.parameters()):
        p.copy_(a)
    final = energy_distance(G(z_eval), ref)
print(f"averaged generator energy distance {final:.4f} (gaussian {gauss:.4f}, untrained {start:.4f})")
