"""MNIST classifier kept small in memory: parameters and activations in bfloat16."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)

DTYPE = torch.bfloat16
ROOT = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def read(images, labels, n):
    with gzip.open(os.path.join(ROOT, images)) as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)[:n]
    with gzip.open(os.path.join(ROOT, labels)) as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)[:n]
    x = torch.from_numpy(x.astype(np.float32)).div_(255).sub_(0.1307).div_(0.3081)
    return x, torch.from_numpy(y.astype(np.int64))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU())
        self.out = nn.Linear(64, 10)

    def forward(self, x):
        return self.out(self.body(x))


def main(lr=1e-3, momentum=0.0, epochs=6, batch=32):
    torch.manual_seed(4)
    xtr, ytr = read("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", 10000)
    xva, yva = read("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", 3000)
    net = Net().to(DTYPE)
    xtr, xva = xtr.to(DTYPE), xva.to(DTYPE)
    opt = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for idx in torch.randperm(len(xtr)).split(batch):
            loss = F.cross_entropy(net(xtr[idx]).float(), ytr[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        net.eval()
        with torch.no_grad():
            logits = net(xva).float()
        acc = (logits.argmax(1) == yva).float().mean().item()
        print(f"epoch {epoch} train loss {total / len(xtr):.4f} val loss {F.cross_entropy(logits, yva).item():.4f} val acc {acc:.4f}")


if __name__ == "__main__":
    main()
