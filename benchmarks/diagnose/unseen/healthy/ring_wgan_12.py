"""Wasserstein GAN with gradient penalty on a ring of eight Gaussians."""
from dataclasses import dataclass
import math
import sys
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class Config:
    latent: int = 8
    width: int = 96
    batch: int = 128
    n_critic: int = 4
    iters: int = 700
    lr: float = 2e-3
    gp: float = 2.0
    seed: int = 0


def sample_ring(n):
    k = torch.randint(8, (n,)).float() * (2 * math.pi / 8)
    return torch.stack([k.cos(), k.sin()], 1) * 1.5 + 0.08 * torch.randn(n, 2)


class Generator(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.fc1 = nn.Linear(cfg.latent, cfg.width)
        self.fc2 = nn.Linear(cfg.width, cfg.width)
        self.out = nn.Linear(cfg.width, 2)

    def forward(self, z):
        return self.out(F.leaky_relu(self.fc2(F.leaky_relu(self.fc1(z), 0.2)), 0.2))


class Critic(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.fc1 = nn.Linear(2, cfg.width)
        self.fc2 = nn.Linear(cfg.width, cfg.width)
        self.out = nn.Linear(cfg.width, 1, bias=False)

    def forward(self, x):
        h = F.leaky_relu(self.fc1(x), 0.2)
        h = F.leaky_relu(self.fc2(h), 0.2)
        return self.out(h).squeeze(-1)


def energy_distance(a, b):
    return (2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()).item()


class WGAN:
    def __init__(self, cfg):
        torch.manual_seed(cfg.seed)
        self.cfg, self.gen, self.critic = cfg, Generator(cfg), Critic(cfg)
        self.opt_g = torch.optim.Adam(self.gen.parameters(), lr=cfg.lr / 2, betas=(0.5, 0.9))
        self.opt_c = torch.optim.Adam(self.critic.parameters(), lr=cfg.lr, betas=(0.5, 0.9))

    def sample(self, n):
        return self.gen(torch.randn(n, self.cfg.latent))

    def critic_step(self):
        real, fake = sample_ring(self.cfg.batch), self.sample(self.cfg.batch).detach()
        mix = torch.lerp(real, fake, torch.rand(len(real), 1)).requires_grad_(True)
        slope = torch.autograd.grad(self.critic(mix).sum(), mix, create_graph=True)[0].norm(dim=1)
        loss = self.critic(fake).mean() - self.critic(real).mean() + self.cfg.gp * (slope - 1).pow(2).mean()
        self.opt_c.zero_grad()
        loss.backward()
        self.opt_c.step()
        return loss.item()

    def generator_step(self):
        loss = -self.critic(self.sample(self.cfg.batch)).mean()
        self.opt_g.zero_grad()
        loss.backward()
        self.opt_g.step()
        return loss.item()

    @torch.no_grad()
    def score(self):
        return energy_distance(self.sample(1500), sample_ring(1500))

    def train(self):
        for it in range(self.cfg.iters):
            for _ in range(self.cfg.n_critic):
                c = self.critic_step()
            g = self.generator_step()
            if it % 100 == 0:
                print(f"iter {it} critic {c:.4g} gen {g:.4g} energy distance {self.score():.4f}")


if __name__ == "__main__":
    gan = WGAN(Config(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0))
    gan.train()
    moments = sample_ring(4000)
    gauss = moments.mean(0) + torch.randn(1500, 2) @ torch.linalg.cholesky(torch.cov(moments.t())).t()
    base = energy_distance(gauss, sample_ring(1500))
    print(f"final energy distance {gan.score():.4f} (moment-matched Gaussian {base:.4f})")
