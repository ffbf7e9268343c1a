"""Pretrain a small convnet on digits 0-4, freeze it, train a new head for digits 5-9."""
import os

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)


class Backbone(nn.Module):
    def __init__(self, out=64):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(inplace=True),
            nn.Conv2d(16, 32, 3, padding=1, stride=2), nn.BatchNorm2d(32), nn.ReLU(inplace=True),
            nn.Flatten(), nn.Linear(32 * 16, out), nn.LeakyReLU(0.1),
        )

    def forward(self, x):
        return self.net(x)


class Classifier(nn.Module):
    def __init__(self, backbone, n_feat=64, n_classes=5):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(n_feat, n_classes)

    def forward(self, x):
        return self.head(self.backbone(x))


def fit(model, x, y, steps, lr, frozen=False):
    params = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.SGD(params, lr=lr, momentum=0.9)
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.05)
    model.train()
    if frozen:
        model.backbone.eval()
    for step in range(steps):
        i = torch.randint(0, len(x), (64,))
        loss = loss_fn(model(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"{'transfer' if frozen else 'pretrain'}: {sum(p.numel() for p in params)} trained parameters, loss {loss.item():.3f}")


data = load_digits()
X = torch.tensor(data.images / 16.0, dtype=torch.float32)[:, None]
Y = torch.tensor(data.target)
order = torch.tensor(np.random.default_rng(SEED).permutation(len(X)))
X, Y = X[order], Y[order]
source, target = Y < 5, Y >= 5

backbone = Backbone()
pre = Classifier(backbone)
fit(pre, X[source], Y[source], steps=300, lr=0.02)

for p in backbone.parameters():
    p.requires_grad = False
xt, yt = X[target], Y[target] - 5
cut = len(xt) * 2 // 3
model = Classifier(backbone)
fit(model, xt[:cut], yt[:cut], steps=400, lr=0.05, frozen=True)

model.eval()
with torch.no_grad():
    acc = (model(xt[cut:]).argmax(1) == yt[cut:]).float().mean().item()
base = (yt[cut:] == yt[:cut].mode().values).float().mean().item()
print(f"target accuracy {acc:.4f}   majority class {base:.4f}")
