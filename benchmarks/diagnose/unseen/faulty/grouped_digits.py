import gzip
import os
import struct

import numpy as np
import torch
import torch.nn as nn

torch.set_num_threads(1)
ROOT = os.environ.get("DATA_DIR", "../shared/data") + "/MNIST/raw/"
SEED = int(os.environ.get("SEED", 0))


def idx_images(path):
    with gzip.open(path, "rb") as fh:
        _, n, h, w = struct.unpack(">IIII", fh.read(16))
        return np.frombuffer(fh.read(), dtype=np.uint8).reshape(n, h, w)


def idx_labels(path):
    with gzip.open(path, "rb") as fh:
        fh.read(8)
        return np.frombuffer(fh.read(), dtype=np.uint8)


class GroupedNet(nn.Module):
    """Groups of units with weights of their own, shuffled between layers."""

    def __init__(self, groups=4, width=48, depth=9):
        super().__init__()
        self.groups, self.width = groups, width
        self.stem = nn.Linear(196, groups * width)
        self.weights = nn.ParameterList(
            [nn.Parameter(torch.randn(groups, width, width) * 1.6 / width ** 0.5) for _ in range(depth)])
        self.biases = nn.ParameterList(
            [nn.Parameter(torch.zeros(groups, width)) for _ in range(depth)])
        self.readout = nn.Linear(groups * width, 10)

    @staticmethod
    def act(h):
        return torch.sigmoid(h)

    def shuffle(self, h):
        b = h.shape[0]
        return h.transpose(1, 2).reshape(b, self.groups, self.width)

    def forward(self, x):
        h = self.act(self.stem(x)).view(-1, self.groups, self.width)
        for w, b in zip(self.weights, self.biases):
            h = self.act(torch.einsum("bgi,gio->bgo", h, w) + b)
            h = self.shuffle(h)
        return self.readout(h.flatten(1))


def pooled(a):
    x = torch.tensor(a[:, None] / 255.0, dtype=torch.float32)
    return torch.nn.functional.avg_pool2d(x, 2).flatten(1)


def main():
    torch.manual_seed(SEED)
    xtr = pooled(idx_images(ROOT + "train-images-idx3-ubyte.gz")[:10000])
    ytr = torch.tensor(idx_labels(ROOT + "train-labels-idx1-ubyte.gz")[:10000].astype(np.int64))
    xte = pooled(idx_images(ROOT + "t10k-images-idx3-ubyte.gz")[:3000])
    yte = torch.tensor(idx_labels(ROOT + "t10k-labels-idx1-ubyte.gz")[:3000].astype(np.int64))
    m, s = xtr.mean(), xtr.std()
    xtr, xte = (xtr - m) / s, (xte - m) / s

    net = GroupedNet()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for epoch in range(6):
        order = torch.randperm(len(xtr))
        running = 0.0
        for part in order.split(64):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(xtr[part]), ytr[part])
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            running += loss.item() * len(part)
        print("epoch", epoch, "loss", round(running / len(xtr), 4))
    with torch.no_grad():
        acc = (net(xte).argmax(1) == yte).float().mean().item()
    print(f"accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
