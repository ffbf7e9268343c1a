"""Small CNN for MNIST with a reduced memory footprint (half-size weights)."""
import gzip
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

ROOT = Path(os.environ.get("DATA_DIR", "../shared/data")) / "MNIST" / "raw"
DTYPE = torch.bfloat16
BATCH, STEPS, LR = 64, 400, 1e-3


def mnist(kind, n):
    img = gzip.decompress((ROOT / f"{kind}-images-idx3-ubyte.gz").read_bytes())
    lab = gzip.decompress((ROOT / f"{kind}-labels-idx1-ubyte.gz").read_bytes())
    x = np.frombuffer(img, np.uint8, offset=16)[: n * 784].reshape(n, 1, 28, 28)
    y = np.frombuffer(lab, np.uint8, offset=8)[:n]
    x = (torch.from_numpy(x.copy()).float() / 255 - 0.13) / 0.31
    return x, torch.from_numpy(y.astype(np.int64))


class SmallCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 8, 5, stride=2, padding=2)
        self.c2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.fc1 = nn.Linear(16 * 7 * 7, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.c1(x))
        x = F.relu(self.c2(x))
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


def batches(x, y, size, steps, gen):
    n = 0
    while True:
        for idx in torch.randperm(len(x), generator=gen).split(size):
            if n == steps:
                return
            yield x[idx], y[idx]
            n += 1


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(c.to(DTYPE)).float() for c in x.split(500)])
    model.train()
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(7)
    gen = torch.Generator().manual_seed(7)
    xtr, ytr = mnist("train", 20000)
    xte, yte = mnist("t10k", 2000)

    model = SmallCNN().to(DTYPE)
    size = sum(p.numel() * p.element_size() for p in model.parameters())
    print(f"weights take {size / 1024:.0f} KiB")
    opt = torch.optim.SGD(model.parameters(), lr=LR, momentum=0.9)

    for step, (xb, yb) in enumerate(batches(xtr, ytr, BATCH, STEPS, gen)):
        logits = model(xb.to(DTYPE))
        loss = F.cross_entropy(logits.float(), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if (step + 1) % 100 == 0:
            vl, va = evaluate(model, xte, yte)
            print(f"step {step + 1}: batch loss {loss.item():.4f}  test loss {vl:.4f}  test acc {va:.4f}")


if __name__ == "__main__":
    main()
