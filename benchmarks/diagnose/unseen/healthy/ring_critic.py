import math
import os
import torch
import torch.nn as nn

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
MODES = 8


def real(n):
    k = torch.randint(0, MODES, (n,)).float() * (2 * math.pi / MODES)
    return torch.stack([torch.cos(k), torch.sin(k)], 1) * 2 + 0.1 * torch.randn(n, 2)


def mlp(d_in, d_out, width=64):
    return nn.Sequential(nn.Linear(d_in, width), nn.LeakyReLU(0.2), nn.Linear(width, width),
                         nn.LeakyReLU(0.2), nn.Linear(width, d_out))


def gradient_penalty(critic, a, b):
    t = torch.rand(len(a), 1)
    mid = (t * a + (1 - t) * b).requires_grad_(True)
    g, = torch.autograd.grad(critic(mid).sum(), mid, create_graph=True)
    return ((g.square().sum(1) + 1e-12).sqrt() - 1).square().mean()


@torch.no_grad()
def energy_distance(a, b):
    def mean_dist(u, v):
        return torch.cdist(u, v).mean()
    return (2 * mean_dist(a, b) - mean_dist(a, a) - mean_dist(b, b)).item()


generator, critic = mlp(4, 2), mlp(2, 1)
opt_g = torch.optim.Adam(generator.parameters(), lr=5e-4, betas=(0.5, 0.9))
opt_c = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.9))

for step in range(1000):
    for _ in range(3):
        x = real(128)
        fake = generator(torch.randn(128, 4)).detach()
        loss_c = critic(fake).mean() - critic(x).mean() + 1.0 * gradient_penalty(critic, x, fake)
        opt_c.zero_grad()
        loss_c.backward()
        opt_c.step()
    for p in critic.parameters():
        p.requires_grad_(False)
    loss_g = -critic(generator(torch.randn(128, 4))).mean()
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    for p in critic.parameters():
        p.requires_grad_(True)
    if step % 200 == 0:
        print(f"step {step} critic {loss_c.item():.4f} generator {loss_g.item():.4f}")

with torch.no_grad():
    fake = generator(torch.randn(2000, 4))
reference = real(2000)
blob = torch.randn(2000, 2) * reference.std(0) + reference.mean(0)
print(f"energy distance {energy_distance(fake, reference):.4f} (fitted gaussian {energy_distance(blob, reference):.4f})")
