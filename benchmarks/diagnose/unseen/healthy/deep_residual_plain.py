"""24 residual blocks made of plain Python objects; zero-initialised branches, warm-up from lr 0, cosine decay."""
import math
import os

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.set_num_threads(1)
seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)


class Linear:
    def __init__(self, fan_in, fan_out, zero=False):
        self.W = torch.zeros(fan_in, fan_out) if zero else torch.randn(fan_in, fan_out) * fan_in ** -0.5
        self.b = torch.zeros(fan_out)

    def __call__(self, x):
        return x @ self.W + self.b

    def parameters(self):
        return [self.W, self.b]


class Norm:
    def __init__(self, dim):
        self.g = torch.ones(dim)

    def __call__(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.g

    def parameters(self):
        return [self.g]


class Block:
    def __init__(self, dim, inner):
        self.norm, self.up, self.down = Norm(dim), Linear(dim, inner), Linear(inner, dim, zero=True)

    def __call__(self, x):
        return x + self.down(torch.relu(self.up(self.norm(x))))

    def parameters(self):
        return self.norm.parameters() + self.up.parameters() + self.down.parameters()


class ResNet:
    def __init__(self, n_in, dim, depth, n_out):
        self.stem, self.norm, self.head = Linear(n_in, dim), Norm(dim), Linear(dim, n_out)
        self.blocks = [Block(dim, dim) for _ in range(depth)]

    def __call__(self, x):
        h = self.stem(x)
        for b in self.blocks:
            h = b(h)
        return self.head(self.norm(h))

    def parameters(self):
        mods = [self.stem, *self.blocks, self.norm, self.head]
        return [p for m in mods for p in m.parameters()]


X, y = load_digits(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X / 8 - 1, y, test_size=0.25, random_state=seed)
Xtr, Xte = torch.tensor(Xtr, dtype=torch.float32), torch.tensor(Xte, dtype=torch.float32)
ytr, yte = torch.tensor(ytr), torch.tensor(yte)

net = ResNet(64, 48, 24, 10)
params = net.parameters()
for p in params:
    p.requires_grad = True
TOTAL, WARM, PEAK = 700, 100, 0.1
for it in range(TOTAL):
    lr = PEAK * it / WARM if it < WARM else PEAK * 0.5 * (1 + math.cos(math.pi * (it - WARM) / (TOTAL - WARM)))
    idx = torch.randint(len(Xtr), (48,))
    loss = F.cross_entropy(net(Xtr[idx]), ytr[idx])
    for p in params:
        p.grad = None
    loss.backward()
    for p in params:
        p.data = p.data - lr * p.grad
    if it % 100 == 0:
        print(it, f"lr {lr:.4f} loss {loss.item():.4f}")

with torch.no_grad():
    acc = (net(Xte).argmax(1) == yte).float().mean().item()
print(f"test accuracy {acc:.4f}  baseline (majority) {torch.bincount(yte).max().item() / len(yte):.4f}")
