"""GAN on a ring of eight Gaussians: spectrally normalised critic, hinge loss, two optimisers,
tanh generator output, averaged generator for evaluation."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.parametrizations import spectral_norm
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.set_num_threads(1)
torch.manual_seed(31)

K, R, S = 8, 0.7, 0.06
ang = torch.arange(K) * 2 * math.pi / K
centres = R * torch.stack([ang.cos(), ang.sin()], 1)


def real(n):
    return centres[torch.randint(K, (n,))] + S * torch.randn(n, 2)


def fourier(x):                       # fixed features for the critic
    return torch.cat([x] + [f(math.pi * k * x) for k in (1, 2) for f in (torch.sin, torch.cos)], 1)


class Generator(nn.Module):
    def __init__(self, z=8, h=64):
        super().__init__()
        self.z = z
        self.f = nn.Sequential(nn.Linear(z, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 2), nn.Tanh())

    def forward(self, n):
        return self.f(torch.randn(n, self.z))


class Critic(nn.Module):
    def __init__(self, h=96):
        super().__init__()
        self.l1 = spectral_norm(nn.Linear(10, h))
        self.l2 = spectral_norm(nn.Linear(h, h))
        self.l3 = spectral_norm(nn.Linear(h, 1))

    def forward(self, x):
        x = 3 * fourier(x)
        x = F.leaky_relu(self.l1(x), 0.2)
        x = F.leaky_relu(self.l2(x), 0.2)
        return self.l3(x)


G, D = Generator(), Critic()
G_avg = AveragedModel(G, multi_avg_fn=get_ema_multi_avg_fn(0.99))
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.0, 0.9))
opt_d = torch.optim.Adam(D.parameters(), lr=4e-3, betas=(0.0, 0.9))


@torch.no_grad()
def report(gen):
    s = gen(4000)
    d, k = torch.cdist(s, centres).min(1)
    good = d < 3 * S
    share = torch.bincount(k[good], minlength=K).float() / 4000
    return good.float().mean().item(), int((share > 0.03).sum())


print("untrained generator: on a mode %.3f, modes %d" % report(G))
for it in range(600):
    for _ in range(1):
        d_loss = F.relu(1 - D(real(128))).mean() + F.relu(1 + D(G(128).detach())).mean()
        opt_d.zero_grad()
        d_loss.backward()
        opt_d.step()
    g_loss = -D(G(128)).mean()
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()
    G_avg.update_parameters(G)
    if it % 100 == 0:
        q, m = report(G_avg)
        print(f"it {it:4d}  critic {d_loss.item():.3f}  generator {g_loss.item():+.3f}  on a mode {q:.3f}  modes {m}")
print("averaged generator: share of samples on a mode %.3f, modes covered %d of 8" % report(G_avg))
