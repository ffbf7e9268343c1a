# Pre-train a small MLP on upright MNIST, freeze it, adapt it to transposed images with
# low-rank adapters (B starts at zero, so the adapted net starts as the base net).
import copy
import gzip
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(42)
RAW = "../shared/data/MNIST/raw/"


def idx(path, skip, count):
    with gzip.open(RAW + path, "rb") as fh:
        return np.frombuffer(fh.read(skip + count), dtype=np.uint8)[skip:]


def load(split, n):
    x = idx(f"{split}-images-idx3-ubyte.gz", 16, n * 784).reshape(n, 28, 28).astype("float32")
    y = idx(f"{split}-labels-idx1-ubyte.gz", 8, n).astype("int64")
    return (torch.from_numpy(x) / 255 - 0.1307) / 0.3081, torch.from_numpy(y)


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r=8, alpha=16):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad_(False)
        self.A = nn.Linear(base.in_features, r, bias=False)
        self.B = nn.Linear(r, base.out_features, bias=False)
        nn.init.kaiming_uniform_(self.A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.B.weight)
        self.scale = alpha / r

    def forward(self, x):
        return self.base(x) + self.scale * self.B(self.A(x))

    def merged(self):
        lin = copy.deepcopy(self.base)
        lin.weight.data += self.scale * (self.B.weight @ self.A.weight).data
        return lin


def train(net, x, y, lr, epochs, tag):
    params = [p for p in net.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(params, lr=lr, weight_decay=0.01)
    for ep in range(epochs):
        tot = 0.0
        for b in torch.randperm(len(x)).split(64):
            loss = F.cross_entropy(net(x[b].flatten(1)), y[b])
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * len(b)
        print(f"{tag} epoch {ep}: loss {tot / len(x):.4f}")


@torch.no_grad()
def accuracy(net, x, y):
    return (net(x.flatten(1)).argmax(1) == y).float().mean().item()


x, y = load("train", 5000)
xt, yt = load("t10k", 2000)
net = nn.Sequential(nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 100), nn.ReLU(), nn.Linear(100, 10))
train(net, x, y, 1e-3, 3, "base")
print(f"upright {accuracy(net, xt, yt):.3f}   transposed, no adapter {accuracy(net, xt.mT, yt):.3f}")

for i in (0, 2, 4):
    net[i] = LoRALinear(net[i])
n_train = sum(p.numel() for p in net.parameters() if p.requires_grad)
print("adapter parameters:", n_train)
train(net, x.mT, y, 3e-3, 4, "lora")
merged = nn.Sequential(*[m.merged() if isinstance(m, LoRALinear) else m for m in net])
print(f"transposed, merged adapters: accuracy {accuracy(merged, xt.mT, yt):.4f}")
