import gzip
import os
from pathlib import Path

import numpy as np
import torch
torch.set_num_threads(1)
from torch import nn
import torch.nn.functional as F
from torch.nn.utils import prune

torch.manual_seed(1)
raw = Path(os.environ.get("DATA_DIR", "../shared/data")) / "MNIST" / "raw"


def idx(name, head, count, width=1):
    with gzip.open(raw / name) as fh:
        return np.frombuffer(fh.read(head + count * width), dtype=np.uint8, offset=head)


def split(kind, n):
    img = torch.tensor(idx(f"{kind}-images-idx3-ubyte.gz", 16, n, 784).reshape(n, 1, 28, 28)).float() / 127.5 - 1
    return F.avg_pool2d(img, 2), torch.tensor(idx(f"{kind}-labels-idx1-ubyte.gz", 8, n)).long()


train_x, train_y = split("train", 5000)
test_x, test_y = split("t10k", 1000)


def fake_quant(t, bits, lo, hi):
    scale = (hi - lo) / (2 ** bits - 1)
    q = torch.round((t.clamp(lo, hi) - lo) / scale) * scale + lo
    return t + (q - t).detach()


class QConv(nn.Conv2d):
    quant = False

    def forward(self, x):
        w = self.weight
        if self.quant:
            m = w.detach().abs().max().item() + 1e-8
            w = fake_quant(w, 6, -m, m)
        return self._conv_forward(x, w, self.bias)


class Squeeze(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.down, self.up = nn.Conv2d(c, c // 2, 1), nn.Conv2d(c // 2, c, 1)

    def forward(self, x):
        s = F.hardswish(self.down(x.mean((2, 3), keepdim=True)))
        return x * F.hardsigmoid(self.up(s))


class Inverted(nn.Module):
    def __init__(self, ci, co, stride, act):
        super().__init__()
        m = ci * 3
        self.expand = nn.Sequential(QConv(ci, m, 1, bias=False), nn.BatchNorm2d(m), act())
        self.depth = nn.Sequential(QConv(m, m, 3, stride, 1, groups=m, bias=False), nn.BatchNorm2d(m), act())
        self.se = Squeeze(m)
        self.project = nn.Sequential(QConv(m, co, 1, bias=False), nn.BatchNorm2d(co))
        self.skip = stride == 1 and ci == co

    def forward(self, x):
        h = self.project(self.se(self.depth(self.expand(x))))
        return x + h if self.skip else h


net = nn.Sequential(
    QConv(1, 12, 3, 2, 1, bias=False), nn.BatchNorm2d(12), nn.Hardswish(),
    Inverted(12, 12, 1, nn.ReLU6), Inverted(12, 20, 2, nn.ReLU6), Inverted(20, 20, 1, nn.Hardswish),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(20, 10),
)
convs = [m for m in net.modules() if isinstance(m, QConv)]
pointwise = [(m, "weight") for m in convs if m.kernel_size == (1, 1)]
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=0.15, total_steps=300, pct_start=0.2)
for step in range(300):
    if step == 120:
        for m, name in pointwise:
            prune.l1_unstructured(m, name, amount=0.4)
    if step == 180:
        for m in convs:
            m.quant = True
    net.train()
    b = torch.randint(len(train_x), (48,))
    loss = F.cross_entropy(net(train_x[b]), train_y[b])
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 60 == 0:
        print(step, round(loss.item(), 3))

for m, name in pointwise:
    prune.remove(m, name)
zeros = sum((m.weight == 0).sum().item() for m, _ in pointwise) / sum(m.weight.numel() for m, _ in pointwise)
net.eval()
with torch.no_grad():
    acc = (net(test_x).argmax(1) == test_y).float().mean().item()
print("share of pruned pointwise weights", round(zeros, 3))
print("commonest label", round((test_y == train_y.mode().values).float().mean().item(), 4))
print("final accuracy", round(acc, 4))
