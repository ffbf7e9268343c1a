import gzip
import os
import struct
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn

ROOT = os.environ.get("DATA_DIR", "../shared/data")

ACTIVATIONS = {}


def register(name):
    def deco(cls):
        ACTIVATIONS[name] = cls
        return cls
    return deco


@register("logistic")
class Logistic(nn.Module):
    def forward(self, x):
        return 1.0 / (1.0 + torch.exp(-x))


@register("mish")
class Mish(nn.Module):
    def forward(self, x):
        return x * torch.tanh(nn.functional.softplus(x))


@dataclass
class ModelConfig:
    stages: tuple = ((96, 3), (64, 3), (48, 3))
    act: str = "logistic"
    classes: int = 10


@dataclass
class TrainConfig:
    lr: float = 0.05
    momentum: float = 0.9
    warmup: int = 20
    steps: int = 500
    batch: int = 64
    clip: float = 5.0


def read_idx(name):
    with gzip.open(os.path.join(ROOT, "MNIST/raw", name + ".gz")) as f:
        raw = f.read()
    dims = struct.unpack(">" + "I" * raw[3], raw[4:4 + 4 * raw[3]])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(dims).copy()


def load(split, n):
    x = torch.from_numpy(read_idx(split + "-images-idx3-ubyte")[:n]).float().flatten(1) / 255
    return (x - 0.1307) / 0.3081, torch.from_numpy(read_idx(split + "-labels-idx1-ubyte")[:n]).long()


def make_stage(n_in, width, repeat, act):
    layers = []
    for _ in range(repeat):
        layers += [nn.Linear(n_in, width), ACTIVATIONS[act]()]
        n_in = width
    return nn.Sequential(*layers)


class StagedMLP(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        stages, n = [], 784
        for width, repeat in cfg.stages:
            stages.append(make_stage(n, width, repeat, cfg.act))
            n = width
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(n, cfg.classes)
        self.apply(self._init)

    @staticmethod
    def _init(m):
        if isinstance(m, nn.Linear):
            nn.init.xavier_normal_(m.weight, gain=1.3)
            nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.head(self.stages(x))


def train(mc, tc):
    torch.manual_seed(5)
    (x, y), (xt, yt) = load("train", 10000), load("t10k", 2000)
    net = StagedMLP(mc)
    opt = torch.optim.SGD(net.parameters(), lr=tc.lr, momentum=tc.momentum)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda i: min(1.0, (i + 1) / tc.warmup))
    loss_fn = nn.CrossEntropyLoss()
    for step in range(tc.steps):
        idx = torch.randint(0, len(x), (tc.batch,))
        loss = loss_fn(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), tc.clip)
        opt.step()
        sched.step()
        if step % 100 == 0:
            print(f"{step:4d} {loss.item():.4f}")
    with torch.no_grad():
        return (net(xt).argmax(1) == yt).float().mean().item()


if __name__ == "__main__":
    print(f"metric {train(ModelConfig(), TrainConfig()):.4f}")
