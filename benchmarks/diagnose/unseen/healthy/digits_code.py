import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_digits

torch.manual_seed(1)
X = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
mean = X.mean(0)
train, test = X[:1500], X[1500:]


class SparseAE(nn.Module):
    """Overcomplete dictionary: 64 inputs -> 128 codes -> 64 outputs, unit-norm decoder atoms."""

    def __init__(self, d=64, k=128):
        super().__init__()
        W = torch.randn(k, d)
        W = W / W.norm(dim=1, keepdim=True)
        self.enc_w = nn.Parameter(W.clone())
        self.enc_b = nn.Parameter(torch.zeros(k))
        self.dec_w = nn.Parameter(W.clone())
        self.dec_b = nn.Parameter(mean.clone())

    def forward(self, x):
        z = torch.relu((x - self.dec_b) @ self.enc_w.t() + self.enc_b)
        return z @ self.dec_w + self.dec_b, z

    @torch.no_grad()
    def normalise(self):
        self.dec_w.div_(self.dec_w.norm(dim=1, keepdim=True))


ae = SparseAE()
optimizer = torch.optim.Adam(ae.parameters(), lr=2e-3)
l1 = 0.05
for epoch in range(80):
    idx = torch.randperm(len(train))
    for chunk in idx.split(100):
        xb = train[chunk]
        rec, z = ae(xb)
        mse = ((rec - xb) ** 2).sum(1).mean()
        loss = mse + l1 * z.sum(1).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        ae.normalise()
    if epoch % 20 == 19:
        with torch.no_grad():
            rec, z = ae(test)
            fvu = ((rec - test) ** 2).sum() / ((test - mean) ** 2).sum()
        print(epoch, "loss", round(loss.item(), 4), "unexplained variance", round(fvu.item(), 4),
              "L0", round((z > 0).float().sum(1).mean().item(), 1), "of 128")
