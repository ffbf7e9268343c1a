"""Variational autoencoder on MNIST with a Bernoulli decoder."""
import gzip
import os
import sys
from dataclasses import dataclass
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

torch.set_num_threads(1)


@dataclass
class VAEConfig:
    latent: int = 12
    hidden: int = 200
    batch: int = 100
    epochs: int = 8
    lr: float = 1e-3
    n_train: int = 6000
    n_test: int = 1000
    seed: int = 0


def load_images(name, n):
    root = os.environ.get("DATA_DIR", "../shared/data")
    with gzip.open(os.path.join(root, "MNIST", "raw", name)) as f:
        raw = np.frombuffer(f.read(), np.uint8, offset=16)
    return torch.from_numpy(raw.reshape(-1, 784)[:n].astype(np.float32) / 255.0)


class VAE(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.enc = nn.Linear(784, cfg.hidden)
        self.mu = nn.Linear(cfg.hidden, cfg.latent)
        self.logvar = nn.Linear(cfg.hidden, cfg.latent)
        self.dec = nn.Linear(cfg.latent, cfg.hidden)
        self.out = nn.Linear(cfg.hidden, 784)

    def encode(self, x):
        h = F.silu(self.enc(x))
        return Normal(self.mu(h), (0.5 * self.logvar(h)).exp())

    def decode(self, z):
        return self.out(F.silu(self.dec(z)))

    def forward(self, x):
        q = self.encode(x)
        z = q.sample()
        return self.decode(z), q


def elbo_terms(model, x):
    logits, q = model(x)
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    kl = kl_divergence(q, Normal(torch.zeros_like(q.mean), torch.ones_like(q.stddev))).sum(1)
    return rec.mean(), kl.mean()


class Trainer:
    def __init__(self, cfg):
        torch.manual_seed(cfg.seed)
        self.cfg = cfg
        self.train_x = load_images("train-images-idx3-ubyte.gz", cfg.n_train)
        self.test_x = load_images("t10k-images-idx3-ubyte.gz", cfg.n_test)
        self.model = VAE(cfg)
        self.opt = torch.optim.Adam(self.model.parameters(), lr=cfg.lr)

    def run(self):
        for epoch in range(self.cfg.epochs):
            for idx in torch.randperm(len(self.train_x)).split(self.cfg.batch):
                rec, kl = elbo_terms(self.model, self.train_x[idx])
                loss = rec + kl
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
            print(f"epoch {epoch} rec {rec.item():.2f} kl {kl.item():.2f}")
        with torch.no_grad():
            rec, kl = elbo_terms(self.model, self.test_x)
        print(f"final test negative elbo {(rec + kl).item():.3f} (rec {rec.item():.2f}, kl {kl.item():.2f})")


if __name__ == "__main__":
    Trainer(VAEConfig(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0)).run()
