"""Sparse autoencoder (dictionary learning) for image features, SAE-paper style."""
import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))


def parse():
    p = argparse.ArgumentParser("sae")
    p.add_argument("--n-features", type=int, default=192)
    p.add_argument("--l1", type=float, default=1e-3)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--epochs", type=int, default=50)
    p.add_argument("--batch", type=int, default=64)
    return p.parse_args()


class SparseAutoencoder(nn.Module):
    def __init__(self, d, n):
        super().__init__()
        w = torch.randn(n, d)
        w = w / w.norm(dim=1, keepdim=True)
        self.W_dec = nn.Parameter(w.clone())
        self.W_enc = nn.Parameter(w.t().clone())
        self.b_enc = nn.Parameter(torch.full((n,), -6.0))
        self.b_dec = nn.Parameter(torch.zeros(d))

    def encode(self, x):
        return F.relu((x - self.b_dec) @ self.W_enc + self.b_enc)

    def forward(self, x):
        f = self.encode(x)
        return f @ self.W_dec + self.b_dec, f

    @torch.no_grad()
    def renorm(self):
        self.W_dec.div_(self.W_dec.norm(dim=1, keepdim=True).clamp_min(1e-6))


def load():
    x = torch.tensor(load_digits().data, dtype=torch.float32)
    x = x[torch.randperm(len(x))]
    x = x - x.mean(0)
    x = x / x.pow(2).mean().sqrt()
    return x[:1400], x[1400:]


def main():
    a = parse()
    xtr, xte = load()
    sae = SparseAutoencoder(xtr.shape[1], a.n_features)
    opt = torch.optim.Adam(sae.parameters(), lr=a.lr, betas=(0.9, 0.99))
    warm = torch.optim.lr_scheduler.LinearLR(opt, 0.1, total_iters=50)
    for epoch in range(a.epochs):
        for i in torch.randperm(len(xtr)).split(a.batch):
            rec, f = sae(xtr[i])
            loss = F.mse_loss(rec, xtr[i]) + a.l1 * f.sum(1).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            warm.step()
            sae.renorm()
        if epoch % 10 == 0:
            print(f"epoch {epoch} loss {loss.item():.4f}  L0 {(f > 0).float().sum(1).mean().item():.1f}")
    with torch.no_grad():
        rec, f = sae(xte)
        fvu = (F.mse_loss(rec, xte) / xte.pow(2).mean()).item()
    print(f"fraction of variance unexplained {fvu:.4f}  L0 {(f > 0).float().sum(1).mean().item():.1f}")


if __name__ == "__main__":
    main()
