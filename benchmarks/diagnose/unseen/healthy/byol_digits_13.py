"""BYOL-style self-supervised learning with an EMA teacher, then a linear probe."""
import copy
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)


class Encoder(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.GELU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.GELU(),
            nn.Flatten(), nn.Linear(32 * 16, dim))

    def forward(self, x):
        return self.net(x)


def mlp(i, h, o):
    return nn.Sequential(nn.Linear(i, h), nn.BatchNorm1d(h), nn.GELU(), nn.Linear(h, o))


class BYOL(nn.Module):
    def __init__(self, momentum=0.98):
        super().__init__()
        self.online = nn.Sequential(Encoder(), mlp(64, 128, 32))
        self.predictor = mlp(32, 64, 32)
        self.target = copy.deepcopy(self.online).requires_grad_(False)
        self.momentum = momentum

    @torch.no_grad()
    def update_target(self, progress):
        m = 1 - (1 - self.momentum) * (math.cos(math.pi * progress) + 1) / 2
        for t, o in zip(self.target.parameters(), self.online.parameters()):
            t.mul_(m).add_(o, alpha=1 - m)

    def forward(self, a, b):
        pa, pb = self.predictor(self.online(a)), self.predictor(self.online(b))
        with torch.no_grad():
            ta, tb = self.target(a), self.target(b)
        cos = F.cosine_similarity(pa, tb, dim=1) + F.cosine_similarity(pb, ta, dim=1)
        return 2 - cos.mean()


def augment(x):
    n = len(x)
    theta = torch.zeros(n, 2, 3)
    ang, sc = (torch.rand(n) - 0.5) * 0.5, 1 + (torch.rand(n) - 0.5) * 0.3
    theta[:, 0, 0], theta[:, 0, 1] = ang.cos() * sc, -ang.sin() * sc
    theta[:, 1, 0], theta[:, 1, 1] = ang.sin() * sc, ang.cos() * sc
    theta[:, :, 2] = (torch.rand(n, 2) - 0.5) * 0.4
    x = F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), align_corners=False)
    return x * (0.8 + 0.4 * torch.rand(n, 1, 1, 1)) + 0.05 * torch.randn_like(x)


X, y = load_digits(return_X_y=True)
X = torch.tensor(X / 16.0, dtype=torch.float32).view(-1, 1, 8, 8)
perm = torch.randperm(len(X))
X, y = X[perm], y[perm.numpy()]
xtr, xte = X[:1300], X[1300:]
model = BYOL()
params = [p for p in model.parameters() if p.requires_grad]
opt = torch.optim.AdamW(params, lr=2e-3, weight_decay=1e-4)
STEPS = 500
for step in range(STEPS):
    b = xtr[torch.randint(len(xtr), (128,))]
    loss = model(augment(b), augment(b))
    opt.zero_grad()
    loss.backward()
    opt.step()
    model.update_target(step / STEPS)
    if step % 100 == 0:
        print(f"step {step} loss {loss.item():.4f}")

model.eval()
enc = model.online[0]
with torch.no_grad():
    ftr, fte = enc(xtr).numpy(), enc(xte).numpy()
probe = LogisticRegression(max_iter=500).fit(ftr, y[:1300])
majority = max((y[1300:] == c).mean() for c in range(10))
print(f"probe accuracy {probe.score(fte, y[1300:]):.4f}  baseline (majority) {majority:.4f}")
