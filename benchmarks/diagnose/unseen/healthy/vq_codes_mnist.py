"""VQ-VAE with a 64-entry codebook on MNIST."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def images(name):
    p = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw", name)
    with gzip.open(p) as f:
        return torch.from_numpy(np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28).astype(np.float32) / 255)


class Quantizer(nn.Module):
    def __init__(self, k, d, beta=0.25, decay=0.97):
        super().__init__()
        self.beta, self.decay = beta, decay
        self.register_buffer("book", torch.randn(k, d))
        self.register_buffer("count", torch.ones(k))
        self.register_buffer("total", self.book.clone())

    def forward(self, z):
        b, d, h, w = z.shape
        flat = z.permute(0, 2, 3, 1).reshape(-1, d)
        idx = torch.cdist(flat.detach(), self.book).argmin(1)
        if self.training:
            with torch.no_grad():
                one = F.one_hot(idx, len(self.book)).float()
                self.count.mul_(self.decay).add_(one.sum(0), alpha=1 - self.decay)
                self.total.mul_(self.decay).add_(one.t() @ flat, alpha=1 - self.decay)
                self.book.copy_(self.total / self.count.clamp(min=1e-3)[:, None])
                stale = self.count < 0.5
                if stale.any():
                    self.book[stale] = flat[torch.randint(len(flat), (int(stale.sum()),))]
                    self.count[stale] = 1.0
                    self.total[stale] = self.book[stale]
        q = self.book[idx].view(b, h, w, d).permute(0, 3, 1, 2)
        commit = self.beta * F.mse_loss(z, q.detach())
        return z + (q - z).detach(), commit, idx


class VQVAE(nn.Module):
    def __init__(self, d=16, k=64):
        super().__init__()
        self.enc = nn.Sequential(nn.Conv2d(1, 16, 4, 2, 1), nn.SiLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.SiLU(),
                                 nn.Conv2d(32, d, 1))
        self.vq = Quantizer(k, d)
        self.dec = nn.Sequential(nn.Conv2d(d, 32, 1), nn.SiLU(), nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.SiLU(),
                                 nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Sigmoid())

    def forward(self, x):
        q, commit, idx = self.vq(self.enc(x))
        return self.dec(q), commit, idx


if __name__ == "__main__":
    torch.manual_seed(12)
    tr, te = images("train-images-idx3-ubyte.gz"), images("t10k-images-idx3-ubyte.gz")[:1000]
    model = VQVAE()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    base = ((te - tr.mean(0)) ** 2).mean().item()
    for step in range(1, 701):
        x = tr[torch.randint(0, len(tr), (48,))]
        rec, commit, _ = model(x)
        loss = F.mse_loss(rec, x) + commit
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 100 == 0:
            model.eval()
            with torch.no_grad():
                rec, _, idx = model(te)
                mse = F.mse_loss(rec, te).item()
            model.train()
            print(f"step {step} loss {loss.item():.4f} test mse {mse:.4f} codes in use {idx.unique().numel()}/64")
    print(f"final test mse {mse:.4f} (mean image {base:.4f})")
