"""Find the one rare class (digit 7) in MNIST; conv detector with a focal-loss style prior."""
import gzip
import math
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.metrics import average_precision_score

DATA = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
PRIOR = 0.01
TARGET = 7


def load(split, n):
    with gzip.open(os.path.join(DATA, f"{split}-images-idx3-ubyte.gz")) as f:
        f.read(16)
        x = np.frombuffer(f.read(n * 784), np.uint8).reshape(n, 1, 28, 28)
    with gzip.open(os.path.join(DATA, f"{split}-labels-idx1-ubyte.gz")) as f:
        f.read(8)
        y = np.frombuffer(f.read(n), np.uint8)
    x = torch.from_numpy(x.astype(np.float32)) / 255.0
    return (x - 0.1307) / 0.3081, torch.from_numpy((y == TARGET).astype(np.float32))


class Detector(nn.Module):
    def __init__(self, prior=PRIOR):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 5, stride=2)
        self.conv2 = nn.Conv2d(12, 24, 3, stride=2)
        self.conv3 = nn.Conv2d(24, 32, 3)
        self.score = nn.Linear(32 * 9, 1)
        bias_value = -math.log((1 - prior) / prior)
        for m in self.modules():
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                nn.init.constant_(m.bias, bias_value)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.relu(self.conv3(x))
        x = x.flatten(1)
        return self.score(x).squeeze(-1)


def focal_loss(logits, target, gamma=2.0, alpha=0.75):
    ce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    p = torch.sigmoid(logits)
    pt = torch.where(target > 0.5, p, 1 - p)
    a = torch.where(target > 0.5, torch.full_like(p, alpha), torch.full_like(p, 1 - alpha))
    return (a * (1 - pt) ** gamma * ce).mean()


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        s = torch.cat([model(b) for b in x.split(500)])
    model.train()
    return average_precision_score(y.numpy(), s.numpy())


torch.manual_seed(0)
x_train, y_train = load("train", 6000)
x_test, y_test = load("t10k", 2000)
model = Detector()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(5):
    running = 0.0
    for idx in torch.randperm(len(x_train)).split(64):
        loss = focal_loss(model(x_train[idx]), y_train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        running += loss.item() * len(idx)
    print(f"epoch {epoch} focal {running / len(x_train):.5f} AP {evaluate(model, x_test, y_test):.4f}")
print("test average precision", round(evaluate(model, x_test, y_test), 4))
