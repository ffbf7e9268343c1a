"""Contrastive twins on digit images; verification accuracy on held-out pairs."""
import gzip, os
import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(0)
rng = np.random.default_rng(17)
base = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST/raw")
with gzip.open(f"{base}/train-images-idx3-ubyte.gz") as f:
    X = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)[:6000].astype(np.float32) / 255
with gzip.open(f"{base}/train-labels-idx1-ubyte.gz") as f:
    Y = np.frombuffer(f.read(), np.uint8, offset=8)[:6000].astype(np.int64)
Xtr, Ytr, Xte, Yte = X[:5000], Y[:5000], X[5000:], Y[5000:]


def pairs(x, y, n):
    i = rng.integers(0, len(x), n)
    j = rng.integers(0, len(x), n)
    for k in range(n // 2):
        j[k] = rng.choice(np.flatnonzero(y == y[i[k]]))
    same = (y[i] == y[j]).astype(np.float32)
    return torch.from_numpy(x[i]), torch.from_numpy(x[j]), torch.from_numpy(same)


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(784, 192), nn.GELU(), nn.Linear(192, 96), nn.GELU())
        self.embed = nn.Linear(96, 16)

    def forward(self, a, b):
        ea, eb = self.embed(self.body(a)), self.embed(self.body(b))
        return ((ea - eb) ** 2).sum(1).sqrt()


def contrastive(dist, same, margin=1.5):
    return (same * dist ** 2 + (1 - same) * (margin - dist).clamp(min=0) ** 2).mean() + 0.01 * dist.mean()


twin = Twin()
opt = torch.optim.Adam(twin.parameters(), lr=1e-3)
for step in range(1, 1201):
    a, b, s = pairs(Xtr, Ytr, 32)
    loss = contrastive(twin(a, b), s)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 200 == 0:
        print(f"step {step}: loss {loss.item():.4f}")

a, b, s = pairs(Xte, Yte, 2000)
with torch.no_grad():
    pred = (twin(a, b) < 0.75).float()
acc = torch.stack([(pred == s)[s == 1].float().mean(), (pred == s)[s == 0].float().mean()]).mean()
print(f"final balanced verification acc {acc:.4f}")
