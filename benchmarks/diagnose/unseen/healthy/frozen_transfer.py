"""Transfer learning by hand: train a convnet on digits 0-5, freeze its features, fit a new head for 6-9."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))

raw = load_digits()
x = torch.tensor(raw.images / 16, dtype=torch.float32).unsqueeze(1) - 0.3
y = torch.tensor(raw.target)
perm = torch.randperm(len(x))
x, y = x[perm], y[perm]
old = y < 6
x_src, y_src, x_new, y_new = x[old], y[old], x[~old], y[~old] - 6
n = 300
x_fit, y_fit, x_test, y_test = x_new[:n], y_new[:n], x_new[n:], y_new[n:]


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.LeakyReLU(0.01), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.LeakyReLU(0.01), nn.Flatten(), nn.Linear(512, 64), nn.Tanh())
        self.head = nn.Linear(64, classes)

    def forward(self, x):
        return self.head(self.backbone(x))


class SGD:
    """Plain momentum descent on the parameters that ask for a gradient."""

    def __init__(self, params, lr, mom=0.9, clip=5.0):
        self.params = [p for p in params if p.requires_grad]
        self.lr, self.mom, self.clip = lr, mom, clip
        self.state = {}

    def step(self):
        norm = sum(p.grad.pow(2).sum() for p in self.params).sqrt()
        factor = min(1.0, self.clip / (norm.item() + 1e-6))
        for p in self.params:
            v = self.mom * self.state.get(p, 0.0) + factor * p.grad
            self.state[p] = v
            p.data = p.data - self.lr * v

    def zero_grad(self):
        for p in self.params:
            p.grad = None


def fit(net, xs, ys, opt, steps, batch=32):
    for it in range(steps):
        idx = torch.randint(len(xs), (batch,))
        loss = F.cross_entropy(net(xs[idx]), ys[idx])
        loss.backward()
        opt.step()
        opt.zero_grad()
        if it % 200 == 0:
            print(f"  step {it} loss {loss.item():.4f}")


net = Net(6)
print("source task")
fit(net, x_src, y_src, SGD(net.parameters(), 0.02), 500)

net.head = nn.Linear(64, 4)
for p in net.backbone.parameters():
    p.requires_grad_(False)
net.backbone.eval()
print("new task, only the head moves")
fit(net, x_fit, y_fit, SGD(net.parameters(), 0.05), 600)

with torch.no_grad():
    acc = (net(x_test).argmax(1) == y_test).float().mean().item()
print(f"new-task accuracy {acc:.4f}  baseline (majority) {torch.bincount(y_test).max().item() / len(y_test):.4f}")
