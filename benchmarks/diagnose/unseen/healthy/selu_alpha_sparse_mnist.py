# fairly deep self-normalizing MNIST net with fixed sparse connectivity
import gzip
import math
import os

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(55)
folder = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
with gzip.open(os.path.join(folder, "t10k-images-idx3-ubyte.gz"), "rb") as f:
    X = np.frombuffer(f.read()[16:], dtype=np.uint8).reshape(-1, 784)
with gzip.open(os.path.join(folder, "t10k-labels-idx1-ubyte.gz"), "rb") as f:
    Y = np.frombuffer(f.read()[8:], dtype=np.uint8)
X = torch.from_numpy(X.astype("float32"))
X = (X - X.mean()) / X.std()
Y = torch.from_numpy(Y.astype("int64"))
Xtr, Ytr, Xte, Yte = X[:8000], Y[:8000], X[8000:], Y[8000:]


class SparseLinear(nn.Module):
    def __init__(self, n_in, n_out, keep):
        super().__init__()
        mask = (torch.rand(n_out, n_in) < keep).float()
        self.register_buffer("mask", mask)
        self.weight = nn.Parameter(torch.randn(n_out, n_in) / math.sqrt(keep * n_in) * mask)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return F.linear(x, self.weight * self.mask, self.bias)


class SparseSNN(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [784, 128, 128, 128, 128, 128, 128]
        self.layers = nn.ModuleList(SparseLinear(a, b, 0.2) for a, b in zip(widths[:-1], widths[1:]))
        self.drop = nn.AlphaDropout(0.03)
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        for layer in self.layers:
            x = self.drop(F.selu(layer(x)))
        return self.head(x)


model = SparseSNN()
nonzero = sum(int(l.mask.sum()) for l in model.layers)
print("active weights", nonzero, "of", sum(l.mask.numel() for l in model.layers))
opt = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.3)
steps_total = 6 * (len(Xtr) // 100)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=3e-3, total_steps=steps_total)
for epoch in range(6):
    model.train()
    for i, idx in enumerate(torch.randperm(len(Xtr)).split(100)):
        loss = F.cross_entropy(model(Xtr[idx]), Ytr[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if i % 40 == 0:
            print(f"epoch {epoch} batch {i} loss {loss.item():.4f} lr {sched.get_last_lr()[0]:.5f}")
    model.eval()
    with torch.no_grad():
        acc = (model(Xte).argmax(1) == Yte).float().mean().item()
    print(f"epoch {epoch} test acc {acc:.4f}")
print("test accuracy", round(acc, 4), "majority", round(Yte.bincount().max().item() / len(Yte), 4))
