# Memory-lean MNIST classifier
import gzip
import os

import numpy as np
import torch
torch.set_num_threads(1)
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(123)
DTYPE = torch.bfloat16
LR = 2e-5
BATCH = 50
RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def images(fname, n):
    with gzip.open(os.path.join(RAW, fname), "rb") as f:
        f.read(16)
        a = np.frombuffer(f.read(n * 784), dtype=np.uint8).reshape(n, 784)
    return torch.tensor(a / 255.0).sub(0.1307).div(0.3081).to(DTYPE)


def labels(fname, n):
    with gzip.open(os.path.join(RAW, fname), "rb") as f:
        f.read(8)
        return torch.tensor(np.frombuffer(f.read(n), dtype=np.uint8).astype(np.int64))


xtr, ytr = images("train-images-idx3-ubyte.gz", 10000), labels("train-labels-idx1-ubyte.gz", 10000)
xte, yte = images("t10k-images-idx3-ubyte.gz", 2000), labels("t10k-labels-idx1-ubyte.gz", 2000)


class MLP(nn.Module):
    def __init__(self, dims=(784, 256, 128, 10)):
        super().__init__()
        self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in zip(dims[:-1], dims[1:]))
        self.norm = nn.LayerNorm(dims[1])

    def forward(self, x):
        x = self.norm(self.linears[0](x)).relu()
        x = self.linears[1](x).relu()
        return self.linears[2](x)


model = MLP().to(DTYPE)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)

for epoch in range(3):
    shuffled = torch.randperm(len(xtr))
    avg = 0.0
    for i in range(0, len(xtr) - BATCH + 1, BATCH):
        b = shuffled[i:i + BATCH]
        logits = model(xtr[b])
        loss = F.cross_entropy(logits.float(), ytr[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        avg += loss.item()
    print(f"epoch {epoch}: {avg / (len(xtr) // BATCH):.4f}")

with torch.no_grad():
    acc = (model(xte).argmax(1) == yte).float().mean().item()
print(f"final accuracy {acc:.4f}")
