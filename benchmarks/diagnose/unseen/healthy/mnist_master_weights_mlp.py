import gzip
import math
import os

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(6)
raw = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def load(prefix, n):
    with gzip.open(f"{raw}/{prefix}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16).reshape(n, 1, 28, 28)
    with gzip.open(f"{raw}/{prefix}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    x = (torch.tensor(x, dtype=torch.float32) / 255 - 0.13) / 0.31
    return F.avg_pool2d(x, 2).flatten(1), torch.tensor(y, dtype=torch.long)


class MasterAdam:
    """Adam over float32 copies; the bfloat16 model receives the rounded result."""

    def __init__(self, model, lr, warmup, total):
        self.params = list(model.parameters())
        self.master = [p.detach().clone().float().requires_grad_() for p in self.params]
        self.opt = torch.optim.Adam(self.master, lr=lr)
        self.sched = torch.optim.lr_scheduler.LambdaLR(
            self.opt, lambda s: s / warmup if s < warmup
            else 0.5 * (1 + math.cos(math.pi * (s - warmup) / (total - warmup))))

    def step(self):
        for m, p in zip(self.master, self.params):
            m.grad = p.grad.float()
            p.grad = None
        self.opt.step()
        self.sched.step()
        with torch.no_grad():
            for m, p in zip(self.master, self.params):
                p.copy_(m)


x, y = load("train", 8000)
xt, yt = load("t10k", 2000)
x, xt = x.bfloat16(), xt.bfloat16()
net = nn.Sequential(nn.Linear(196, 96), nn.GELU(), nn.Linear(96, 96), nn.GELU(), nn.Linear(96, 10)).bfloat16()
EPOCHS, BATCH = 10, 64
total = EPOCHS * math.ceil(len(x) / BATCH)
optim = MasterAdam(net, lr=2e-3, warmup=100, total=total)
for epoch in range(EPOCHS):
    run = 0.0
    for ids in torch.randperm(len(x)).split(BATCH):
        loss = F.cross_entropy(net(x[ids]).float(), y[ids])
        loss.backward()
        optim.step()
        run += loss.item() * len(ids)
    with torch.no_grad():
        acc = (net(xt).argmax(1) == yt).float().mean().item()
    print(f"epoch {epoch} loss {run / len(x):.4f} acc {acc:.4f}")
print(f"test_acc {acc:.4f}")
