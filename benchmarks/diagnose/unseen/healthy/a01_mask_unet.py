"""Recover the digit mask from a noisy image; small U-Net, dice loss only."""
import gzip
import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
raw = gzip.open("../shared/data/MNIST/raw/train-images-idx3-ubyte.gz").read()
imgs = torch.tensor(np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 1, 28, 28)[:1500].copy()).float() / 255
masks = (imgs > 0.4).float()
noisy = 0.6 * imgs + 0.5 * torch.randn_like(imgs)


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True),
                         nn.Conv2d(o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.d1, self.d2, self.mid = block(1, 8), block(8, 16), block(16, 24)
        self.up2, self.up1 = nn.ConvTranspose2d(24, 16, 2, stride=2), nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.u2, self.u1 = block(32, 16), block(16, 8)
        self.out = nn.Conv2d(8, 1, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(self.pool(a))
        c = self.mid(self.pool(b))
        b = self.u2(torch.cat([self.up2(c), b], 1))
        a = self.u1(torch.cat([self.up1(b), a], 1))
        return torch.sigmoid(self.out(a))


def dice_loss(p, t, eps=1.0):
    inter = (p * t).sum((1, 2, 3))
    return (1 - (2 * inter + eps) / (p.sum((1, 2, 3)) + t.sum((1, 2, 3)) + eps)).mean()


net = UNet()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(2):
    for idx in torch.randperm(1300).split(20):
        opt.zero_grad()
        loss = dice_loss(net(noisy[idx]), masks[idx])
        loss.backward()
        opt.step()
    print(f"epoch {epoch} dice loss {loss.item():.3f}")

net.eval()
with torch.no_grad():
    p = (net(noisy[1300:]) > 0.5).float()
    t = masks[1300:]
    iou = ((p * t).sum() / ((p + t) > 0).float().sum()).item()
    thr = (noisy[1300:] > 0.4).float()
    base = ((thr * t).sum() / ((thr + t) > 0).float().sum()).item()
print(f"IoU {iou:.3f}  thresholding baseline {base:.3f}")
