import gzip
import os
import struct
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

ROOT = os.environ.get("DATA_DIR", "../shared/data")


@dataclass
class Config:
    width: int = 24
    hidden: int = 96
    prior: float = 0.01
    gamma: float = 1.0
    lr: float = 1e-3
    batch: int = 100
    steps: int = 280
    seed: int = 3


def read_idx(name):
    with gzip.open(os.path.join(ROOT, "MNIST/raw", name + ".gz")) as f:
        raw = f.read()
    dims = struct.unpack(">" + "I" * raw[3], raw[4:4 + 4 * raw[3]])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(dims).copy()


def load(split, limit):
    x = torch.from_numpy(read_idx(split + "-images-idx3-ubyte")[:limit]).float().div_(255)
    y = torch.from_numpy(read_idx(split + "-labels-idx1-ubyte")[:limit]).long()
    return (x[:, None] - 0.1307) / 0.3081, y


class FocalLoss(nn.Module):
    def __init__(self, gamma):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, target):
        bce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
        p = torch.sigmoid(logits)
        pt = target * p + (1 - target) * (1 - p)
        return ((1 - pt) ** self.gamma * bce).sum(1).mean()


class Tagger(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        w = cfg.width
        self.stem = nn.Sequential(nn.Conv2d(1, w, 5, stride=2, padding=2), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(w, w, 3, stride=2, padding=1), nn.ReLU(),
                                  nn.Flatten(), nn.Linear(w * 49, cfg.hidden), nn.ReLU())
        self.cls = nn.Linear(cfg.hidden, 10)
        self.reset_parameters(cfg.prior)

    def reset_parameters(self, prior):
        prior_bias = -float(np.log((1 - prior) / prior))
        for name, m in self.named_modules():
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.constant_(m.bias, prior_bias)
        nn.init.normal_(self.cls.weight, std=0.01)

    def forward(self, x):
        return self.cls(self.body(self.stem(x)))


class Trainer:
    def __init__(self, cfg):
        torch.manual_seed(cfg.seed)
        self.cfg = cfg
        self.model = Tagger(cfg)
        self.loss = FocalLoss(cfg.gamma)
        self.opt = torch.optim.AdamW(self.model.parameters(), lr=cfg.lr, weight_decay=1e-4)

    def fit(self, x, y):
        onehot = F.one_hot(y, 10).float()
        for step in range(self.cfg.steps):
            idx = torch.randint(0, len(x), (self.cfg.batch,))
            loss = self.loss(self.model(x[idx]), onehot[idx])
            self.opt.zero_grad(set_to_none=True)
            loss.backward()
            self.opt.step()
            if step % 70 == 0:
                print(f"step {step} loss {loss.item():.4f}")

    @torch.no_grad()
    def evaluate(self, x, y):
        self.model.eval()
        return (self.model(x).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    cfg = Config()
    train, test = load("train", 12000), load("t10k", 2000)
    trainer = Trainer(cfg)
    trainer.fit(*train)
    print(f"metric {trainer.evaluate(*test):.4f}")
