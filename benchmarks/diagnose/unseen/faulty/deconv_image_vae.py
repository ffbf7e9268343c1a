import gzip
import os
import struct
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn

ROOT = os.environ.get("DATA_DIR", "../shared/data")


@dataclass
class VAEConfig:
    latent: int = 12
    base: int = 12
    beta: float = 0.5
    lr: float = 3e-3
    batch: int = 64
    steps: int = 300
    out_act: str = "sigmoid"


OUT_ACTS = {"identity": nn.Identity, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


class ImageSource:
    mean, std = 0.1307, 0.3081

    def __init__(self, split, limit):
        with gzip.open(os.path.join(ROOT, "MNIST/raw", f"{split}-images-idx3-ubyte.gz")) as f:
            raw = f.read()
        n, h, w = struct.unpack(">III", raw[4:16])
        a = np.frombuffer(raw, np.uint8, offset=16).reshape(n, 1, h, w)[:limit].astype("float32")
        self.x = (torch.from_numpy(a) / 255 - self.mean) / self.std

    def batch(self, size):
        return self.x[torch.randint(0, len(self.x), (size,))]


class Encoder(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        b = cfg.base
        self.body = nn.Sequential(nn.Conv2d(1, b, 4, 2, 1), nn.SiLU(), nn.Conv2d(b, 2 * b, 4, 2, 1), nn.SiLU())
        self.mu = nn.Linear(2 * b * 49, cfg.latent)
        self.logvar = nn.Linear(2 * b * 49, cfg.latent)

    def forward(self, x):
        h = self.body(x).flatten(1)
        return self.mu(h), self.logvar(h).clamp(-8, 8)


class Decoder(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        b = cfg.base
        self.fc = nn.Sequential(nn.Linear(cfg.latent, 2 * b * 49), nn.SiLU(), nn.Unflatten(1, (2 * b, 7, 7)))
        self.up = nn.Sequential(nn.ConvTranspose2d(2 * b, b, 4, 2, 1), nn.SiLU(),
                                nn.ConvTranspose2d(b, 1, 4, 2, 1), OUT_ACTS[cfg.out_act]())

    def forward(self, z):
        return self.up(self.fc(z))


class VAE(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.enc, self.dec = Encoder(cfg), Decoder(cfg)

    def forward(self, x):
        mu, logvar = self.enc(x)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp() if self.training else mu
        return self.dec(z), mu, logvar


class ELBO(nn.Module):
    def __init__(self, beta):
        super().__init__()
        self.beta = beta

    def forward(self, recon, x, mu, logvar):
        rec = (recon - x).pow(2).flatten(1).sum(1).mean()
        kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1).mean()
        return rec + self.beta * kl


def main():
    cfg = VAEConfig()
    torch.manual_seed(31)
    train, test = ImageSource("train", 10000), ImageSource("t10k", 1500)
    vae, elbo = VAE(cfg), ELBO(cfg.beta)
    opt = torch.optim.Adam(vae.parameters(), lr=cfg.lr)
    warm = torch.optim.lr_scheduler.LinearLR(opt, 0.2, 1.0, 20)
    for step in range(cfg.steps):
        x = train.batch(cfg.batch)
        recon, mu, logvar = vae(x)
        loss = elbo(recon, x, mu, logvar)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(vae.parameters(), 200.0)
        opt.step()
        warm.step()
        if step % 60 == 0:
            print(f"step {step} elbo {loss.item():.2f}")
    vae.eval()
    with torch.no_grad():
        print(f"metric {(vae(test.x)[0] - test.x).pow(2).mean().item():.4f}")


if __name__ == "__main__":
    main()
