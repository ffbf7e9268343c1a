import gzip
import os

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
raw = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
with gzip.open(os.path.join(raw, "train-images-idx3-ubyte.gz")) as f:
    x = np.frombuffer(f.read(16 + 5000 * 784), np.uint8, offset=16).reshape(-1, 1, 28, 28)
x = torch.tensor(x / 255.0, dtype=torch.float32)
train, val = x[:4500], x[4500:]


class VectorQuantizer(nn.Module):
    def __init__(self, k=64, d=16, beta=0.25):
        super().__init__()
        self.codebook = nn.Embedding(k, d)
        nn.init.normal_(self.codebook.weight, std=0.7)
        self.beta = beta

    def forward(self, z):
        b, d, h, w = z.shape
        flat = z.permute(0, 2, 3, 1).reshape(-1, d)
        idx = torch.cdist(flat.detach(), self.codebook.weight.detach()).argmin(1)
        q = self.codebook(idx)
        loss = F.mse_loss(q, flat.detach()) + self.beta * F.mse_loss(flat, q.detach())
        q = flat + (q - flat).detach()
        return q.view(b, h, w, d).permute(0, 3, 1, 2), loss, idx


class VQVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv2d(1, 16, 4, 2, 1), nn.SiLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.SiLU(), nn.Conv2d(32, 16, 1), nn.BatchNorm2d(16))
        self.vq = VectorQuantizer()
        self.dec = nn.Sequential(
            nn.Conv2d(16, 32, 3, padding=1), nn.SiLU(),
            nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.SiLU(),
            nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Sigmoid())

    def forward(self, x):
        q, loss, idx = self.vq(self.enc(x))
        return self.dec(q), loss, idx


model = VQVAE()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(8):
    model.train()
    for ids in torch.randperm(len(train)).split(64):
        rec, vq_loss, _ = model(train[ids])
        loss = 10 * F.mse_loss(rec, train[ids]) + 0.5 * vq_loss
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        rec, _, idx = model(val)
        mse = F.mse_loss(rec, val).item()
    print(f"epoch {epoch} val_mse {mse:.4f} codes_used {idx.unique().numel()}")
base = F.mse_loss(train.mean(0, keepdim=True).expand_as(val), val).item()
print(f"val_mse {mse:.4f} mean_image_baseline {base:.4f}")
