import gzip
import math
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
    dim: int = 64
    depth: int = 24
    expansion: int = 2
    lr: float = 0.002
    weight_decay: float = 1e-4
    steps: int = 300
    batch: int = 64


def read_idx(name):
    with gzip.open(os.path.join(ROOT, "MNIST/raw", name + ".gz")) as f:
        raw = f.read()
    dims = struct.unpack(">" + "I" * raw[3], raw[4:4 + 4 * raw[3]])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(dims).copy()


def load(split, n):
    x = torch.from_numpy(read_idx(split + "-images-idx3-ubyte")[:n]).float().flatten(1) / 255
    return (x - 0.1307) / 0.3081, torch.from_numpy(read_idx(split + "-labels-idx1-ubyte")[:n]).long()


class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)


class SkipBlock(nn.Module):
    def __init__(self, dim, expansion, scale):
        super().__init__()
        self.up = nn.Linear(dim, dim * expansion)
        self.down = nn.Linear(dim * expansion, dim)
        self.act = Swish()
        self.scale = scale
        for lin in (self.up, self.down):
            nn.init.kaiming_normal_(lin.weight, nonlinearity="relu")
            nn.init.zeros_(lin.bias)

    def forward(self, x):
        return x + self.scale * self.down(self.act(self.up(x)))


class Net(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        scale = 1.0
        self.stem = nn.Linear(784, cfg.dim)
        self.blocks = nn.ModuleList(SkipBlock(cfg.dim, cfg.expansion, scale) for _ in range(cfg.depth))
        self.head = nn.Linear(cfg.dim, 10)

    def forward(self, x):
        x = self.stem(x)
        for blk in self.blocks:
            x = blk(x)
        return self.head(x)


def param_groups(net, wd):
    decay = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    return [{"params": decay, "weight_decay": wd}, {"params": plain, "weight_decay": 0.0}]


def main():
    cfg = Config()
    torch.manual_seed(8)
    (x, y), (xt, yt) = load("train", 10000), load("t10k", 2000)
    net = Net(cfg)
    opt = torch.optim.Adam(param_groups(net, cfg.weight_decay), lr=cfg.lr)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: 0.5 * (1 + math.cos(math.pi * s / cfg.steps)))
    for step in range(cfg.steps):
        idx = torch.randint(0, len(x), (cfg.batch,))
        loss = F.cross_entropy(net(x[idx]), y[idx])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        sched.step()
        if step % 50 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    with torch.no_grad():
        logits = net(xt)
    print(f"test loss {F.cross_entropy(logits, yt).item():.4f}")
    print(f"metric {(logits.argmax(1) == yt).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
