"""Fit a small picture (coordinates -> intensity) with a sine network."""
import math
import gzip
import numpy as np
import torch
from torch import nn


class Sine(nn.Module):
    def __init__(self, n_in, n_out, w0=30.0, first=False):
        super().__init__()
        self.w0 = w0
        self.linear = nn.Linear(n_in, n_out)
        bound = 1 / n_in if first else math.sqrt(6 / n_in) / w0
        nn.init.uniform_(self.linear.weight, -bound, bound)

    def forward(self, x):
        return torch.sin(self.w0 * self.linear(x))


raw = gzip.open("../shared/data/MNIST/raw/t10k-images-idx3-ubyte.gz").read()
imgs = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)
pic = np.block([[imgs[0], imgs[1]], [imgs[2], imgs[4]]]).astype(np.float32) / 127.5 - 1
h, w = pic.shape
yy, xx = torch.meshgrid(torch.linspace(-1, 1, h), torch.linspace(-1, 1, w), indexing="ij")
coords = torch.stack([yy, xx], -1).view(-1, 2)
target = torch.tensor(pic).view(-1, 1)

torch.manual_seed(0)
head = nn.Linear(64, 1)
nn.init.uniform_(head.weight, -math.sqrt(6 / 64) / 30, math.sqrt(6 / 64) / 30)
net = nn.Sequential(Sine(2, 64, first=True), Sine(64, 64), Sine(64, 64), head)
opt = torch.optim.Adam(net.parameters(), lr=4e-4)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.998)
for step in range(401):
    loss = ((net(coords) - target) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 100 == 0:
        print(step, "mse", round(loss.item(), 5), "psnr", round(10 * math.log10(4 / loss.item()), 2),
              "(variance", round(target.var().item(), 3), ")")
