"""Sparse autoencoder (ReLU code with an L1 price, unit-norm dictionary) on MNIST patches."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def patches(n_images, n_patches, size=12, seed=0):
    rng = np.random.default_rng(seed)
    with gzip.open(os.path.join(RAW, "train-images-idx3-ubyte.gz")) as f:
        img = np.frombuffer(f.read(16 + n_images * 784), np.uint8, offset=16).reshape(n_images, 28, 28)
    i = rng.integers(0, n_images, n_patches)
    r, c = rng.integers(4, 28 - size - 3, (2, n_patches))
    out = np.stack([img[a, b:b + size, d:d + size] for a, b, d in zip(i, r, c)]).astype(np.float32) / 255
    return torch.from_numpy(out.reshape(n_patches, -1))


class SparseAE(nn.Module):
    def __init__(self, n_in=144, n_code=160):
        super().__init__()
        self.dictionary = nn.Parameter(F.normalize(torch.randn(n_code, n_in), dim=1))
        self.enc_w = nn.Parameter(self.dictionary.detach().t().clone())
        self.enc_b = nn.Parameter(torch.zeros(n_code))
        self.centre = nn.Parameter(torch.zeros(n_in))

    def forward(self, x):
        code = F.relu((x - self.centre) @ self.enc_w + self.enc_b)
        return code @ self.dictionary + self.centre, code

    @torch.no_grad()
    def normalise(self):
        self.dictionary.data = F.normalize(self.dictionary.data, dim=1)


def main():
    torch.manual_seed(0)
    data = patches(2000, 12000)
    train, test = data[:10000], data[10000:]
    model = SparseAE()
    with torch.no_grad():
        model.centre.copy_(train.mean(0))
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    l1 = 0.4
    for epoch in range(20):
        warm = min(1.0, (epoch + 1) / 5)
        for idx in torch.randperm(len(train)).split(100):
            recon, code = model(train[idx])
            loss = (recon - train[idx]).pow(2).sum(1).mean() + warm * l1 * code.sum(1).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            model.normalise()
        if epoch % 5 == 4:
            print(f"epoch {epoch} loss {loss.item():.4f}")
    with torch.no_grad():
        recon, code = model(test)
        base = (test - train.mean(0)).pow(2).sum(1).mean().item()
        err = (recon - test).pow(2).sum(1).mean().item()
    active = code > 0
    print("active per sample", round(active.float().mean().item(), 4),
          "never active", int((~active.any(0)).sum()))
    print("baseline error", round(base, 4))
    print("test error", round(err, 4))


if __name__ == "__main__":
    main()
