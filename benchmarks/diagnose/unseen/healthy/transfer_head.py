"""Pretrain a small CNN on digits 0-4, then train only a new head for 5-9 on few examples."""
import gzip
import os
import tempfile

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)
RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def load(prefix):
    x = np.frombuffer(gzip.open(f"{RAW}/{prefix}-images-idx3-ubyte.gz").read(), np.uint8, offset=16)
    y = np.frombuffer(gzip.open(f"{RAW}/{prefix}-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)
    x = torch.tensor(x.reshape(-1, 1, 28, 28).astype(np.float32) / 255)
    return (x - 0.13) / 0.31, torch.tensor(y.astype(np.int64))


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(3),
            nn.Flatten(),
        )

    def forward(self, x):
        return self.body(x)


class Classifier(nn.Module):
    def __init__(self, backbone, n):
        super().__init__()
        self.backbone, self.head = backbone, nn.Linear(288, n)

    def forward(self, x):
        return self.head(self.backbone(x))


def train(model, x, y, optimizer, epochs, batch, frozen=False):
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        model.train()
        if frozen:
            model.backbone.eval()
        running = 0.0
        for idx in torch.randperm(len(x)).split(batch):
            optimizer.zero_grad()
            loss = loss_fn(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
            running += loss.item() * len(idx)
        print(f"  epoch {epoch} loss {running / len(x):.4f}")


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(0)
    xtr, ytr = load("train")
    xte, yte = load("t10k")
    xtr, ytr, xte, yte = xtr[:16000], ytr[:16000], xte[:4000], yte[:4000]
    low, high = ytr < 5, ytr >= 5

    print("pretraining")
    source = Classifier(Backbone(), 5)
    train(source, xtr[low], ytr[low], torch.optim.Adam(source.parameters(), lr=2e-3), epochs=2, batch=64)
    print("source acc", accuracy(source, xte[yte < 5], yte[yte < 5]))
    ckpt = os.path.join(tempfile.mkdtemp(), "backbone.pt")
    torch.save(source.backbone.state_dict(), ckpt)

    print("new head")
    backbone = Backbone()
    backbone.load_state_dict(torch.load(ckpt))
    for p in backbone.parameters():
        p.requires_grad_(False)
    target = Classifier(backbone, 5)
    optimizer = torch.optim.SGD([p for p in target.parameters() if p.requires_grad], lr=0.05, momentum=0.9)
    train(target, xtr[high][:1500], ytr[high][:1500] - 5, optimizer, epochs=8, batch=32, frozen=True)
    q = yte >= 5
    print(f"target acc {accuracy(target, xte[q], yte[q] - 5):.4f} (chance 0.2)")
