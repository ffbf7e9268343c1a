"""Deep narrow ConvNet on the sklearn digits (8x8), for the depth ablation table."""
import time
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


@dataclass
class Config:
    depth: int = 16
    width: int = 12
    lr: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 1e-4
    batch_size: int = 64
    epochs: int = 10
    seed: int = 1


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x):
        return torch.tanh(self.conv(x))


class DeepNet(nn.Module):
    def __init__(self, cfg, n_classes=10):
        super().__init__()
        self.stem = nn.Conv2d(1, cfg.width, 3, padding=1)
        self.blocks = nn.ModuleList([Block(cfg.width) for _ in range(cfg.depth)])
        self.fc = nn.Linear(cfg.width * 16, n_classes)

    def forward(self, x):
        x = torch.tanh(self.stem(x))
        for block in self.blocks:
            x = block(x)
        x = F.avg_pool2d(x, 2)
        return self.fc(x.flatten(1))


def load(cfg):
    d = load_digits()
    x = torch.tensor(d.images, dtype=torch.float32)[:, None] / 16.0
    x = (x - x.mean()) / x.std()
    y = torch.tensor(d.target)
    tr, te = train_test_split(range(len(y)), test_size=0.25, random_state=cfg.seed)
    return x[tr], y[tr], x[te], y[te]


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def run(cfg):
    torch.manual_seed(cfg.seed)
    xtr, ytr, xte, yte = load(cfg)
    model = DeepNet(cfg)
    opt = torch.optim.SGD(
        model.parameters(), cfg.lr, momentum=cfg.momentum, weight_decay=cfg.weight_decay
    )
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, cfg.epochs)
    t0 = time.time()
    for epoch in range(cfg.epochs):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(xtr)).split(cfg.batch_size):
            loss = F.cross_entropy(model(xtr[idx]), ytr[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        sched.step()
        acc = accuracy(model, xte, yte)
        print(f"epoch {epoch}  loss {total / len(xtr):.4f}  test acc {acc:.4f}")
    print(f"depth={cfg.depth} done in {time.time() - t0:.1f}s")


if __name__ == "__main__":
    run(Config())
