"""VQ-VAE on MNIST (small conv version, 4 training epochs)."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def load(name, n):
    with gzip.open(os.path.join(RAW, name)) as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)[:n]
    return torch.tensor(x, dtype=torch.float32) / 255


class VectorQuantizer(nn.Module):
    def __init__(self, n_codes, dim, beta=0.25):
        super().__init__()
        self.codebook = nn.Embedding(n_codes, dim)
        nn.init.normal_(self.codebook.weight, std=0.5)
        self.beta = beta

    def forward(self, z):
        flat = z.permute(0, 2, 3, 1).reshape(-1, z.shape[1])
        index = torch.cdist(flat, self.codebook.weight).argmin(1)
        q = self.codebook(index).view(z.shape[0], z.shape[2], z.shape[3], -1).permute(0, 3, 1, 2)
        loss = F.mse_loss(q, z.detach()) + self.beta * F.mse_loss(z, q.detach())
        return z + (q - z).detach(), loss, index


class VQVAE(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 16, 4, 2, 1), nn.GELU(), nn.Conv2d(16, 32, 4, 2, 1), nn.GELU(),
                                     nn.Conv2d(32, dim, 1))
        self.vq = VectorQuantizer(64, dim)
        self.decoder = nn.Sequential(nn.ConvTranspose2d(dim, 32, 4, 2, 1), nn.GELU(),
                                     nn.ConvTranspose2d(32, 1, 4, 2, 1), nn.Sigmoid())

    def forward(self, x):
        q, vq_loss, index = self.vq(self.encoder(x))
        return self.decoder(q), vq_loss, index


train, test = load("train-images-idx3-ubyte.gz", 6000), load("t10k-images-idx3-ubyte.gz", 1000)
model = VQVAE()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(4):
    for idx in torch.randperm(len(train)).split(64):
        recon, vq_loss, index = model(train[idx])
        loss = F.mse_loss(recon, train[idx]) + 0.1 * vq_loss
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch} loss {loss.item():.4f} codes used in last batch {len(index.unique())}")

with torch.no_grad():
    recon, _, _ = model(test)
    print(f"test mse {F.mse_loss(recon, test).item():.4f}  mean-image baseline "
          f"{F.mse_loss(train.mean(0, keepdim=True).expand_as(test), test).item():.4f}")
