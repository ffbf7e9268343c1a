import gzip
import os
import struct
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn

ROOT = os.environ.get("DATA_DIR", "../shared/data")


@dataclass
class Cfg:
    widths: tuple = (8, 8, 16, 16, 32, 32)
    strides: tuple = (2, 1, 2, 1, 2, 1)
    lr: float = 1.0
    momentum: float = 0.5
    weight_decay: float = 5e-4
    steps: int = 260
    batch: int = 64


def read_idx(name):
    with gzip.open(os.path.join(ROOT, "MNIST/raw", name + ".gz")) as f:
        raw = f.read()
    dims = struct.unpack(">" + "I" * raw[3], raw[4:4 + 4 * raw[3]])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(dims).copy()


def load(split, n):
    x = torch.from_numpy(read_idx(split + "-images-idx3-ubyte")[:n]).float()[:, None]
    return x, torch.from_numpy(read_idx(split + "-labels-idx1-ubyte")[:n]).long()


class Unit(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn = nn.BatchNorm2d(cout)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class Tower(nn.Module):
    def __init__(self, c):
        super().__init__()
        sizes = (1, *c.widths)
        self.entry = nn.BatchNorm2d(1, affine=False)
        self.units = nn.Sequential(*[Unit(a, b, s) for a, b, s in zip(sizes, sizes[1:], c.strides)])
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.BatchNorm1d(sizes[-1]),
                                  nn.Linear(sizes[-1], 10))

    def forward(self, x):
        return self.head(self.units(self.entry(x)))


def main():
    c = Cfg()
    torch.manual_seed(19)
    (x, y), (xt, yt) = load("train", 10000), load("t10k", 2000)
    net = Tower(c)
    opt = torch.optim.SGD(net.parameters(), lr=c.lr, momentum=c.momentum, weight_decay=c.weight_decay)
    sched = torch.optim.lr_scheduler.SequentialLR(
        opt, [torch.optim.lr_scheduler.LinearLR(opt, 0.05, 1.0, 30),
              torch.optim.lr_scheduler.CosineAnnealingLR(opt, c.steps - 30)], [30])
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.1)
    for step in range(c.steps):
        idx = torch.randint(0, len(x), (c.batch,))
        loss = loss_fn(net(x[idx]), y[idx])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        sched.step()
        if step % 50 == 0:
            print(f"step {step} lr {sched.get_last_lr()[0]:.3f} loss {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        print("baseline 0.1135")
        print(f"metric {(net(xt).argmax(1) == yt).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
