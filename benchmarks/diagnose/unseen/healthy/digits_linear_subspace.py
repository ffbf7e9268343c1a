"""Gradient-descent PCA: recover the leading subspace with a tied-width linear autoencoder."""
import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

torch.manual_seed(0)
X = load_digits().data / 16.0
X = X - X.mean(0)
tr, te = X[:1400], X[1400:]
tr_t, te_t = torch.tensor(tr, dtype=torch.float32), torch.tensor(te, dtype=torch.float32)


class LinearAutoencoder(nn.Module):
    def __init__(self, d=64, k=12):
        super().__init__()
        self.encoder = nn.Linear(d, k, bias=False)
        self.decoder = nn.Linear(k, d, bias=False)

    def forward(self, x):
        return self.decoder(self.encoder(x))


ae = LinearAutoencoder()
opt = torch.optim.Adam(ae.parameters(), lr=5e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 60)
for epoch in range(60):
    for idx in torch.randperm(len(tr_t)).split(100):
        loss = (ae(tr_t[idx]) - tr_t[idx]).pow(2).sum(1).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    sched.step()
    if epoch % 10 == 9:
        print(epoch + 1, f"train {loss.item():.4f}")
with torch.no_grad():
    ours = (ae(te_t) - te_t).pow(2).sum(1).mean().item()
pca = PCA(12).fit(tr)
ref = ((pca.inverse_transform(pca.transform(te)) - te) ** 2).sum(1).mean()
print(f"test_error {ours:.4f} exact_pca {ref:.4f} mean_baseline {(te ** 2).sum(1).mean():.4f}")
