"""Metric learning on MNIST: batch-all contrastive loss, kNN evaluation."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn

DATA_DIR = os.environ.get("DATA_DIR", "../shared/data")
RAW = os.path.join(DATA_DIR, "MNIST", "raw")


def read_images(name, n):
    with gzip.open(os.path.join(RAW, name)) as f:
        f.read(16)
        buf = f.read(n * 784)
    return torch.from_numpy(np.frombuffer(buf, np.uint8).reshape(n, 1, 28, 28).copy()).float() / 255


def read_labels(name, n):
    with gzip.open(os.path.join(RAW, name)) as f:
        f.read(8)
        return torch.from_numpy(np.frombuffer(f.read(n), np.uint8).astype(np.int64))


class EmbeddingNet(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.convnet = nn.Sequential(
            nn.Conv2d(1, 8, 5, stride=2),
            nn.PReLU(),
            nn.Conv2d(8, 16, 3, stride=2),
            nn.PReLU(),
        )
        self.fc = nn.Sequential(nn.Linear(16 * 5 * 5, 64), nn.PReLU(), nn.Linear(64, dim))

    def forward(self, x):
        return self.fc(self.convnet(x).flatten(1))


def pairwise_distances(e):
    diff = e.unsqueeze(1) - e.unsqueeze(0)
    return torch.sqrt(diff.pow(2).sum(-1))


class BatchContrastiveLoss(nn.Module):
    def __init__(self, margin=1.0):
        super().__init__()
        self.margin = margin

    def forward(self, emb, labels):
        d = pairwise_distances(emb)
        same = (labels[:, None] == labels[None, :]).float()
        off_diag = 1 - torch.eye(len(labels))
        pos = same * off_diag
        neg = 1 - same
        loss_pos = (pos * d.pow(2)).sum() / pos.sum().clamp(min=1)
        loss_neg = (neg * torch.relu(self.margin - d).pow(2)).sum() / neg.sum().clamp(min=1)
        return loss_pos + loss_neg


@torch.no_grad()
def knn_accuracy(model, xtr, ytr, xte, yte, k=5):
    model.eval()
    a, b = model(xtr), model(xte)
    nearest = torch.cdist(b, a).topk(k, largest=False).indices
    votes = ytr[nearest].mode(dim=1).values
    return (votes == yte).float().mean().item()


def main():
    torch.manual_seed(42)
    xtr, ytr = read_images("train-images-idx3-ubyte.gz", 6000), read_labels("train-labels-idx1-ubyte.gz", 6000)
    xte, yte = read_images("t10k-images-idx3-ubyte.gz", 1000), read_labels("t10k-labels-idx1-ubyte.gz", 1000)
    model = EmbeddingNet()
    criterion = BatchContrastiveLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    for epoch in range(3):
        model.train()
        for step, idx in enumerate(torch.randperm(len(xtr)).split(64)):
            optimizer.zero_grad()
            loss = criterion(model(xtr[idx]), ytr[idx])
            loss.backward()
            optimizer.step()
            if step % 30 == 0:
                print(f"Train epoch {epoch} [{step * 64}/{len(xtr)}]  loss: {loss.item():.6f}")
        acc = knn_accuracy(model, xtr[:2000], ytr[:2000], xte, yte)
        print(f"epoch {epoch}: 5-nn accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
