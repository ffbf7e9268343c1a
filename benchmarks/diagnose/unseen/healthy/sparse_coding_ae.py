"""k-sparse autoencoder on MNIST: only a handful of hidden units fire per image."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def mnist_images(split, n):
    path = os.path.join(
        os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw", f"{split}-images-idx3-ubyte.gz"
    )
    with gzip.open(path) as f:
        f.seek(16)
        raw = np.frombuffer(f.read(n * 784), np.uint8)
    return torch.tensor(raw.reshape(n, 784) / 255.0, dtype=torch.float32)


class KSparseAE(nn.Module):
    def __init__(self, n_in=784, n_hidden=256, k=12):
        super().__init__()
        self.k = k
        self.mean = nn.Parameter(torch.zeros(n_in), requires_grad=False)
        self.enc = nn.Linear(n_in, n_hidden)
        self.dec = nn.Linear(n_hidden, n_in)
        self.register_buffer("usage", torch.zeros(n_hidden))

    def encode(self, x):
        h = F.relu(self.enc(x - self.mean))
        kth = h.topk(self.k, dim=1).values[:, -1:]
        return h * (h >= kth)

    def forward(self, x):
        z = self.encode(x)
        if self.training:
            self.usage.mul_(0.98).add_(0.02 * (z > 0).float().mean(0).detach())
        return self.dec(z) + self.mean, z


def main():
    torch.manual_seed(0)
    xtr, xte = mnist_images("train", 10000), mnist_images("t10k", 1000)
    model = KSparseAE()
    model.mean.data.copy_(xtr.mean(0))
    params = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.Adam(params, lr=1e-3)
    k_schedule = [60, 40, 25, 16, 12, 12, 12]

    for epoch, k in enumerate(k_schedule):
        model.k = k
        model.train()
        run = 0.0
        for idx in torch.randperm(len(xtr)).split(100):
            x = xtr[idx]
            recon, _ = model(x)
            loss = F.mse_loss(recon, x)
            opt.zero_grad()
            loss.backward()
            opt.step()
            run += loss.item() * len(idx)
        model.eval()
        with torch.no_grad():
            recon, z = model(xte)
            mse = F.mse_loss(recon, xte).item()
        print(
            f"epoch {epoch} k={k:2d} train mse {run / len(xtr):.5f} test mse {mse:.5f} "
            f"active {(z > 0).float().mean().item():.3f} used {(model.usage > 1e-4).float().mean().item():.2f}"
        )

    baseline = F.mse_loss(xtr.mean(0).expand_as(xte), xte).item()
    mu = xtr.mean(0)
    _, _, v = torch.pca_lowrank(xtr - mu, q=12, niter=4)
    pca = F.mse_loss((xte - mu) @ v @ v.t() + mu, xte).item()
    print(f"mean image mse {baseline:.5f}  pca-12 mse {pca:.5f}  k-sparse mse {mse:.5f}")


if __name__ == "__main__":
    main()
