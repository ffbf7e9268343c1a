import argparse
import gzip
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def mnist(split, n, root="../shared/data/MNIST/raw"):
    img = np.frombuffer(gzip.open(f"{root}/{split}-images-idx3-ubyte.gz").read(), np.uint8)[16:].reshape(-1, 784)
    lab = np.frombuffer(gzip.open(f"{root}/{split}-labels-idx1-ubyte.gz").read(), np.uint8)[8:]
    x = torch.from_numpy(img[:n].copy()).float().div(255).sub(0.13).div(0.31)
    return x, torch.from_numpy(lab[:n].copy()).long()


class Net(nn.Module):
    def __init__(self, hidden, depth):
        super().__init__()
        sizes = [784] + [hidden] * depth
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.out = nn.Linear(hidden, 10)
        for layer in self.hidden:
            layer.weight.data.normal_(0, 0.01)
            layer.bias.data.zero_()

    def forward(self, x):
        for layer in self.hidden:
            x = torch.tanh(layer(x))
        return self.out(x)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--hidden", type=int, default=100)
    p.add_argument("--depth", type=int, default=7)
    p.add_argument("--epochs", type=int, default=5)
    a = p.parse_args()
    torch.manual_seed(0)
    x, y = mnist("train", 5000)
    xt, yt = mnist("t10k", 2000)
    net = Net(a.hidden, a.depth)
    opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    for ep in range(a.epochs):
        for b in torch.randperm(len(x)).split(50):
            loss = F.cross_entropy(net(x[b]), y[b])
            opt.zero_grad()
            loss.backward()
            opt.step()
        with torch.no_grad():
            acc = (net(xt).argmax(1) == yt).float().mean().item()
        print(f"epoch {ep} loss {loss.item():.3f} acc {acc:.4f}")


if __name__ == "__main__":
    main()
