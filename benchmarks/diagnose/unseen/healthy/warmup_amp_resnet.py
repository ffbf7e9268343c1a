"""Mini ResNet on MNIST: bf16 autocast, linear warm-up, accumulation, label smoothing."""
import argparse
import gzip
import math
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--data", default=os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST/raw"))
    p.add_argument("--lr", type=float, default=0.15)
    p.add_argument("--updates", type=int, default=160)
    p.add_argument("--warmup", type=int, default=50)
    p.add_argument("--accum", type=int, default=2)
    p.add_argument("--micro-batch", type=int, default=32)
    p.add_argument("--smoothing", type=float, default=0.1)
    return p.parse_args()


def mnist(root, split, n):
    with gzip.open(f"{root}/{split}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + 784 * n), np.uint8, offset=16).reshape(n, 1, 28, 28)
    with gzip.open(f"{root}/{split}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    x = torch.tensor(x, dtype=torch.float32) / 255
    return F.avg_pool2d((x - 0.13) / 0.31, 2), torch.tensor(y, dtype=torch.long)


class BasicBlock(nn.Module):
    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.short = nn.Identity() if stride == 1 else nn.Conv2d(cin, cout, 1, stride, bias=False)
        nn.init.zeros_(self.bn2.weight)

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.short(x) + self.bn2(self.conv2(h)))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.layers = nn.Sequential(BasicBlock(8, 8), BasicBlock(8, 16, 2), BasicBlock(16, 16), BasicBlock(16, 32, 2))
        self.fc = nn.Linear(32, 10)

    def forward(self, x):
        x = self.layers(F.relu(self.bn(self.stem(x))))
        return self.fc(x.mean((2, 3)))


def main():
    args = get_args()
    torch.manual_seed(0)
    xtr, ytr = mnist(args.data, "train", 10000)
    xte, yte = mnist(args.data, "t10k", 1000)
    net = ResNet()
    opt = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9, weight_decay=5e-4, nesterov=True)

    def factor(u):
        if u < args.warmup:
            return u / args.warmup
        return 0.5 * (1 + math.cos(math.pi * (u - args.warmup) / (args.updates - args.warmup)))

    sched = torch.optim.lr_scheduler.LambdaLR(opt, factor)
    for update in range(args.updates):
        opt.zero_grad()
        shown = 0.0
        for _ in range(args.accum):
            idx = torch.randint(len(xtr), (args.micro_batch,))
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = F.cross_entropy(net(xtr[idx]), ytr[idx], label_smoothing=args.smoothing)
            (loss / args.accum).backward()
            shown += loss.item() / args.accum
        opt.step()
        sched.step()
        if update % 20 == 0 or update == args.updates - 1:
            print(f"update {update:3d} lr {sched.get_last_lr()[0]:.4f} loss {shown:.4f}")

    net.eval()
    with torch.no_grad():
        acc = (net(xte).argmax(1) == yte).float().mean().item()
    means = torch.stack([xtr[ytr == c].mean(0) for c in range(10)]).flatten(1)
    base = (torch.cdist(xte.flatten(1), means).argmin(1) == yte).float().mean().item()
    print(f"nearest mean {base:.4f}  resnet {acc:.4f}")


if __name__ == "__main__":
    main()
