import argparse
import math

import torch
torch.set_num_threads(1)
import torch.nn as nn
from torch.nn.utils.parametrizations import weight_norm
from torch.optim.swa_utils import AveragedModel
from sklearn.datasets import load_digits

ap = argparse.ArgumentParser()
ap.add_argument("--blocks", type=int, default=24)
ap.add_argument("--width", type=int, default=64)
ap.add_argument("--steps", type=int, default=220)
args = ap.parse_args([])
torch.manual_seed(33)


class Block(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.f1 = weight_norm(nn.Linear(w, w))
        self.f2 = weight_norm(nn.Linear(w, w))
        self.alpha = nn.Parameter(torch.zeros(()))
        self.act = nn.RReLU(0.05, 0.3)

    def forward(self, x):
        return x + self.alpha * self.f2(self.act(self.f1(x)))


class Tower(nn.Module):
    def __init__(self, depth, w):
        super().__init__()
        self.stem = nn.Linear(64, w)
        self.blocks = nn.ModuleList(Block(w) for _ in range(depth))
        self.gate = nn.PReLU(w)
        self.head = nn.Linear(w, 10)

    def forward(self, x):
        x = self.stem(x)
        for b in self.blocks:
            x = b(x)
        return self.head(self.gate(x))


X, y = load_digits(return_X_y=True)
X = torch.tensor((X - 4.9) / 6.0, dtype=torch.float32)
y = torch.tensor(y)
cut = torch.randperm(len(X), generator=torch.Generator().manual_seed(1))
tr, te = cut[:1300], cut[1300:]

model = Tower(args.blocks, args.width)
scalars = [p for n, p in model.named_parameters() if n.endswith("alpha")]
rest = [p for n, p in model.named_parameters() if not n.endswith("alpha")]
opt = torch.optim.AdamW([{"params": rest, "weight_decay": 1e-3}, {"params": scalars, "weight_decay": 0.0}], lr=3e-3)


def rate(i, warm=25):
    if i < warm:
        return i / warm
    return 0.5 * (1 + math.cos(math.pi * (i - warm) / (args.steps - warm)))


sched = torch.optim.lr_scheduler.LambdaLR(opt, rate)
avg = AveragedModel(model)
crit = nn.CrossEntropyLoss(label_smoothing=0.05)
for i in range(args.steps):
    pick = tr[torch.randint(len(tr), (64,))]
    noisy = X[pick] + 0.2 * torch.randn(64, 64)
    loss = crit(model(noisy), y[pick])
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if i >= args.steps * 3 // 4:
        avg.update_parameters(model)
    if i % 50 == 0:
        a = torch.stack(scalars).detach().abs()
        print(f"{i:4d} loss {loss.item():.3f} mean |alpha| {a.mean():.3f}")

avg.eval()
with torch.no_grad():
    acc = (avg(X[te]).argmax(1) == y[te]).float().mean().item()
print("chance", 0.1)
print("final accuracy", round(acc, 4))
