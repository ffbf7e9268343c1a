"""Learn 24-bit image codes for retrieval on MNIST."""
import argparse
import gzip
import os
import pathlib

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)


def mnist(split, limit):
    base = pathlib.Path(os.getenv("DATA_DIR", "../shared/data")) / "MNIST" / "raw"
    with gzip.open(base / f"{split}-images-idx3-ubyte.gz", "rb") as fh:
        x = np.frombuffer(fh.read(), dtype=np.uint8, offset=16).reshape(-1, 1, 28, 28)[:limit]
    with gzip.open(base / f"{split}-labels-idx1-ubyte.gz", "rb") as fh:
        y = np.frombuffer(fh.read(), dtype=np.uint8, offset=8)[:limit]
    return TensorDataset(torch.from_numpy(x.astype("float32") / 255.0 - 0.13), torch.from_numpy(y.astype("int64")))


class HashNet(nn.Module):
    def __init__(self, bits):
        super().__init__()
        self.c1 = nn.Conv2d(1, 8, 4, 2, 1)
        self.c2 = nn.Conv2d(8, 16, 4, 2, 1)
        self.fc = nn.Linear(16 * 49, 96)
        self.code = nn.Linear(96, bits)

    def forward(self, x):
        x = F.elu(self.c1(x))
        x = F.elu(self.c2(x))
        h = self.code(F.elu(self.fc(x.flatten(1))))
        return torch.sign(h)


def pairwise_loss(codes, labels):
    """Same class: codes agree; different class: they disagree in about half of the bits."""
    sim = codes @ codes.t() / codes.shape[1]
    same = (labels[:, None] == labels[None, :]).float()
    off = 1 - torch.eye(len(labels))
    pos = ((1 - sim) ** 2 * same * off).sum() / (same * off).sum().clamp(min=1)
    neg = (F.relu(sim) ** 2 * (1 - same)).sum() / (1 - same).sum()
    return pos + neg


@torch.no_grad()
def precision_at(model, base, query, k=20):
    model.eval()
    cb = torch.sign(model(base.tensors[0]))
    cq = torch.sign(model(query.tensors[0]))
    near = (cq @ cb.t()).topk(k, dim=1).indices
    return (base.tensors[1][near] == query.tensors[1][:, None]).float().mean().item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--bits", type=int, default=24)
    ap.add_argument("--epochs", type=int, default=4)
    ap.add_argument("--lr", type=float, default=1e-3)
    args = ap.parse_args()
    torch.manual_seed(99)
    train, query = mnist("train", 8000), mnist("t10k", 1000)
    loader = DataLoader(train, batch_size=80, shuffle=True, drop_last=True)
    model = HashNet(args.bits)
    optim = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        model.train()
        total = 0.0
        for x, y in loader:
            loss = pairwise_loss(model(x), y)
            optim.zero_grad()
            loss.backward()
            optim.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader):.4f} precision@20 {precision_at(model, train, query):.4f}")


if __name__ == "__main__":
    main()
