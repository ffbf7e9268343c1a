"""Mini U-Net that segments bright blobs ("cells") in noisy 32x32 images."""
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 11
torch.manual_seed(SEED)
np.random.seed(SEED)

CFG = dict(n_train=320, n_val=64, size=32, base=8, lr=2e-3, epochs=12, batch=16, prior=0.03)


def synth(n, size):
    yy, xx = np.mgrid[0:size, 0:size]
    imgs, masks = [], []
    for _ in range(n):
        m = np.zeros((size, size), bool)
        for _ in range(np.random.randint(1, 4)):
            cy, cx = np.random.uniform(4, size - 4, 2)
            r = np.random.uniform(2, 4)
            m |= (yy - cy) ** 2 + (xx - cx) ** 2 < r * r
        img = 0.9 * m + np.random.normal(0, 0.45, (size, size))
        imgs.append(img - img.mean())
        masks.append(m)
    to = lambda a: torch.tensor(np.array(a), dtype=torch.float32)[:, None]
    return to(imgs), to(masks)


def double_conv(cin, cout):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(cout, cout, 3, padding=1),
        nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    def __init__(self, base, prior):
        super().__init__()
        self.d1 = double_conv(1, base)
        self.d2 = double_conv(base, base * 2)
        self.mid = double_conv(base * 2, base * 4)
        self.u2 = double_conv(base * 6, base * 2)
        self.u1 = double_conv(base * 3, base)
        self.head = nn.Conv2d(base, 1, 1)
        self.reset(prior)

    def reset(self, prior):
        b = -math.log((1 - prior) / prior)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.constant_(m.bias, b)

    def forward(self, x):
        s1 = self.d1(x)
        s2 = self.d2(F.max_pool2d(s1, 2))
        h = self.mid(F.max_pool2d(s2, 2))
        h = F.interpolate(h, scale_factor=2, mode="nearest")
        h = self.u2(torch.cat([h, s2], 1))
        h = F.interpolate(h, scale_factor=2, mode="nearest")
        h = self.u1(torch.cat([h, s1], 1))
        return self.head(h)


def dice(logits, target):
    p = (logits > 0).float()
    inter = (p * target).sum()
    return (2 * inter / (p.sum() + target.sum() + 1e-6)).item()


def main():
    xt, yt = synth(CFG["n_train"], CFG["size"])
    xv, yv = synth(CFG["n_val"], CFG["size"])
    net = UNet(CFG["base"], CFG["prior"])
    opt = torch.optim.Adam(net.parameters(), lr=CFG["lr"])
    for ep in range(CFG["epochs"]):
        net.train()
        perm = torch.randperm(len(xt))
        tot = 0.0
        for i in range(0, len(xt), CFG["batch"]):
            idx = perm[i : i + CFG["batch"]]
            loss = F.binary_cross_entropy_with_logits(net(xt[idx]), yt[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * len(idx)
        net.eval()
        with torch.no_grad():
            d = dice(net(xv), yv)
        print(f"[{ep:2d}] bce {tot / len(xt):.4f}  val dice {d:.3f}")


if __name__ == "__main__":
    main()
