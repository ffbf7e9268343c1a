"""Norm-free ResNet with Fixup (Zhang et al. 2019): zero last conv per branch, zero classifier."""
import gzip
import os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def idx(name, offset):
    with gzip.open(os.path.join(root, name), "rb") as f:
        return np.frombuffer(f.read(), np.uint8, offset=offset)


def mnist(split, n):
    x = idx(f"{split}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)[:n].copy()
    y = idx(f"{split}-labels-idx1-ubyte.gz", 8)[:n].astype(np.int64)
    x = F.avg_pool2d(torch.from_numpy(x).float() / 255, 2)
    return (x - 0.13) / 0.3, torch.from_numpy(y)


class FixupBlock(nn.Module):
    def __init__(self, c, depth):
        super().__init__()
        self.b1, self.b2 = (nn.Parameter(torch.zeros(1)) for _ in range(2))
        self.b3, self.b4 = (nn.Parameter(torch.zeros(1)) for _ in range(2))
        self.scale = nn.Parameter(torch.ones(1))
        self.c1 = nn.Conv2d(c, c, 3, padding=1, bias=False)
        self.c2 = nn.Conv2d(c, c, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(self.c1.weight)
        self.c1.weight.data.mul_(depth ** -0.5)
        nn.init.zeros_(self.c2.weight)

    def forward(self, x):
        h = F.relu(self.c1(x + self.b1) + self.b2)
        h = self.c2(h + self.b3) * self.scale + self.b4
        return F.relu(x + h)


class FixupNet(nn.Module):
    def __init__(self, c=12, depth=5):
        super().__init__()
        self.stem = nn.Conv2d(1, c, 3, stride=2, padding=1)
        nn.init.kaiming_normal_(self.stem.weight)
        self.blocks = nn.Sequential(*[FixupBlock(c, depth) for _ in range(depth)])
        self.fc = nn.Linear(c * 9, 10)
        nn.init.zeros_(self.fc.weight)
        nn.init.zeros_(self.fc.bias)

    def forward(self, x):
        x = self.blocks(F.relu(self.stem(x)))
        return self.fc(F.adaptive_avg_pool2d(x, 3).flatten(1))


xtr, ytr = mnist("train", 3000)
xte, yte = mnist("t10k", 1000)
net = FixupNet()
scalars = [p for p in net.parameters() if p.numel() == 1]
rest = [p for p in net.parameters() if p.numel() > 1]
opt = torch.optim.SGD([{"params": rest, "lr": 0.05}, {"params": scalars, "lr": 0.005}], momentum=0.9, nesterov=True)
EPOCHS = 6
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, EPOCHS)
for ep in range(EPOCHS):
    total = 0.0
    for b in torch.randperm(len(xtr)).split(64):
        loss = F.cross_entropy(net(xtr[b]), ytr[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(b)
    sched.step()
    with torch.no_grad():
        acc = (net(xte).argmax(1) == yte).float().mean()
    print(f"epoch {ep} loss {total / len(xtr):.4f} test acc {acc:.4f}")
