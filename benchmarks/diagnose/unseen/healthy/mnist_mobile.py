import gzip
import numpy as np
import torch
import torch.nn as nn

BASE = "../shared/data/MNIST/raw/"


def mnist(split, n):
    X = np.frombuffer(gzip.open(f"{BASE}{split}-images-idx3-ubyte.gz").read(), np.uint8, offset=16)
    Y = np.frombuffer(gzip.open(f"{BASE}{split}-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)
    X = torch.tensor(X.reshape(-1, 1, 28, 28)[:n].astype(np.float32) / 255)
    return nn.functional.avg_pool2d((X - 0.1307) / 0.3081, 2), torch.tensor(Y[:n].astype(np.int64))


class SE(nn.Module):
    def __init__(self, c, r=4):
        super().__init__()
        self.fc = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, c // r, 1), nn.SiLU(),
                                nn.Conv2d(c // r, c, 1), nn.Hardsigmoid())

    def forward(self, x):
        return x * self.fc(x)


class Inverted(nn.Module):
    def __init__(self, cin, cout, stride, expand=3, act=nn.ReLU6):
        super().__init__()
        mid = cin * expand
        self.skip = stride == 1 and cin == cout
        self.body = nn.Sequential(
            nn.Conv2d(cin, mid, 1, bias=False), nn.BatchNorm2d(mid), act(),
            nn.Conv2d(mid, mid, 3, stride, 1, groups=mid, bias=False), nn.BatchNorm2d(mid), act(),
            SE(mid),
            nn.Conv2d(mid, cout, 1, bias=False), nn.BatchNorm2d(cout))      # linear bottleneck

    def forward(self, x):
        return x + self.body(x) if self.skip else self.body(x)


torch.manual_seed(0)
(xa, ya), (xb, yb) = mnist("train", 3000), mnist("t10k", 1000)
net = nn.Sequential(
    nn.Conv2d(1, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish(),
    Inverted(8, 16, 2), Inverted(16, 16, 1), Inverted(16, 24, 2, act=nn.Hardswish),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 64), nn.Hardswish(), nn.Linear(64, 10))
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=1.2e-2, total_steps=300)
for epoch in range(5):
    net.train()
    for i in torch.randperm(len(xa)).split(60):
        loss = nn.functional.cross_entropy(net(xa[i]), ya[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
    net.eval()
    with torch.no_grad():
        print("epoch", epoch, "loss", round(loss.item(), 4), "acc", (net(xb).argmax(1) == yb).float().mean().item())
