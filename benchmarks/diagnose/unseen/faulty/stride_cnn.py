"""All-convolutional MNIST classifier driven by a config object."""
import gzip
import os
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": partial(nn.LeakyReLU, 0.1),
    "gelu": nn.GELU,
    "silu": nn.SiLU,
}


@dataclass
class ModelConfig:
    channels: tuple = (12, 24, 32)
    activation: str = "leaky-relu"
    num_classes: int = 10


@dataclass
class TrainConfig:
    lr: float = 2e-3
    weight_decay: float = 1e-3
    epochs: int = 4
    batch_size: int = 64
    subset: int = 12000


def build_activation(name):
    return ACTIVATIONS.get(name.lower(), nn.Identity)()


def build_model(cfg):
    layers, cin = [], 1
    for c in cfg.channels:
        layers += [
            nn.Conv2d(cin, c, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(c),
            build_activation(cfg.activation),
        ]
        cin = c
    layers += [nn.Flatten(), nn.Linear(cin * 16, 64), build_activation(cfg.activation), nn.Linear(64, cfg.num_classes)]
    return nn.Sequential(*layers)


def load(split, n=None):
    root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
    x = np.frombuffer(gzip.open(f"{root}/{split}-images-idx3-ubyte.gz").read(), np.uint8, offset=16)
    y = np.frombuffer(gzip.open(f"{root}/{split}-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)
    x = torch.tensor(x.reshape(-1, 1, 28, 28)[:n], dtype=torch.float32)
    return (x / 255 - 0.1307) / 0.3081, torch.tensor(y[:n], dtype=torch.long)


def main():
    torch.manual_seed(1234)
    mcfg, tcfg = ModelConfig(), TrainConfig()
    xtr, ytr = load("train", tcfg.subset)
    xte, yte = load("t10k", 4000)
    model = build_model(mcfg)
    optimizer = torch.optim.AdamW(model.parameters(), lr=tcfg.lr, weight_decay=tcfg.weight_decay)
    steps = tcfg.epochs * (len(xtr) // tcfg.batch_size)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.05)
    for epoch in range(tcfg.epochs):
        model.train()
        perm = torch.randperm(len(xtr))
        for i in range(0, len(xtr) - tcfg.batch_size + 1, tcfg.batch_size):
            idx = perm[i:i + tcfg.batch_size]
            loss = loss_fn(model(xtr[idx]), ytr[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
        model.eval()
        with torch.no_grad():
            acc = (model(xte).argmax(1) == yte).float().mean().item()
        print(f"epoch {epoch + 1}/{tcfg.epochs} loss {loss.item():.4f} test error {100 * (1 - acc):.2f}%")


if __name__ == "__main__":
    main()
