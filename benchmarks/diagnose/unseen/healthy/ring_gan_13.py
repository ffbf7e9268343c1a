"""2-d GAN on a ring of eight Gaussians; both players use torch.autograd.grad and a hand-written Adam."""
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
angles = torch.arange(8) * math.pi / 4
centres = torch.stack([angles.cos(), angles.sin()], 1) * 1.5


def real(n):
    return centres[torch.randint(8, (n,))] + 0.08 * torch.randn(n, 2)


def mlp(i, o, h=64):
    return nn.Sequential(nn.Linear(i, h), nn.LeakyReLU(0.2), nn.Linear(h, h), nn.LeakyReLU(0.2), nn.Linear(h, o))


class Adam:
    def __init__(self, params, lr, b1=0.5, b2=0.99):
        self.p, self.lr, self.b1, self.b2, self.t = list(params), lr, b1, b2, 0
        self.m = [torch.zeros_like(p) for p in self.p]
        self.v = [torch.zeros_like(p) for p in self.p]

    def step(self, loss, scale=1.0):
        grads = torch.autograd.grad(loss, self.p)
        self.t += 1
        with torch.no_grad():
            for p, g, m, v in zip(self.p, grads, self.m, self.v):
                m.lerp_(g, 1 - self.b1)
                v.lerp_(g * g, 1 - self.b2)
                mh, vh = m / (1 - self.b1 ** self.t), v / (1 - self.b2 ** self.t)
                p -= scale * self.lr * mh / (vh.sqrt() + 1e-8)


G, D = mlp(8, 2), mlp(2, 1)
adam_g, adam_d = Adam(G.parameters(), 1e-3), Adam(D.parameters(), 2e-3)
STEPS, B = 3000, 128
ema = {k: v.clone() for k, v in G.state_dict().items()}
for it in range(STEPS):
    scale = min(1.0, 2 * (1 - it / STEPS))
    x = real(B).requires_grad_(True)
    fake = G(torch.randn(B, 8)).detach()
    out = D(x)
    r1 = torch.autograd.grad(out.sum(), x, create_graph=True)[0].pow(2).sum(1).mean()
    d_loss = F.softplus(-out).mean() + F.softplus(D(fake)).mean() + 0.05 * r1
    adam_d.step(d_loss, scale)

    g_loss = F.softplus(-D(G(torch.randn(B, 8)))).mean()
    adam_g.step(g_loss, scale)
    with torch.no_grad():
        for k, v in G.state_dict().items():
            ema[k].lerp_(v, 0.01)
    if it % 500 == 0:
        print(it, round(d_loss.item(), 3), round(g_loss.item(), 3))


def sliced_w(a, b):
    th = torch.linspace(0, math.pi, 33)[:-1]
    dirs = torch.stack([th.cos(), th.sin()])
    return ((a @ dirs).sort(0).values - (b @ dirs).sort(0).values).abs().mean().item()


G.load_state_dict(ema)
with torch.no_grad():
    target, sample = real(4000), G(torch.randn(4000, 8))
    gauss = torch.randn(4000, 2) * target.std(0) + target.mean(0)
    d_fake, d_gauss = torch.cdist(sample, centres).min(1), torch.cdist(gauss, centres).min(1)
    near = (d_fake.values < 0.3)
    modes = d_fake.indices[near].unique().numel()
print(f"modes {modes}/8  sliced W {sliced_w(sample, target):.4f} (baseline gaussian {sliced_w(gauss, target):.4f})")
print(f"near a mode {near.float().mean().item():.4f}  baseline {(d_gauss.values < 0.3).float().mean().item():.4f}")
