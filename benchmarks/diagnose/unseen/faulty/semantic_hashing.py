"""Binary-code autoencoder ("semantic hashing") on MNIST for fast retrieval."""
import argparse
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def load_mnist(split, n):
    root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
    with gzip.open(f"{root}/{split}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16).reshape(n, 784)
    with gzip.open(f"{root}/{split}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    return torch.tensor(x / 255.0, dtype=torch.float32), torch.tensor(y.astype("int64"))


class HashNet(nn.Module):
    def __init__(self, bits):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(784, 256),
            nn.ReLU(),
            nn.Linear(256, bits),
            nn.BatchNorm1d(bits),
        )
        self.decoder = nn.Sequential(
            nn.Linear(bits, 256),
            nn.ReLU(),
            nn.Linear(256, 784),
        )

    def code(self, x):
        h = self.encoder(x)
        return torch.sign(h)

    def forward(self, x):
        return self.decoder(self.code(x))


@torch.no_grad()
def retrieval_precision(model, x_db, y_db, x_q, y_q, top=20):
    model.eval()
    db, q = torch.sign(model.code(x_db)), torch.sign(model.code(x_q))
    similarity = q @ db.t()
    hits = y_db[similarity.topk(top, dim=1).indices] == y_q[:, None]
    return hits.float().mean().item()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--bits", type=int, default=24)
    p.add_argument("--epochs", type=int, default=6)
    p.add_argument("--batch-size", type=int, default=100)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()

    torch.manual_seed(a.seed)
    x, y = load_mnist("train", 8000)
    xq, yq = load_mnist("t10k", 1000)
    model = HashNet(a.bits)
    opt = torch.optim.Adam(model.parameters(), lr=a.lr)

    for epoch in range(a.epochs):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(x)).split(a.batch_size):
            xb = x[idx]
            loss = F.binary_cross_entropy_with_logits(model(xb), xb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        prec = retrieval_precision(model, x, y, xq, yq)
        print(f"epoch {epoch + 1}: recon bce {total / len(x):.4f}  precision@20 {prec:.3f}")


if __name__ == "__main__":
    main()
