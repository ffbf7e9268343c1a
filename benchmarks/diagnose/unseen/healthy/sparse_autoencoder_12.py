"""Over-complete sparse autoencoder with an L1 penalty on MNIST (dictionary learning style)."""
import gzip
import os
import sys
from dataclasses import dataclass
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


@dataclass
class SAEConfig:
    features: int = 256
    l1: float = 0.6
    lr: float = 1e-3
    batch: int = 128
    epochs: int = 10
    seed: int = 0


def load(name, n):
    path = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw", name)
    with gzip.open(path) as f:
        a = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)[:n]
    return torch.from_numpy(a.astype(np.float32) / 255)


class SparseAutoencoder(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.pre_bias = nn.Parameter(torch.zeros(784))
        self.encoder = nn.Linear(784, cfg.features)
        self.decoder = nn.Linear(cfg.features, 784, bias=False)
        with torch.no_grad():
            self.decoder.weight /= self.decoder.weight.norm(dim=0, keepdim=True)
            self.encoder.weight.copy_(self.decoder.weight.t())

    def forward(self, x):
        code = F.relu(self.encoder(x - self.pre_bias))
        return self.decoder(code) + self.pre_bias, code

    @torch.no_grad()
    def renormalise(self):
        self.decoder.weight /= self.decoder.weight.norm(dim=0, keepdim=True)


def main():
    cfg = SAEConfig(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.manual_seed(cfg.seed)
    train, test = load("train-images-idx3-ubyte.gz", 6000), load("t10k-images-idx3-ubyte.gz", 1000)
    sae = SparseAutoencoder(cfg)
    sae.pre_bias.data.copy_(train.mean(0))
    opt = torch.optim.Adam(sae.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        for idx in torch.randperm(len(train)).split(cfg.batch):
            recon, code = sae(train[idx])
            mse = (recon - train[idx]).pow(2).sum(1).mean()
            loss = mse + cfg.l1 * code.abs().sum(1).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            sae.renormalise()
        print(f"epoch {epoch} sse {mse.item():.3f} active share {(code > 0).float().mean().item():.3f}")
    with torch.no_grad():
        recon, code = sae(test)
        err = (recon - test).pow(2).sum(1).mean().item()
        base = (test - train.mean(0)).pow(2).sum(1).mean().item()
    print(f"features used on the test set {(code > 0).any(0).float().mean().item():.3f}")
    print(f"final test sse {err:.3f} (mean image {base:.3f})")


if __name__ == "__main__":
    main()
