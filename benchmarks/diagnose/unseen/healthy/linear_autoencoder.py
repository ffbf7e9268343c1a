"""Linear autoencoder on MNIST compared with the optimal PCA reconstruction."""
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
class Config:
    rank: int = 16
    batch: int = 128
    steps: int = 900
    lr: float = 2e-3
    seed: int = 0


def load(name, n):
    root = os.environ.get("DATA_DIR", "../shared/data")
    with gzip.open(os.path.join(root, "MNIST", "raw", name)) as f:
        raw = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)[:n]
    return torch.from_numpy(raw.astype(np.float32) / 255)


class LinearAutoencoder(nn.Module):
    """PCA by gradient descent: the encoder and decoder are linear on purpose."""

    def __init__(self, dim, rank):
        super().__init__()
        self.encode = nn.Linear(dim, rank, bias=False)
        self.decode = nn.Linear(rank, dim, bias=False)

    def forward(self, x):
        return self.decode(self.encode(x))


def pca_error(train, test, rank):
    _, _, v = torch.linalg.svd(train, full_matrices=False)
    basis = v[:rank]
    return F.mse_loss(test @ basis.t() @ basis, test).item()


def main():
    cfg = Config(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.manual_seed(cfg.seed)
    train, test = load("train-images-idx3-ubyte.gz", 5000), load("t10k-images-idx3-ubyte.gz", 1000)
    mean = train.mean(0)
    train, test = train - mean, test - mean
    model = LinearAutoencoder(784, cfg.rank)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=cfg.lr * 2, total_steps=cfg.steps)
    for step in range(cfg.steps):
        x = train[torch.randint(len(train), (cfg.batch,))]
        loss = F.mse_loss(model(x), x)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        sched.step()
        if step % 150 == 0:
            print(f"step {step} loss {loss.item():.5f}")
    with torch.no_grad():
        err = F.mse_loss(model(test), test).item()
    print(f"pca with {cfg.rank} components {pca_error(train, test, cfg.rank):.5f}")
    print(f"final test mse {err:.5f} (mean image {test.pow(2).mean().item():.5f})")


if __name__ == "__main__":
    main()
