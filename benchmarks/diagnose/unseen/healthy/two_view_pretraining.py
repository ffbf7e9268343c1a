import gzip
import os
import struct
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

ROOT = os.environ.get("DATA_DIR", "../shared/data")


@dataclass
class Cfg:
    hidden: int = 128
    feat: int = 64
    lr: float = 0.1
    steps: int = 800
    batch: int = 128
    probe_steps: int = 400


def read_idx(name):
    with gzip.open(os.path.join(ROOT, "MNIST/raw", name + ".gz")) as f:
        raw = f.read()
    dims = struct.unpack(">" + "I" * raw[3], raw[4:4 + 4 * raw[3]])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(dims).copy()


def load(split, n):
    x = torch.from_numpy(read_idx(split + "-images-idx3-ubyte")[:n]).float()[:, None] / 255
    return x, torch.from_numpy(read_idx(split + "-labels-idx1-ubyte")[:n]).long()


def augment(x):
    b = len(x)
    theta = torch.zeros(b, 2, 3)
    ang = (torch.rand(b) - 0.5) * 0.6
    sc = 0.85 + 0.3 * torch.rand(b)
    theta[:, 0, 0], theta[:, 0, 1] = sc * ang.cos(), -sc * ang.sin()
    theta[:, 1, 0], theta[:, 1, 1] = sc * ang.sin(), sc * ang.cos()
    theta[:, :, 2] = (torch.rand(b, 2) - 0.5) * 0.2
    return F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), align_corners=False)


def mlp(*sizes, last_bn):
    layers = []
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        layers.append(nn.Linear(a, b, bias=False))
        if i < len(sizes) - 2:
            layers += [nn.BatchNorm1d(b), nn.ReLU()]
        elif last_bn:
            layers.append(nn.BatchNorm1d(b, affine=False))
    return nn.Sequential(*layers)


class TwoView(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.encoder = mlp(784, c.hidden, c.hidden, c.feat, last_bn=True)
        self.predictor = mlp(c.feat, c.feat // 4, c.feat, last_bn=False)

    def forward(self, a, b):
        za, zb = self.encoder(a.flatten(1)), self.encoder(b.flatten(1))
        pa, pb = self.predictor(za), self.predictor(zb)
        sim = lambda p, z: -F.cosine_similarity(p, z.detach(), dim=1).mean()
        return (sim(pa, zb) + sim(pb, za)) / 2, za


def main():
    c = Cfg()
    torch.manual_seed(29)
    (x, y), (xt, yt) = load("train", 8000), load("t10k", 2000)
    net = TwoView(c)
    opt = torch.optim.SGD(net.parameters(), lr=c.lr, momentum=0.9, weight_decay=1e-4)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, c.steps)
    for step in range(c.steps):
        v = x[torch.randint(0, len(x), (c.batch,))]
        loss, z = net(augment(v), augment(v))
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        sched.step()
        if step % 160 == 0:
            print(f"step {step} loss {loss.item():.4f} spread {F.normalize(z.detach(), dim=1).std(0).mean():.4f}")
    net.eval()
    with torch.no_grad():
        f, ft = net.encoder(x.flatten(1)), net.encoder(xt.flatten(1))
    probe = nn.Linear(c.feat, 10)
    popt = torch.optim.Adam(probe.parameters(), lr=0.02)
    few = torch.arange(1000)
    for _ in range(c.probe_steps):
        idx = few[torch.randint(0, 1000, (128,))]
        ploss = F.cross_entropy(probe(f[idx]), y[idx])
        popt.zero_grad()
        ploss.backward()
        popt.step()
    print("baseline 0.5245")
    print(f"metric {(probe(ft).argmax(1) == yt).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
