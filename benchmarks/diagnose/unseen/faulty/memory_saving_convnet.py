import gzip
import os
import struct
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

warnings.filterwarnings("ignore", category=UserWarning)
ROOT = os.environ.get("DATA_DIR", "../shared/data")


@dataclass
class Cfg:
    channels: int = 12
    features: int = 12
    reentrant: bool = True
    lr: float = 3e-3
    batch: int = 64
    steps: int = 350


def read_idx(name):
    with gzip.open(os.path.join(ROOT, "MNIST/raw", name + ".gz")) as f:
        raw = f.read()
    dims = struct.unpack(">" + "I" * raw[3], raw[4:4 + 4 * raw[3]])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(dims).copy()


def load(split, n):
    x = torch.from_numpy(read_idx(split + "-images-idx3-ubyte")[:n]).float()[:, None] / 255
    return (x - 0.1307) / 0.3081, torch.from_numpy(read_idx(split + "-labels-idx1-ubyte")[:n]).long()


class Mish(nn.Module):
    def forward(self, x):
        return x * torch.tanh(nn.functional.softplus(x))


class Stage(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(3, cout)
        self.act = Mish()

    def forward(self, x):
        return self.act(self.norm(self.conv(x)))


class Backbone(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        c = cfg.channels
        self.stages = nn.Sequential(Stage(1, c), Stage(c, 2 * c), Stage(2 * c, 2 * c))
        self.squeeze = nn.Linear(2 * c * 16, cfg.features)

    def forward(self, x):
        return torch.tanh(self.squeeze(self.stages(x).flatten(1)))


class Net(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.backbone = Backbone(cfg)
        self.head = nn.Sequential(nn.Linear(cfg.features, 32), Mish(), nn.Linear(32, 10))

    def forward(self, x):
        if self.training:
            z = checkpoint(self.backbone, x, use_reentrant=self.cfg.reentrant)
        else:
            z = self.backbone(x)
        return self.head(z)


def evaluate(net, x, y):
    net.eval()
    with torch.no_grad():
        acc = (net(x).argmax(1) == y).float().mean().item()
    net.train()
    return acc


def main():
    cfg = Cfg()
    torch.manual_seed(17)
    (x, y), test = load("train", 10000), load("t10k", 2000)
    net = Net(cfg)
    opt = torch.optim.AdamW(net.parameters(), lr=cfg.lr, weight_decay=0.01)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=cfg.lr, total_steps=cfg.steps, pct_start=0.1)
    loss_fn = nn.CrossEntropyLoss()
    for step in range(cfg.steps):
        idx = torch.randint(0, len(x), (cfg.batch,))
        loss = loss_fn(net(x[idx]), y[idx])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        sched.step()
        if step % 70 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    print(f"metric {evaluate(net, *test):.4f}")


if __name__ == "__main__":
    main()
