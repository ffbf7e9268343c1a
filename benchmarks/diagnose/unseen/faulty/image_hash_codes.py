"""Learn 12-bit binary hash codes for MNIST; codes are trained through a linear classifier."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

DATA = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
BITS = 12


def idx(name, header):
    with gzip.open(os.path.join(DATA, name), "rb") as fh:
        return np.frombuffer(fh.read(), dtype=np.uint8, offset=header)


def mnist(split):
    x = idx(f"{split}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28).astype(np.float32)
    y = idx(f"{split}-labels-idx1-ubyte.gz", 8).astype(np.int64)
    return torch.from_numpy((x / 255.0 - 0.1307) / 0.3081), torch.from_numpy(y)


class HashNet(nn.Module):
    def __init__(self, bits):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 12, 5, stride=2, padding=2), nn.GELU(),
            nn.Conv2d(12, 24, 3, stride=2, padding=1), nn.GELU(),
            nn.Flatten(),
            nn.Linear(24 * 7 * 7, 64), nn.GELU(),
        )
        self.to_bits = nn.Linear(64, bits)
        self.classify = nn.Linear(bits, 10)

    def code(self, x):
        h = torch.tanh(self.to_bits(self.features(x)))
        return torch.sign(h)

    def forward(self, x):
        return self.classify(self.code(x))


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        pred = torch.cat([net(b).argmax(1) for b in x.split(500)])
    net.train()
    return (pred == y).float().mean().item()


def main(epochs=5, batch=64, lr=1e-3):
    torch.manual_seed(17)
    xtr, ytr = mnist("train")
    xte, yte = mnist("t10k")
    xtr, ytr = xtr[:24000], ytr[:24000]
    net = HashNet(BITS)
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    for ep in range(epochs):
        order = torch.randperm(len(xtr))
        for k, sel in enumerate(order.split(batch)):
            loss = F.cross_entropy(net(xtr[sel]), ytr[sel])
            opt.zero_grad()
            loss.backward()
            opt.step()
            if k % 100 == 0:
                print(f"epoch {ep} batch {k} loss {loss.item():.4f}")
        print(f"epoch {ep} test accuracy {accuracy(net, xte, yte):.4f}")
    print(f"final test accuracy {accuracy(net, xte, yte):.4f}")


if __name__ == "__main__":
    main()
