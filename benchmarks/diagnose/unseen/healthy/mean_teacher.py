"""Mean teacher on MNIST with 200 labels: the teacher is an exponential moving average of
the student and never sees a gradient; the consistency cost ramps up from zero."""
import argparse
import copy
import gzip
import math
import struct

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def read_idx(path):
    with gzip.open(path) as f:
        magic, = struct.unpack(">I", f.read(4))
        shape = struct.unpack(">" + "I" * (magic & 255), f.read(4 * (magic & 255)))
        return np.frombuffer(f.read(), np.uint8).reshape(shape)


def net():
    return nn.Sequential(
        nn.Conv2d(1, 12, 5, stride=2, padding=2), nn.LeakyReLU(0.1),
        nn.Conv2d(12, 24, 3, stride=2, padding=1), nn.LeakyReLU(0.1),
        nn.Flatten(), nn.Linear(24 * 49, 64), nn.LeakyReLU(0.1), nn.Linear(64, 10))


def augment(x):
    dx, dy = (int(v) for v in torch.randint(-2, 3, (2,)))
    return torch.roll(x, (dx, dy), (2, 3)) + 0.15 * torch.randn_like(x)


@torch.no_grad()
def ema_(teacher, student, decay):
    for t, s in zip(teacher.parameters(), student.parameters()):
        t.lerp_(s, 1 - decay)


@torch.no_grad()
def acc(m, x, y):
    return (m(x).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--root", default="../shared/data/MNIST/raw")
    ap.add_argument("--labels", type=int, default=200)
    ap.add_argument("--iters", type=int, default=320)
    ap.add_argument("--rampup", type=int, default=120)
    ap.add_argument("--weight", type=float, default=8.0)
    a = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)

    pix = lambda s: torch.tensor(read_idx(f"{a.root}/{s}-images-idx3-ubyte.gz")[:3000, None] / 255.0 - 0.13,
                                 dtype=torch.float32) / 0.31
    lab = lambda s: torch.tensor(read_idx(f"{a.root}/{s}-labels-idx1-ubyte.gz")[:3000].astype("int64"))
    x, y, xt, yt = pix("train"), lab("train"), pix("t10k")[:2000], lab("t10k")[:2000]
    xl, yl = x[:a.labels], y[:a.labels]

    student = net()
    teacher = copy.deepcopy(student).requires_grad_(False)
    opt = torch.optim.Adam(student.parameters(), lr=2e-3)
    for it in range(a.iters):
        li = torch.randint(a.labels, (32,))
        ui = torch.randint(len(x), (64,))
        xu = x[ui]
        logits = student(torch.cat([augment(xl[li]), augment(xu)]))
        with torch.no_grad():
            target = F.softmax(teacher(augment(xu)), dim=1)
        r = min(1.0, it / a.rampup)
        ramp = a.weight * math.exp(-5 * (1 - r) ** 2) if it else 0.0
        sup = F.cross_entropy(logits[:32], yl[li])
        cons = F.mse_loss(F.softmax(logits[32:], dim=1), target)
        loss = sup + ramp * cons
        opt.zero_grad()
        loss.backward()
        opt.step()
        ema_(teacher, student, min(0.98, 1 - 1 / (it + 1)))
        if it % 40 == 0:
            print(f"{it:4d} supervised {sup.item():.4f} consistency {cons.item():.5f} ramp {ramp:.3f}")
    print(f"student {acc(student, xt, yt):.4f}  teacher {acc(teacher, xt, yt):.4f}")
