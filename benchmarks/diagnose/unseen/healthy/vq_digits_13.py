"""VQ-VAE with an EMA-free codebook on 8x8 digits."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))


class VectorQuantizer(nn.Module):
    def __init__(self, n_codes=32, dim=8, beta=0.25):
        super().__init__()
        self.codebook = nn.Embedding(n_codes, dim)
        self.beta = beta

    @torch.no_grad()
    def init_from(self, z):
        flat = z.flatten(0, -2)
        self.codebook.weight.copy_(flat[torch.randperm(len(flat))[:self.codebook.num_embeddings]])

    def forward(self, z):
        idx = torch.cdist(z.detach().flatten(0, -2), self.codebook.weight.detach()).argmin(1)
        q = self.codebook(idx).view_as(z)
        loss = F.mse_loss(q, z.detach()) + self.beta * F.mse_loss(z, q.detach())
        return z + (q - z).detach(), loss, idx


class VQVAE(nn.Module):
    def __init__(self, groups=8, dim=8):
        super().__init__()
        self.groups, self.dim = groups, dim
        self.enc = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, groups * dim))
        self.vq = VectorQuantizer(dim=dim)
        self.dec = nn.Sequential(nn.Linear(groups * dim, 128), nn.GELU(), nn.Linear(128, 64), nn.Sigmoid())

    def encode(self, x):
        return self.enc(x).view(-1, self.groups, self.dim)

    def forward(self, x):
        q, vq_loss, idx = self.vq(self.encode(x))
        return self.dec(q.flatten(1)), vq_loss, idx


X = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
X = X[torch.randperm(len(X))]
train, test = X[:1400], X[1400:]
model = VQVAE()
model.vq.init_from(model.encode(train).detach())
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(2000):
    x = train[torch.randint(0, len(train), (128,))]
    recon, vq_loss, _ = model(x)
    loss = F.mse_loss(recon, x) + 0.1 * vq_loss
    opt.zero_grad()
    loss.backward()
    opt.step()

model.eval()
with torch.no_grad():
    recon, _, idx = model(test)
    print(f"codes used {idx.unique().numel()}/32")
    print(f"test mse {F.mse_loss(recon, test).item():.5f}   "
          f"mean image {F.mse_loss(train.mean(0).expand_as(test), test).item():.5f}")
