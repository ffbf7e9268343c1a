"""Vector-quantised autoencoder on MNIST patches-of-latents (van den Oord et al., 2017)."""
import gzip
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
torch.set_num_threads(1)
RAW = "../shared/data/MNIST/raw/"


def mnist(fname, n):
    with gzip.open(RAW + fname) as f:
        a = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16)
    return torch.from_numpy(a.reshape(n, 1, 28, 28).astype(np.float32) / 255)


class Quantiser(nn.Module):
    def __init__(self, n_codes, dim, beta=0.25):
        super().__init__()
        self.codebook = nn.Embedding(n_codes, dim)
        self.beta = beta

    @torch.no_grad()
    def seed_from(self, z):
        flat = z.permute(0, 2, 3, 1).reshape(-1, z.shape[1])
        pick = torch.randperm(len(flat))[: self.codebook.num_embeddings]
        self.codebook.weight.copy_(flat[pick])

    @torch.no_grad()
    def revive(self, z, idx):
        """codes that nobody chose in the last epoch move onto random latents"""
        unused = torch.bincount(idx, minlength=self.codebook.num_embeddings) == 0
        flat = z.permute(0, 2, 3, 1).reshape(-1, z.shape[1])
        self.codebook.weight[unused] = flat[torch.randperm(len(flat))[: int(unused.sum())]]
        return int(unused.sum())

    def forward(self, z):
        b, c, h, w = z.shape
        flat = z.permute(0, 2, 3, 1).reshape(-1, c)
        e = self.codebook.weight
        d = flat.pow(2).sum(1, keepdim=True) - 2 * flat @ e.t() + e.pow(2).sum(1)
        idx = d.argmin(1)
        q = self.codebook(idx).view(b, h, w, c).permute(0, 3, 1, 2)
        loss = F.mse_loss(q, z.detach()) + self.beta * F.mse_loss(z, q.detach())
        q = z + (q - z).detach()
        return q, loss, idx


class VQVAE(nn.Module):
    def __init__(self, dim=12, n_codes=32):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv2d(1, 12, 4, 2, 1), nn.ELU(),
            nn.Conv2d(12, 24, 4, 2, 1), nn.ELU(),
            nn.Conv2d(24, dim, 1),
        )
        self.vq = Quantiser(n_codes, dim)
        self.dec = nn.Sequential(
            nn.Conv2d(dim, 24, 1), nn.ReLU(),
            nn.ConvTranspose2d(24, 12, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(12, 1, 4, 2, 1),
        )

    def forward(self, x):
        q, vq_loss, idx = self.vq(self.enc(x))
        return self.dec(q), vq_loss, idx


train, test = mnist("train-images-idx3-ubyte.gz", 2500), mnist("t10k-images-idx3-ubyte.gz", 500)
model = VQVAE()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
with torch.no_grad():
    model.vq.seed_from(model.enc(train[:200]))

for epoch in range(5):
    rec_sum = vq_sum = 0.0
    chunks = torch.randperm(len(train)).split(50)
    for i in chunks:
        x = train[i]
        out, vq_loss, _ = model(x)
        rec = F.mse_loss(out, x)
        opt.zero_grad()
        (rec + vq_loss).backward()
        opt.step()
        rec_sum += rec.item(); vq_sum += vq_loss.item()
    revived = 0
    if epoch < 4:
        with torch.no_grad():
            z = model.enc(train[:300])
        revived = model.vq.revive(z, model.vq(z)[2])
    print(f"epoch {epoch + 1} rec {rec_sum / len(chunks):.4f} vq {vq_sum / len(chunks):.4f} moved codes {revived}")

model.eval()
with torch.no_grad():
    out, _, idx = model(test)
    p = torch.bincount(idx, minlength=32).float() / len(idx)
    perplexity = torch.exp(-(p[p > 0] * p[p > 0].log()).sum())
    base = ((test - train.mean(0)) ** 2).mean()
    print(f"test mse {F.mse_loss(out, test):.4f} (mean image {base:.4f}), code perplexity {perplexity:.1f}, codes in use {(p > 0).sum()} of 32")
