"""Segment ellipses in noisy images with a small U-Net."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.set_num_threads(1)


class Blobs(Dataset):
    def __init__(self, n, size=48, seed=0):
        rng = np.random.default_rng(seed)
        yy, xx = np.mgrid[:size, :size]
        self.x = np.empty((n, 1, size, size), np.float32)
        self.y = np.zeros((n, 1, size, size), np.float32)
        for i in range(n):
            for _ in range(rng.integers(1, 4)):
                cy, cx = rng.uniform(6, size - 6, 2)
                a, b = rng.uniform(3, 8, 2)
                th = rng.uniform(0, np.pi)
                u = (xx - cx) * np.cos(th) + (yy - cy) * np.sin(th)
                v = -(xx - cx) * np.sin(th) + (yy - cy) * np.cos(th)
                self.y[i, 0][(u / a) ** 2 + (v / b) ** 2 < 1] = 1
            texture = rng.normal(0, 1, (size, size))
            ramp = 0.8 * (xx / size - 0.5) * rng.choice([-1, 1])
            self.x[i, 0] = 1.1 * self.y[i, 0] + 0.7 * texture + ramp

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return torch.from_numpy(self.x[i]), torch.from_numpy(self.y[i])


def double_conv(cin, cout):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU(inplace=True),
        nn.Conv2d(cout, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    def __init__(self, base=8):
        super().__init__()
        self.enc1 = double_conv(1, base)
        self.enc2 = double_conv(base, base * 2)
        self.bottom = double_conv(base * 2, base * 4)
        self.up2 = nn.ConvTranspose2d(base * 4, base * 2, 2, stride=2)
        self.dec2 = double_conv(base * 4, base * 2)
        self.up1 = nn.ConvTranspose2d(base * 2, base, 2, stride=2)
        self.dec1 = double_conv(base * 2, base)
        self.head = nn.Conv2d(base, 1, 1)

    def forward(self, x):
        e1 = self.enc1(x)
        e2 = self.enc2(F.max_pool2d(e1, 2))
        b = self.bottom(F.max_pool2d(e2, 2))
        d2 = self.dec2(torch.cat([self.up2(b), e2], 1))
        d1 = self.dec1(torch.cat([self.up1(d2), e1], 1))
        return torch.sigmoid(self.head(d1))


def iou(out, target):
    pred = torch.sigmoid(out) > 0.5
    t = target > 0.5
    return ((pred & t).sum().float() / (pred | t).sum().clamp(min=1)).item()


def main():
    torch.manual_seed(2)
    train = DataLoader(Blobs(480, seed=1), batch_size=16, shuffle=True)
    val = DataLoader(Blobs(96, seed=2), batch_size=48)
    model = UNet()
    criterion = nn.BCEWithLogitsLoss()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(1, 7):
        model.train()
        total = 0.0
        for x, y in train:
            loss = criterion(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item()
        model.eval()
        with torch.no_grad():
            scores = [iou(model(x), y) for x, y in val]
        print(f"epoch {epoch}: loss {total / len(train):.4f} val IoU {sum(scores) / len(scores):.4f}")


if __name__ == "__main__":
    main()
