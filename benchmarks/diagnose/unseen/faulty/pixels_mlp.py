import gzip
import os

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)


def read(path, skip):
    with gzip.open(path, "rb") as fp:
        fp.read(skip)
        return np.frombuffer(fp.read(), dtype=np.uint8)


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.normal_(m.weight, mean=0.0, std=0.02)
        nn.init.zeros_(m.bias)


class DeepMLP(nn.Module):
    def __init__(self, widths=(196, 48, 48, 48, 48, 48, 48, 48), classes=10):
        super().__init__()
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:]))
        self.fc = nn.Linear(widths[-1], classes)
        self.apply(init_weights)

    def forward(self, x):
        for layer in self.hidden:
            x = torch.nn.functional.gelu(layer(x))
        return self.fc(x)


def fit():
    torch.manual_seed(77)
    raw = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
    x = read(os.path.join(raw, "train-images-idx3-ubyte.gz"), 16).reshape(-1, 28, 28)[:12000, ::2, ::2]
    y = read(os.path.join(raw, "train-labels-idx1-ubyte.gz"), 8)[:12000]
    x = torch.tensor(x.reshape(len(x), -1) / 127.5 - 1, dtype=torch.float32)
    y = torch.tensor(y, dtype=torch.long)
    net = DeepMLP()
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    for epoch in range(9):
        for idx in torch.randperm(10000).split(50):
            loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        with torch.no_grad():
            acc = (net(x[10000:]).argmax(1) == y[10000:]).float().mean().item()
        print(f"[{epoch}] loss={loss.item():.4f} val_acc={acc:.4f}")
    return acc


print(f"final val_acc {fit():.4f}")
