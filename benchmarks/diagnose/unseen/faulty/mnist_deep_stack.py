import argparse
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

def load(kind):
    root = os.path.join(os.environ["DATA_DIR"], "MNIST", "raw")
    with gzip.open(f"{root}/{kind}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(f"{root}/{kind}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)
    x = (torch.tensor(x.astype(np.float32)) / 255 - 0.1307) / 0.3081
    return x, torch.tensor(y.astype(np.int64))


def build(depth, width):
    layers = [nn.Linear(784, width), nn.Sigmoid()]
    for _ in range(depth - 2):
        layers += [nn.Linear(width, width), nn.Sigmoid()]
    return nn.Sequential(nn.Flatten(), *layers, nn.Linear(width, 10))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=8)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    x, y = load("train")
    xt, yt = load("t10k")
    dl = DataLoader(TensorDataset(x[:8000], y[:8000]), batch_size=64, shuffle=True)
    net = build(8, 128)
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    sched = torch.optim.lr_scheduler.StepLR(opt, 5, 0.3)
    for ep in range(a.epochs):
        tot = 0.0
        for xb, yb in dl:
            loss = F.cross_entropy(net(xb), yb)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            tot += loss.item() * len(xb)
        sched.step()
        with torch.no_grad():
            acc = (net(xt[:2000]).argmax(1) == yt[:2000]).float().mean().item()
        print(f"epoch {ep} loss {tot / 8000:.4f} test acc {acc:.4f}")


if __name__ == "__main__":
    main()
