"""k-sparse autoencoder: only the 8 largest of 64 hidden units survive for each image."""
import gzip
import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
raw = gzip.open("../shared/data/MNIST/raw/train-images-idx3-ubyte.gz").read(16 + 784 * 6000)
X = torch.from_numpy(np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 784).copy()).float() / 255
mean = X[:5000].mean(0)
Xtr, Xte = X[:5000], X[5000:]


class TopK(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.k = k

    def forward(self, z):
        v, i = z.topk(self.k, dim=-1)
        return torch.zeros_like(z).scatter(-1, i, torch.relu(v))


class SparseAE(nn.Module):
    def __init__(self, m=64, k=8):
        super().__init__()
        self.enc, self.act, self.dec = nn.Linear(784, m), TopK(k), nn.Linear(m, 784)
        with torch.no_grad():
            self.dec.bias.copy_(mean)
            self.dec.weight.div_(self.dec.weight.norm(dim=0))
            self.enc.weight.copy_(self.dec.weight.t())
            self.enc.bias.zero_()

    def forward(self, x):
        h = self.act(self.enc(x - self.dec.bias))
        return self.dec(h), h


ae = SparseAE()
opt = torch.optim.Adam(ae.parameters(), lr=1e-3)
for ep in range(8):
    used = torch.zeros(64)
    for idx in torch.randperm(5000).split(100):
        r, h = ae(Xtr[idx])
        loss = (r - Xtr[idx]).pow(2).sum(1).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        used += (h.detach() > 0).sum(0)
    print(f"epoch {ep}: loss {loss.item():.2f}; units used this epoch {(used > 0).sum().item()} of 64, {h.detach().gt(0).float().mean():.3f} active at once")
with torch.no_grad():
    print("test error %.2f, mean image %.2f" % ((ae(Xte)[0] - Xte).pow(2).sum(1).mean().item(), (mean - Xte).pow(2).sum(1).mean().item()))
