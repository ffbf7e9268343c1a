"""WGAN-GP on a ring of eight gaussians."""
import math
import torch
from torch import nn, autograd

torch.manual_seed(0)


def real_batch(n):
    a = torch.randint(0, 8, (n,)) * (2 * math.pi / 8)
    return 1.5 * torch.stack([a.cos(), a.sin()], 1) + 0.06 * torch.randn(n, 2)


def mlp(i, o, h=64):
    return nn.Sequential(nn.Linear(i, h), nn.LeakyReLU(0.2), nn.Linear(h, h), nn.LeakyReLU(0.2), nn.Linear(h, h), nn.LeakyReLU(0.2), nn.Linear(h, o))


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = mlp(4, 2)

    def forward(self, z):
        return 2.0 * torch.tanh(self.body(z))     # data lies inside [-2, 2]


G, D = Generator(), mlp(2, 1)
og = torch.optim.Adam(G.parameters(), lr=5e-4, betas=(0.5, 0.9))
od = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.9))


def penalty(r, f):
    e = torch.rand(len(r), 1)
    x = (e * r + (1 - e) * f).requires_grad_()
    g, = autograd.grad(D(x).sum(), x, create_graph=True)
    return ((g.norm(dim=1) - 1) ** 2).mean()


def quality(n=1000):
    with torch.no_grad():
        f, r = G(torch.randn(n, 4)), real_batch(n)
        d = torch.cdist(f, r)
        return d.amin(1).mean().item(), d.amin(0).mean().item()


print("before: fake->real %.3f real->fake %.3f" % quality())
for it in range(280):
    for _ in range(3):
        r = real_batch(128)
        f = G(torch.randn(128, 4)).detach()
        ld = D(f).mean() - D(r).mean() + 0.5 * penalty(r, f)
        od.zero_grad()
        ld.backward()
        od.step()
    lg = -D(G(torch.randn(128, 4))).mean()
    og.zero_grad()
    lg.backward()
    og.step()
    if it % 70 == 69:
        print(it + 1, "critic %.3f gen %.3f" % (ld.item(), lg.item()), "fake->real %.3f real->fake %.3f" % quality())
