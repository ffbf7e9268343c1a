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
class Cfg:
    hidden: int = 128
    rank: int = 6
    scale: float = 2.0
    pre_steps: int = 350
    tune_steps: int = 450
    batch: int = 64


def read_idx(name):
    with gzip.open(os.path.join(ROOT, "MNIST/raw", name + ".gz")) as f:
        raw = f.read()
    dims = struct.unpack(">" + "I" * raw[3], raw[4:4 + 4 * raw[3]])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(dims).copy()


def load(split, n):
    x = torch.from_numpy(read_idx(split + "-images-idx3-ubyte")[:n]).float() / 255
    return (x - 0.1307) / 0.3081, torch.from_numpy(read_idx(split + "-labels-idx1-ubyte")[:n]).long()


class AdaptedLinear(nn.Module):
    def __init__(self, base, rank, scale):
        super().__init__()
        self.base = base
        for p in base.parameters():
            p.requires_grad_(False)
        self.down = nn.Linear(base.in_features, rank, bias=False)
        self.up = nn.Linear(rank, base.out_features, bias=False)
        nn.init.zeros_(self.up.weight)
        self.scale = scale

    def forward(self, x):
        return self.base(x) + self.scale * self.up(self.down(x))


class Net(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.fc1 = nn.Linear(784, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 10)

    def forward(self, x):
        h = F.gelu(self.fc1(x.flatten(1)))
        return self.out(F.gelu(self.fc2(h)))


def adapt(net, cfg):
    for name in ("fc1", "fc2"):
        setattr(net, name, AdaptedLinear(getattr(net, name), cfg.rank, cfg.scale))
    for p in net.out.parameters():
        p.requires_grad_(False)
    return net


def fit(net, x, y, steps, batch, lr):
    opt = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=lr, weight_decay=0.0)
    for step in range(steps):
        idx = torch.randint(0, len(x), (batch,))
        loss = F.cross_entropy(net(x[idx]), y[idx])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        if step % 100 == 0:
            print(f"  step {step} loss {loss.item():.4f}")


@torch.no_grad()
def accuracy(net, x, y):
    return (net(x).argmax(1) == y).float().mean().item()


def main():
    cfg = Cfg()
    torch.manual_seed(7)
    (x, y), (xt, yt) = load("train", 10000), load("t10k", 2000)
    net = Net(cfg.hidden)
    fit(net, x, y, cfg.pre_steps, cfg.batch, 1e-3)
    print(f"source {accuracy(net, xt, yt):.4f}")
    turn = lambda a: torch.rot90(a, 1, (1, 2))
    print(f"baseline {accuracy(net, turn(xt), yt):.4f}")
    adapt(net, cfg)
    fit(net, turn(x), y, cfg.tune_steps, cfg.batch, 2e-3)
    print(f"metric {accuracy(net, turn(xt), yt):.4f}")


if __name__ == "__main__":
    main()
