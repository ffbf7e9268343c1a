"""MLP on a subset of MNIST with an activity penalty so that only few units fire per image."""
import gzip
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

ROOT = "../shared/data/MNIST/raw/"


def load(prefix, n):
    with gzip.open(ROOT + prefix + "-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)[:n]
    with gzip.open(ROOT + prefix + "-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)[:n]
    return torch.tensor(x / 255.0, dtype=torch.float32), torch.tensor(y.astype(np.int64))


class Net(nn.Module):
    def __init__(self, width=256):
        super().__init__()
        self.fc1 = nn.Linear(784, width)
        self.fc2 = nn.Linear(width, width)
        self.out = nn.Linear(width, 10)

    def forward(self, x):
        h1 = F.relu(self.fc1(x))
        h2 = F.relu(self.fc2(h1))
        return self.out(h2), (h1, h2)


torch.manual_seed(0)
xtr, ytr = load("train", 6000)
xte, yte = load("t10k", 2000)
model = Net()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(8):
    model.train()
    perm = torch.randperm(len(xtr))
    for i in range(0, len(xtr), 64):
        b = perm[i:i + 64]
        logits, hs = model(xtr[b])
        penalty = sum(h.mean() for h in hs)
        loss = F.cross_entropy(logits, ytr[b]) + 0.5 * penalty
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        logits, hs = model(xte)
        acc = (logits.argmax(1) == yte).float().mean().item()
        act = [(h > 0).float().mean().item() for h in hs]
    print(f"epoch {epoch} loss {loss.item():.3f} test acc {acc:.3f} active fraction {act[0]:.3f} {act[1]:.3f}")
print("final test accuracy", round(acc, 4))
