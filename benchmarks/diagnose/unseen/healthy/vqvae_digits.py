"""VQ-VAE on 8x8 digits: straight-through estimator, EMA codebook."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))


class VectorQuantizer(nn.Module):
    def __init__(self, n_codes, dim, decay=0.95):
        super().__init__()
        self.decay = decay
        self.register_buffer("codes", torch.randn(n_codes, dim) * 0.5)
        self.register_buffer("count", torch.ones(n_codes))
        self.register_buffer("total", self.codes.clone())

    def forward(self, z):
        flat = z.reshape(-1, z.shape[-1])
        idx = torch.cdist(flat, self.codes).argmin(1)
        q = self.codes[idx]
        if self.training:
            with torch.no_grad():
                onehot = F.one_hot(idx, len(self.codes)).float()
                self.count.lerp_(onehot.sum(0), 1 - self.decay)
                self.total.lerp_(onehot.t() @ flat, 1 - self.decay)
                self.codes.copy_(self.total / self.count.clamp_min(1e-3)[:, None])
                idle = self.count < 0.3
                if idle.any():
                    pick = flat[torch.randint(len(flat), (int(idle.sum()),))]
                    self.codes[idle] = pick
                    self.total[idle], self.count[idle] = pick, 1.0
        commit = F.mse_loss(flat, q.detach())
        st = flat + (q - flat).detach()
        return st.view_as(z), commit, idx


class VQVAE(nn.Module):
    def __init__(self, n_codes=48, dim=8, tokens=6):
        super().__init__()
        self.tokens, self.dim = tokens, dim
        self.enc = nn.Sequential(nn.Linear(64, 128), nn.SiLU(), nn.Linear(128, tokens * dim))
        self.vq = VectorQuantizer(n_codes, dim)
        self.dec = nn.Sequential(nn.Linear(tokens * dim, 128), nn.SiLU(), nn.Linear(128, 64), nn.Sigmoid())

    def forward(self, x):
        z = self.enc(x).view(-1, self.tokens, self.dim)
        q, commit, idx = self.vq(z)
        return self.dec(q.flatten(1)), commit, idx


x = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
x = x[torch.randperm(len(x))]
xtr, xte = x[:1400], x[1400:]
model = VQVAE()
opt = torch.optim.AdamW(model.parameters(), lr=1e-3)
for step in range(1500):
    b = xtr[torch.randint(len(xtr), (128,))]
    rec, commit, idx = model(b)
    loss = F.mse_loss(rec, b) * 10 + 0.25 * commit
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 300 == 0:
        print(f"{step} loss {loss.item():.4f} codes in use {len(idx.unique())}")
model.eval()
with torch.no_grad():
    rec, _, _ = model(xte)
    mse = F.mse_loss(rec, xte).item()
    base = F.mse_loss(xtr.mean(0).expand_as(xte), xte).item()
print(f"test mse {mse:.4f}  baseline (mean image) {base:.4f}")
