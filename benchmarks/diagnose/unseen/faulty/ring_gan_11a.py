"""GAN on a ring of eight Gaussians."""
import math

import torch
import torch.nn as nn

torch.set_num_threads(1)


def sample_ring(n, modes=8, radius=2.0, std=0.1):
    k = torch.randint(modes, (n,))
    ang = 2 * math.pi * k / modes
    centre = radius * torch.stack([ang.cos(), ang.sin()], 1)
    return centre + std * torch.randn(n, 2)


class Generator(nn.Module):
    def __init__(self, z_dim=8, h=96):
        super().__init__()
        self.z_dim = z_dim
        self.net = nn.Sequential(
            nn.Linear(z_dim, h), nn.ReLU(),
            nn.Linear(h, h), nn.ReLU(),
            nn.Linear(h, 2),
        )

    def forward(self, n):
        return self.net(torch.randn(n, self.z_dim))


class Discriminator(nn.Module):
    def __init__(self, h=96):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(2, h), nn.LeakyReLU(0.2),
            nn.Linear(h, h), nn.LeakyReLU(0.2),
            nn.Linear(h, 1),
        )

    def forward(self, x):
        return self.net(x).squeeze(1)


class GANTrainer:
    def __init__(self, batch=128, lr=1e-3):
        self.gen, self.disc = Generator(), Discriminator()
        self.opt_g = torch.optim.Adam(self.gen.parameters(), lr=lr, betas=(0.5, 0.999))
        self.opt_d = torch.optim.Adam(self.disc.parameters(), lr=lr, betas=(0.5, 0.999))
        self.bce = nn.BCEWithLogitsLoss()
        self.batch = batch

    def step(self):
        real = sample_ring(self.batch)
        fake = self.gen(self.batch)
        real_lbl, fake_lbl = torch.ones(self.batch), torch.zeros(self.batch)

        # discriminator
        self.opt_d.zero_grad()
        loss_d = self.bce(self.disc(real), real_lbl * 0.9) + self.bce(self.disc(fake.detach()), fake_lbl)
        loss_d.backward()
        self.opt_d.step()

        # generator
        self.opt_g.zero_grad()
        loss_g = self.bce(self.disc(fake.detach()), real_lbl)
        loss_g.backward()
        self.opt_g.step()
        return loss_d.item(), loss_g.item()

    @torch.no_grad()
    def mmd(self, n=1000):
        x, y = sample_ring(n), self.gen(n)
        k = lambda a, b: sum(torch.exp(-torch.cdist(a, b) ** 2 / (2 * s)) for s in (0.05, 0.5, 2.0)).mean()
        return (k(x, x) + k(y, y) - 2 * k(x, y)).item()


if __name__ == "__main__":
    torch.manual_seed(8)
    trainer = GANTrainer()
    for it in range(1, 3001):
        d, g = trainer.step()
        if it % 300 == 0:
            print(f"iter {it} loss_d {d:.3f} loss_g {g:.3f} mmd {trainer.mmd():.4f}")
