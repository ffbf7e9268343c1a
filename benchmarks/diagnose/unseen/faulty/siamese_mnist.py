"""Siamese CNN with the contrastive loss on MNIST pairs."""
import gzip
import os
import sys
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.set_num_threads(1)
ROOT = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0


def load(split, n):
    with gzip.open(os.path.join(ROOT, f"{split}-images-idx3-ubyte.gz")) as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)[:n]
    with gzip.open(os.path.join(ROOT, f"{split}-labels-idx1-ubyte.gz")) as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)[:n]
    return torch.from_numpy(x.astype("float32") / 255), torch.from_numpy(y.astype("int64"))


class PairDataset(Dataset):
    def __init__(self, x, y, length, seed):
        self.x, self.y, self.length = x, y, length
        self.rng = np.random.default_rng(seed)
        self.by_class = [np.flatnonzero(y.numpy() == c) for c in range(10)]

    def __len__(self):
        return self.length

    def __getitem__(self, i):
        a = int(self.rng.integers(len(self.x)))
        if i % 2:
            b = int(self.rng.choice(self.by_class[int(self.y[a])]))
        else:
            b = int(self.rng.integers(len(self.x)))
        same = float(self.y[a] == self.y[b])
        return self.x[a], self.x[b], torch.tensor(same)


class Encoder(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 5, stride=2)
        self.conv2 = nn.Conv2d(12, 24, 3, stride=2)
        self.fc = nn.Linear(24 * 5 * 5, dim, bias=False)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        return self.fc(x.flatten(1))


def distance(a, b):
    return torch.sqrt(((a - b) ** 2).sum(1))


def contrastive_loss(d, same, margin=2.0):
    return (same * d.pow(2) + (1 - same) * F.relu(margin - d).pow(2)).mean()


@torch.no_grad()
def nn_accuracy(model, xtr, ytr, xte, yte):
    d = torch.cdist(model(xte), model(xtr))
    return (ytr[d.argmin(1)] == yte).float().mean().item()


def main():
    torch.manual_seed(SEED)
    xtr, ytr = load("train", 3000)
    xte, yte = load("t10k", 1000)
    loader = DataLoader(PairDataset(xtr, ytr, 12000, SEED), batch_size=64)
    model = Encoder()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(2):
        for step, (a, b, same) in enumerate(loader):
            d = distance(model(a), model(b))
            loss = contrastive_loss(d, same)
            opt.zero_grad()
            loss.backward()
            opt.step()
            if step % 60 == 0:
                print(f"epoch {epoch} step {step} loss {loss.item():.4f}")
    print(f"final nearest-neighbour accuracy {nn_accuracy(model, xtr, ytr, xte, yte):.4f}")


if __name__ == "__main__":
    main()
