"""Small convnet on handwritten digits, three-phase learning-rate plan."""
import gzip
import os

import numpy as np
import torch
torch.set_num_threads(1)
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(3)
ROOT = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
PLAN = [(0, 0.4), (40, 1.0), (180, 40.0), (240, 0.5), (320, 0.1)]


def read(name, skip, shape):
    with gzip.open(os.path.join(ROOT, name), "rb") as fh:
        return np.frombuffer(fh.read(), np.uint8, offset=skip).reshape(shape)


def load(prefix, n):
    img = read(f"{prefix}-images-idx3-ubyte.gz", 16, (-1, 1, 28, 28))[:n]
    lab = read(f"{prefix}-labels-idx1-ubyte.gz", 8, (-1,))[:n]
    img = torch.from_numpy(img.astype(np.float32) / 255.0)
    return (img - 0.1307) / 0.3081, torch.from_numpy(lab.astype(np.int64))


def rectify(t):
    return torch.where(t > 0, t, torch.zeros_like(t))


class StrokeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 8, 5, stride=2, padding=2)
        self.c2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.fc = nn.Linear(16 * 7 * 7, 64)
        self.out = nn.Linear(64, 10)

    def forward(self, x):
        x = rectify(self.c1(x))
        x = rectify(self.c2(x))
        x = rectify(self.fc(x.flatten(1)))
        return self.out(x)


def factor(step):
    value = PLAN[0][1]
    for start, mult in PLAN:
        if step >= start:
            value = mult
    return value


def main():
    xtr, ytr = load("train", 8000)
    xte, yte = load("t10k", 2000)
    net = StrokeNet()
    opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-4)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, factor)
    gen = torch.Generator().manual_seed(11)
    for step in range(450):
        pick = torch.randint(0, len(xtr), (64,), generator=gen)
        loss = F.cross_entropy(net(xtr[pick]), ytr[pick])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if step % 50 == 0:
            print(step, f"{loss.item():.4f}", f"lr {sched.get_last_lr()[0]:.4f}")
    net.eval()
    with torch.no_grad():
        acc = (net(xte).argmax(1) == yte).float().mean().item()
    print(f"final accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
