"""Pretrain a digit classifier, freeze it, then adapt it with LoRA to inverted, shifted digits."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

ROOT = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def mnist(part):
    with gzip.open(f"{ROOT}/{part}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784).astype(np.float32) / 255
    with gzip.open(f"{ROOT}/{part}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8).astype(np.int64)
    return torch.from_numpy((x - 0.1307) / 0.3081), torch.from_numpy(y)


def new_domain(x):
    img = x.view(-1, 28, 28).transpose(1, 2)
    return (-0.8 * img.flip(1) + 0.3).reshape(-1, 784)


class LoRALinear(nn.Module):
    def __init__(self, base, rank=8, alpha=16.0):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad = False
        self.down = nn.Linear(base.in_features, rank, bias=False)
        self.up = nn.Linear(rank, base.out_features, bias=False)
        nn.init.kaiming_uniform_(self.down.weight, a=5 ** 0.5)
        nn.init.zeros_(self.up.weight)
        self.scale = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scale * self.up(self.down(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(784, 256), nn.Linear(256, 128), nn.Linear(128, 10)

    def forward(self, x):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


def accuracy(net, x, y):
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()


def fit(net, x, y, steps, lr, tag, xt, yt, warmup=0):
    params = [p for p in net.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(params, lr=lr, weight_decay=0.0)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, s / warmup) if warmup else 1.0)
    for s in range(1, steps + 1):
        i = torch.randint(0, len(x), (64,))
        loss = F.cross_entropy(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if s % 200 == 0:
            print(f"{tag} {s} loss {loss.item():.4f} acc {accuracy(net, xt, yt):.4f}")


def main():
    torch.manual_seed(14)
    x, y = mnist("train")
    xt, yt = mnist("t10k")
    net = Net()
    fit(net, x, y, 1000, 1e-3, "pretrain", xt, yt)
    xs, xts = new_domain(x[:20000]), new_domain(xt)
    before = accuracy(net, xts, yt)
    net.fc1, net.fc2, net.fc3 = LoRALinear(net.fc1), LoRALinear(net.fc2), LoRALinear(net.fc3)
    fit(net, xs, y[:20000], 1600, 2e-3, "lora", xts, yt, warmup=200)
    print(f"final new-domain accuracy {accuracy(net, xts, yt):.4f} (before adaptation {before:.4f})")


if __name__ == "__main__":
    main()
