"""Multi-task digits: class (10-way) plus two regression attributes (ink, centre of mass).

A shared trunk produces a compact descriptor which is used by three small heads.
"""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(2024)


def build_dataset():
    d = load_digits()
    img = d.images / 16.0
    ink = img.mean((1, 2))
    rows = np.arange(8)[None, :, None]
    com = (img * rows).sum((1, 2)) / img.sum((1, 2))
    attrs = np.stack([ink, com], 1)
    attrs = (attrs - attrs.mean(0)) / attrs.std(0)
    return TensorDataset(
        torch.tensor(img, dtype=torch.float32).unsqueeze(1) - 0.3,
        torch.tensor(d.target),
        torch.tensor(attrs, dtype=torch.float32),
    )


class Trunk(nn.Module):
    def __init__(self, descriptor=12):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(16)
        self.bn2 = nn.BatchNorm2d(32)
        self.proj = nn.Linear(32 * 4, descriptor)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        return self.proj(x.flatten(1))


class MultiTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = Trunk()
        self.cls_head = nn.Linear(12, 10)
        self.reg_head = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 2))
        self.cache = None

    def describe(self, x):
        self.cache = self.trunk(x).data
        return self.cache

    def forward(self, x):
        z = self.describe(x)
        return self.cls_head(z), self.reg_head(z)


train_set, val_set = random_split(build_dataset(), [1400, 397])
train_dl = DataLoader(train_set, batch_size=50, shuffle=True)
val_dl = DataLoader(val_set, batch_size=397)

net = MultiTask()
optim = torch.optim.Adam(net.parameters(), lr=2e-3)
log_every = 5

for epoch in range(20):
    net.train()
    meter = []
    for img, label, attr in train_dl:
        logits, pred = net(img)
        l_cls = F.cross_entropy(logits, label)
        l_reg = F.mse_loss(pred, attr)
        loss = l_cls + 0.5 * l_reg
        optim.zero_grad()
        loss.backward()
        optim.step()
        meter.append((l_cls.item(), l_reg.item()))
    if (epoch + 1) % log_every == 0:
        net.eval()
        with torch.no_grad():
            img, label, attr = next(iter(val_dl))
            logits, pred = net(img)
            acc = (logits.argmax(1) == label).float().mean().item()
            mse = F.mse_loss(pred, attr).item()
        a, b = np.mean(meter, 0)
        print(f"epoch {epoch + 1:2d} | train ce {a:.4f} mse {b:.4f} | val acc {acc:.4f} mse {mse:.4f}")
