"""Overcomplete sparse autoencoder on digit images: L1 on a ReLU code, unit-norm dictionary, sigmoid pixels."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(33)
X = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
X = X[torch.randperm(len(X))]
train, test = X[:1500], X[1500:]
mean = train.mean(0)


class SAE(nn.Module):
    def __init__(self, d=64, k=128):
        super().__init__()
        self.enc = nn.Linear(d, k)
        self.dec = nn.Linear(k, d)
        with torch.no_grad():
            self.dec.weight.copy_(F.normalize(torch.randn(d, k), dim=0))
            self.enc.weight.copy_(self.dec.weight.T)
            self.enc.bias.fill_(-0.1)
            self.dec.bias.copy_(torch.logit(mean.clamp(0.02, 0.98)))

    def forward(self, x):
        code = torch.relu(self.enc(x - mean))
        return torch.sigmoid(self.dec(code)), code

    @torch.no_grad()
    def renorm(self):
        self.dec.weight.copy_(F.normalize(self.dec.weight, dim=0))


sae = SAE()
opt = torch.optim.Adam(sae.parameters(), lr=2e-3, betas=(0.9, 0.99))
LAMBDA, step = 0.03, 0
for epoch in range(40):
    for xb in train[torch.randperm(len(train))].split(75):
        rec, code = sae(xb)
        mse = (rec - xb).pow(2).sum(1).mean()
        l1 = code.sum(1).mean()
        loss = mse + LAMBDA * min(1.0, step / 300) * l1
        opt.zero_grad()
        loss.backward()
        opt.step()
        sae.renorm()
        step += 1
    if epoch % 8 == 0:
        print(f"epoch {epoch:2d} mse {mse.item():.4f} l1 {l1.item():.3f} active {(code > 0).float().mean().item():.3f}")

with torch.no_grad():
    rec, code = sae(test)
    err = (rec - test).pow(2).sum(1).mean().item()
    base = (test - mean).pow(2).sum(1).mean().item()
print(f"test sq. error {err:.4f} (mean image {base:.4f}), active per sample {(code > 0).float().sum(1).mean():.1f} of 128")
