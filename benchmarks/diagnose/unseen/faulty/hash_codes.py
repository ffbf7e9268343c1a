"""Supervised semantic hashing of MNIST: every image becomes a 16-bit code, nearest neighbours are found
with the Hamming distance. A linear classifier on top of the bits drives the training."""
import gzip
import struct
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(5)
DATA = "../shared/data/MNIST/raw/"


def read_images(name, limit):
    with gzip.open(DATA + name, "rb") as fh:
        _, n, h, w = struct.unpack(">IIII", fh.read(16))
        n = min(n, limit)
        a = np.frombuffer(fh.read(n * h * w), dtype=np.uint8)
    return torch.from_numpy(a.reshape(n, 1, h, w).astype(np.float32) / 255)


def read_labels(name, limit):
    with gzip.open(DATA + name, "rb") as fh:
        a = np.frombuffer(fh.read(8 + limit), dtype=np.uint8, offset=8)
    return torch.from_numpy(a.astype(np.int64))


class HashNet(nn.Module):
    def __init__(self, bits):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 5, stride=3),
            nn.BatchNorm2d(8),
            nn.LeakyReLU(0.1),
            nn.Flatten(),
            nn.Linear(8 * 8 * 8, bits),
            nn.BatchNorm1d(bits),
        )

    def forward(self, x):
        return torch.sign(self.body(x))


class Model(nn.Module):
    def __init__(self, bits=16):
        super().__init__()
        self.hash = HashNet(bits)
        self.classifier = nn.Linear(bits, 10)

    def forward(self, x):
        return self.classifier(self.hash(x))


xtr, ytr = read_images("train-images-idx3-ubyte.gz", 4000), read_labels("train-labels-idx1-ubyte.gz", 4000)
xte, yte = read_images("t10k-images-idx3-ubyte.gz", 1000), read_labels("t10k-labels-idx1-ubyte.gz", 1000)

model = Model()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(6):
    model.train()
    losses = []
    for idx in torch.randperm(len(xtr)).split(100):
        loss = F.cross_entropy(model(xtr[idx]), ytr[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    print(f"epoch {epoch + 1}  loss {np.mean(losses):.4f}")

model.eval()
with torch.no_grad():
    acc = (model(xte).argmax(1) == yte).float().mean().item()
    db, q = model.hash(xtr), model.hash(xte)
    nearest = (q @ db.t()).topk(10, dim=1).indices
    precision = (ytr[nearest] == yte[:, None]).float().mean().item()
print(f"classifier accuracy {acc:.4f}   precision@10 by Hamming distance {precision:.4f}")
