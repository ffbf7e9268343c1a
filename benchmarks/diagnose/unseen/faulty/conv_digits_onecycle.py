import argparse
import gzip
import os
import struct

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ROOT = os.environ.get("DATA_DIR", "../shared/data")


def read_idx(name):
    with gzip.open(os.path.join(ROOT, "MNIST/raw", name + ".gz")) as f:
        raw = f.read()
    dims = struct.unpack(">" + "I" * raw[3], raw[4:4 + 4 * raw[3]])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(dims).copy()


def dataset(split, limit):
    x = torch.from_numpy(read_idx(f"{split}-images-idx3-ubyte")[:limit]).float() / 255.0
    y = torch.from_numpy(read_idx(f"{split}-labels-idx1-ubyte")[:limit]).long()
    return TensorDataset(((x - 0.1307) / 0.3081).unsqueeze(1), y)


class ReLU6Plus(nn.Module):
    """Rectifier with a soft cap."""

    def __init__(self, cap=6.0):
        super().__init__()
        self.cap = cap

    def forward(self, x):
        r = x.clamp_min(0)
        return torch.where(r < self.cap, r, self.cap + (r - self.cap) * 0.1)


def conv_block(cin, cout, act):
    return [nn.Conv2d(cin, cout, 3, stride=2, padding=1), act()]


def build(widths, act, classes=10):
    layers, cin = [], 1
    for w in widths:
        layers += conv_block(cin, w, act)
        cin = w
    layers += [nn.Flatten(), nn.Linear(cin * 16, 64), act(), nn.Linear(64, classes)]
    net = nn.Sequential(*layers)
    for m in net:
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
            nn.init.zeros_(m.bias)
    return net


def accuracy(net, loader):
    net.eval()
    hits = n = 0
    with torch.no_grad():
        for x, y in loader:
            hits += (net(x).argmax(-1) == y).sum().item()
            n += len(y)
    return hits / n


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--max-lr", type=float, default=0.8)
    p.add_argument("--momentum", type=float, default=0.9)
    p.add_argument("--epochs", type=int, default=2)
    p.add_argument("--batch", type=int, default=64)
    args = p.parse_args()

    torch.manual_seed(11)
    train = DataLoader(dataset("train", 9600), batch_size=args.batch, shuffle=True, drop_last=True)
    test = DataLoader(dataset("t10k", 2000), batch_size=500)
    net = build((16, 32, 32), ReLU6Plus)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    opt = torch.optim.SGD(net.parameters(), lr=args.max_lr, momentum=args.momentum, nesterov=True)
    sched = torch.optim.lr_scheduler.OneCycleLR(
        opt, max_lr=args.max_lr, total_steps=args.epochs * len(train), pct_start=0.2, cycle_momentum=False)
    for epoch in range(args.epochs):
        net.train()
        total = 0.0
        for x, y in train:
            opt.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            opt.step()
            sched.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(train):.4f}")
    print(f"metric {accuracy(net, test):.4f}")


if __name__ == "__main__":
    main()
