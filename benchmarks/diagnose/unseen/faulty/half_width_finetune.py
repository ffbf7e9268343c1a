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
    dim: int = 64
    hidden: int = 64
    layers: int = 2
    lr: float = 2e-3
    momentum: float = 0.0
    steps: int = 2400
    batch: int = 64
    param_dtype: torch.dtype = torch.bfloat16
    compute_dtype: torch.dtype = torch.bfloat16


def read_idx(name):
    with gzip.open(os.path.join(ROOT, "MNIST/raw", name + ".gz")) as f:
        raw = f.read()
    dims = struct.unpack(">" + "I" * raw[3], raw[4:4 + 4 * raw[3]])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(dims).copy()


def load(split, n):
    x = torch.from_numpy(read_idx(split + "-images-idx3-ubyte")[:n]).float()[:, None] / 255
    x = F.avg_pool2d((x - 0.1307) / 0.3081, 2).flatten(1)
    return x, torch.from_numpy(read_idx(split + "-labels-idx1-ubyte")[:n]).long()


class SwiGLU(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.gate, self.up = nn.Linear(dim, hidden), nn.Linear(dim, hidden)
        self.down = nn.Linear(hidden, dim)

    def forward(self, x):
        h = self.norm(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Classifier(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.inp = nn.Linear(196, cfg.dim)
        self.layers = nn.Sequential(*[SwiGLU(cfg.dim, cfg.hidden) for _ in range(cfg.layers)])
        self.out = nn.Linear(cfg.dim, 10)

    def forward(self, x):
        return self.out(self.layers(self.inp(x)))


class Engine:
    def __init__(self, cfg):
        torch.manual_seed(23)
        self.cfg = cfg
        self.net = Classifier(cfg).to(cfg.param_dtype)
        self.opt = torch.optim.SGD(self.net.parameters(), lr=cfg.lr, momentum=cfg.momentum)

    def forward(self, x):
        with torch.autocast("cpu", dtype=self.cfg.compute_dtype):
            return self.net(x.to(self.cfg.param_dtype)).float()

    def fit(self, x, y):
        for step in range(self.cfg.steps):
            idx = torch.randint(0, len(x), (self.cfg.batch,))
            loss = F.cross_entropy(self.forward(x[idx]), y[idx])
            self.opt.zero_grad(set_to_none=True)
            loss.backward()
            self.opt.step()
            if step % 400 == 0:
                print(f"step {step} loss {loss.item():.4f}")

    @torch.no_grad()
    def evaluate(self, x, y):
        out = self.forward(x)
        return F.cross_entropy(out, y).item(), (out.argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    engine = Engine(Config())
    engine.fit(*load("train", 12000))
    loss, acc = engine.evaluate(*load("t10k", 2000))
    print(f"test loss {loss:.4f}")
    print(f"metric {acc:.4f}")
