"""Tiny CenterNet-style detector: find the crosses in noisy 48x48 images."""
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.metrics import average_precision_score

torch.manual_seed(3)
rng = np.random.default_rng(3)
SIZE, STRIDE = 48, 4


def make_split(n):
    imgs = rng.normal(0.15, 0.08, (n, 1, SIZE, SIZE)).astype(np.float32)
    heat = np.zeros((n, 1, SIZE // STRIDE, SIZE // STRIDE), dtype=np.float32)
    for i in range(n):
        for _ in range(rng.integers(1, 4)):          # objects: crosses
            y, x = rng.integers(4, SIZE - 4, 2)
            b = rng.uniform(0.5, 0.9)
            imgs[i, 0, y - 3:y + 4, x] = b
            imgs[i, 0, y, x - 3:x + 4] = b
            heat[i, 0, y // STRIDE, x // STRIDE] = 1.0
        for _ in range(rng.integers(1, 4)):          # clutter: short bars and squares
            y, x = rng.integers(4, SIZE - 4, 2)
            b = rng.uniform(0.5, 0.9)
            if rng.random() < 0.5:
                imgs[i, 0, y - 3:y + 4, x] = b
            else:
                imgs[i, 0, y - 2:y + 2, x - 2:x + 2] = b
    return torch.from_numpy(imgs.clip(0, 1)), torch.from_numpy(heat)


class HeatmapNet(nn.Module):
    def __init__(self, width=16, prior=0.01):
        super().__init__()
        self.stem = nn.Conv2d(1, width, 3, padding=1)
        self.down1 = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)
        self.down2 = nn.Conv2d(2 * width, 2 * width, 3, stride=2, padding=1)
        self.mix = nn.Conv2d(2 * width, 2 * width, 3, padding=1)
        self.head = nn.Conv2d(2 * width, 1, 1)
        self.reset(prior)

    def reset(self, prior):
        # focal-loss prior as in the RetinaNet paper
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.constant_(m.bias, -math.log((1 - prior) / prior))

    def forward(self, x):
        x = F.relu(self.stem(x))
        x = F.relu(self.down1(x))
        x = F.relu(self.down2(x))
        x = F.relu(self.mix(x))
        return self.head(x)


def focal_loss(logits, target, alpha=0.25, gamma=2.0):
    ce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    p = torch.sigmoid(logits)
    pt = p * target + (1 - p) * (1 - target)
    w = alpha * target + (1 - alpha) * (1 - target)
    return (w * (1 - pt) ** gamma * ce).sum() / target.sum().clamp(min=1)


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        s = torch.cat([model(b) for b in x.split(100)])
    model.train()
    return average_precision_score(y.flatten().numpy(), s.flatten().numpy())


def main():
    xtr, ytr = make_split(2000)
    xva, yva = make_split(400)
    model = HeatmapNet()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    step, bs = 0, 16
    for epoch in range(6):
        perm = torch.randperm(len(xtr))
        for i in range(0, len(xtr), bs):
            idx = perm[i:i + bs]
            loss = focal_loss(model(xtr[idx]), ytr[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            step += 1
            if step % 100 == 0:
                print(f"step {step} loss {loss.item():.4f}")
        print(f"epoch {epoch} val AP {evaluate(model, xva, yva):.4f}")
    print(f"final AP {evaluate(model, xva, yva):.4f} (share of positive cells {yva.mean().item():.4f})")


if __name__ == "__main__":
    main()
