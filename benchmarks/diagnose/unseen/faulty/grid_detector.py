"""Dense digit detector: place a few MNIST digits on a canvas and predict a class heatmap."""
import argparse
import gzip
import math
import os
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
DATA_DIR = os.environ.get("DATA_DIR", "../shared/data")


def read_mnist(split):
    raw = os.path.join(DATA_DIR, "MNIST", "raw")
    with gzip.open(os.path.join(raw, f"{split}-images-idx3-ubyte.gz")) as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(os.path.join(raw, f"{split}-labels-idx1-ubyte.gz")) as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)
    return x, y


class Scenes(torch.utils.data.Dataset):
    def __init__(self, x, y, n, size=64, stride=4, seed=0):
        rng = np.random.default_rng(seed)
        self.images = np.zeros((n, 1, size, size), np.float32)
        self.maps = np.zeros((n, 10, size // stride, size // stride), np.float32)
        for i in range(n):
            for _ in range(rng.integers(1, 4)):
                k = rng.integers(len(x))
                r, c = rng.integers(0, size - 28, 2)
                patch = self.images[i, 0, r:r + 28, c:c + 28]
                np.maximum(patch, x[k] / 255.0, out=patch)
                self.maps[i, y[k], (r + 14) // stride, (c + 14) // stride] = 1.0
        self.images = (self.images - 0.15) / 0.3

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i], self.maps[i]


class ConvBlock(nn.Module):
    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 5, stride=stride, padding=2)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(self.conv(x))


class Detector(nn.Module):
    def __init__(self, num_classes=10, width=16, prior=0.01):
        super().__init__()
        self.backbone = nn.Sequential(
            ConvBlock(1, width, 2),
            ConvBlock(width, width * 2, 2),
            ConvBlock(width * 2, width * 2),
            ConvBlock(width * 2, width * 2),
        )
        self.head = nn.Conv2d(width * 2, num_classes, 3, padding=1)
        # start from rare positives so that the background does not swamp the first steps
        self.prior_bias = -math.log((1 - prior) / prior)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.constant_(m.bias, self.prior_bias)

    def forward(self, x):
        return self.head(self.backbone(x))


def focal_loss(logits, target, alpha=0.75, gamma=2.0):
    ce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    p = torch.sigmoid(logits)
    pt = p * target + (1 - p) * (1 - target)
    w = alpha * target + (1 - alpha) * (1 - target)
    return (w * (1 - pt) ** gamma * ce).sum() / target.sum().clamp(min=1)


@torch.no_grad()
def hit_rate(model, loader):
    model.eval()
    hits = total = 0
    for x, t in loader:
        out = torch.sigmoid(model(x))
        local = F.max_pool2d(out, 3, 1, 1)
        for b, c, i, j in t.nonzero().tolist():
            total += 1
            col = local[b, :, i, j]
            hits += int(col.argmax().item() == c and col[c] > 0.15)
    return hits / total


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=5)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--batch-size", type=int, default=32)
    ap.add_argument("--seed", type=int, default=7)
    args = ap.parse_args()
    random.seed(args.seed)
    torch.manual_seed(args.seed)

    train = Scenes(*read_mnist("train"), 1600, seed=1)
    test = Scenes(*read_mnist("t10k"), 200, seed=2)
    train_loader = torch.utils.data.DataLoader(train, args.batch_size, shuffle=True)
    test_loader = torch.utils.data.DataLoader(test, 50)

    model = Detector()
    opt = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-4)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, args.epochs)
    for epoch in range(args.epochs):
        model.train()
        running = 0.0
        for x, t in train_loader:
            loss = focal_loss(model(x), t)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            running += loss.item()
        sched.step()
        print(f"epoch {epoch + 1} loss {running / len(train_loader):.4f} hit rate {hit_rate(model, test_loader):.3f}")
    print(f"final hit rate {hit_rate(model, test_loader):.3f}")


if __name__ == "__main__":
    main()
