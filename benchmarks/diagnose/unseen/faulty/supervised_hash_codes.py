"""Supervised hashing: 12-bit codes for MNIST digits, learned through a linear classifier."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

ROOT = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def load(split, n):
    with gzip.open(os.path.join(ROOT, f"{split}-images-idx3-ubyte.gz"), "rb") as fh:
        fh.read(16)
        x = np.frombuffer(fh.read(n * 784), dtype=np.uint8).reshape(n, 784)
    with gzip.open(os.path.join(ROOT, f"{split}-labels-idx1-ubyte.gz"), "rb") as fh:
        fh.read(8)
        y = np.frombuffer(fh.read(n), dtype=np.uint8)
    return torch.from_numpy(x.astype("float32") / 255), torch.from_numpy(y.astype("int64"))


class HashEncoder(nn.Module):
    def __init__(self, bits):
        super().__init__()
        self.fc1 = nn.Linear(784, 128)
        self.fc2 = nn.Linear(128, bits)

    def forward(self, x):
        p = torch.sigmoid(self.fc2(F.relu(self.fc1(x))))
        code = torch.round(p)
        return code


class HashNet(nn.Module):
    def __init__(self, bits=12, n_classes=10):
        super().__init__()
        self.encoder = HashEncoder(bits)
        self.classifier = nn.Linear(bits, n_classes)

    def forward(self, x):
        code = self.encoder(x)
        return self.classifier(code), code


def hamming_precision(codes, labels, k=10):
    d = torch.cdist(codes, codes, p=1)
    d.fill_diagonal_(1e9)
    near = d.topk(k, largest=False).indices
    return (labels[near] == labels[:, None]).float().mean().item()


def main():
    torch.manual_seed(2)
    x, y = load("train", 6000)
    xt, yt = load("t10k", 1500)
    model = HashNet()
    optimizer = torch.optim.Adam([
        {"params": model.encoder.parameters(), "lr": 1e-3},
        {"params": model.classifier.parameters(), "lr": 5e-3},
    ])
    for epoch in range(10):
        total = 0.0
        for idx in torch.randperm(len(x)).split(64):
            logits, _ = model(x[idx])
            loss = F.cross_entropy(logits, y[idx])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
        print(f"epoch {epoch} loss {total / len(x):.4f}")
    model.eval()
    with torch.no_grad():
        logits, code = model(xt)
    print("precision@10 by Hamming distance", round(hamming_precision(code, yt), 4))
    print("test accuracy", round((logits.argmax(1) == yt).float().mean().item(), 4))


if __name__ == "__main__":
    main()
