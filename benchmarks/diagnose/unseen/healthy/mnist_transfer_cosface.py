import gzip, os
from dataclasses import dataclass
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)


@dataclass
class Config:
    pre_epochs: int = 2
    head_epochs: int = 8
    scale: float = 20.0
    margin: float = 0.25
    seed: int = 0


def load(prefix, n):
    root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
    with gzip.open(os.path.join(root, prefix + "-images-idx3-ubyte.gz")) as f:
        x = np.frombuffer(f.read(16 + 784 * n), np.uint8, offset=16).reshape(n, 1, 28, 28)
    with gzip.open(os.path.join(root, prefix + "-labels-idx1-ubyte.gz")) as f:
        y = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    return torch.tensor(x.copy()).float() / 255, torch.tensor(y.copy()).long()


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 12, 5, stride=2)
        self.b1 = nn.BatchNorm2d(12)
        self.c2 = nn.Conv2d(12, 24, 5, stride=2)
        self.b2 = nn.BatchNorm2d(24)
        self.fc = nn.Linear(24 * 16, 64)

    def forward(self, x):
        x = F.relu(self.b1(self.c1(x)))
        x = F.relu(self.b2(self.c2(x)))
        return F.relu(self.fc(x.flatten(1)))


class CosMarginHead(nn.Module):
    def __init__(self, d, n, s, m):
        super().__init__()
        self.project = nn.Linear(d, 32)
        self.w = nn.Parameter(torch.randn(n, 32))
        self.s, self.m = s, m

    def forward(self, h, y=None):
        cos = F.normalize(self.project(h), dim=1) @ F.normalize(self.w, dim=1).t()
        if y is not None:
            cos = cos - self.m * F.one_hot(y, len(self.w))
        return self.s * cos


class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg
        torch.manual_seed(cfg.seed)
        x, y = load("train", 8000)
        xt, yt = load("t10k", 2500)
        self.src = DataLoader(TensorDataset(x[y < 5], y[y < 5]), 64, shuffle=True)
        self.tgt = DataLoader(TensorDataset(x[y >= 5], y[y >= 5] - 5), 64, shuffle=True)
        self.test = (xt[yt >= 5], yt[yt >= 5] - 5)
        self.backbone = Backbone()

    def pretrain(self):
        head = nn.Linear(64, 5)
        opt = torch.optim.Adam([*self.backbone.parameters(), *head.parameters()], 2e-3)
        for ep in range(self.cfg.pre_epochs):
            for x, y in self.src:
                loss = F.cross_entropy(head(self.backbone(x)), y)
                opt.zero_grad()
                loss.backward()
                opt.step()
            print(f"pretrain {ep} loss {loss.item():.4f}")

    def transfer(self):
        self.backbone.requires_grad_(False).eval()
        self.head = CosMarginHead(64, 5, self.cfg.scale, self.cfg.margin)
        opt = torch.optim.Adam(self.head.parameters(), 5e-3)
        for ep in range(self.cfg.head_epochs):
            for x, y in self.tgt:
                with torch.no_grad():
                    h = self.backbone(x)
                loss = F.cross_entropy(self.head(h, y), y)
                opt.zero_grad()
                loss.backward()
                opt.step()
            print(f"transfer {ep} loss {loss.item():.4f}")

    @torch.no_grad()
    def score(self):
        x, y = self.test
        return (self.head(self.backbone(x)).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    t = Trainer(Config())
    t.pretrain()
    t.transfer()
    print(f"final_metric accuracy {t.score():.4f}")
