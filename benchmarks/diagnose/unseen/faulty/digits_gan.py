"""GAN for the 8x8 digits, with the two networks moved by hand."""
import os
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA


@dataclass
class Config:
    latent: int = 16
    hidden: int = 128
    batch: int = 64
    steps: int = 3000
    lr: float = 0.05
    momentum: float = 0.5
    seed: int = int(os.environ.get("SEED", 0))


class Generator(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(cfg.latent, cfg.hidden), nn.BatchNorm1d(cfg.hidden), nn.ReLU(),
            nn.Linear(cfg.hidden, cfg.hidden), nn.BatchNorm1d(cfg.hidden), nn.ReLU(),
            nn.Linear(cfg.hidden, 64), nn.Sigmoid())

    def forward(self, z):
        img = self.net(z)
        # pixels of the data set are the integers 0..16
        return torch.round(img * 16) / 16


class Discriminator(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(64, cfg.hidden), nn.LeakyReLU(0.2), nn.Dropout(0.2),
            nn.Linear(cfg.hidden, cfg.hidden), nn.LeakyReLU(0.2), nn.Dropout(0.2),
            nn.Linear(cfg.hidden, 1))

    def forward(self, x):
        return self.net(x)


class HandMomentum:
    def __init__(self, net, cfg):
        self.params = list(net.parameters())
        self.buf = [torch.zeros_like(p) for p in self.params]
        self.cfg = cfg

    def step(self):
        for p, b in zip(self.params, self.buf):
            b.mul_(self.cfg.momentum).add_(p.grad)
            p.data.add_(b, alpha=-self.cfg.lr)

    def zero_grad(self):
        for p in self.params:
            p.grad = None


def frechet(a, b):
    pca = PCA(12, random_state=0).fit(a)
    a, b = pca.transform(a), pca.transform(b)
    ca, cb = np.cov(a.T), np.cov(b.T)
    ev = np.linalg.eigvals(ca @ cb).real.clip(0)
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca) + np.trace(cb) - 2 * np.sqrt(ev).sum()


def main(cfg):
    torch.set_num_threads(1)
    torch.manual_seed(cfg.seed)
    data = torch.tensor(load_digits().data / 16, dtype=torch.float32)
    G, D = Generator(cfg), Discriminator(cfg)
    step_g, step_d = HandMomentum(G, cfg), HandMomentum(D, cfg)
    ones, zeros = torch.ones(cfg.batch, 1), torch.zeros(cfg.batch, 1)
    for it in range(cfg.steps):
        real = data[torch.randint(len(data), (cfg.batch,))]
        fake = G(torch.randn(cfg.batch, cfg.latent))

        step_d.zero_grad()
        d_loss = (F.binary_cross_entropy_with_logits(D(real), ones * 0.9)
                  + F.binary_cross_entropy_with_logits(D(fake.detach()), zeros))
        d_loss.backward()
        step_d.step()

        step_g.zero_grad()
        g_loss = F.binary_cross_entropy_with_logits(D(fake), ones)
        g_loss.backward()
        step_g.step()
        if it % 500 == 0:
            print(f"step {it} D {d_loss.item():.3f} G {g_loss.item():.3f}")
    G.eval()
    with torch.no_grad():
        samples = torch.round(G(torch.randn(1500, cfg.latent)) * 16) / 16
    print(f"frechet distance {frechet(data.numpy(), samples.numpy()):.4f}")


main(Config())
