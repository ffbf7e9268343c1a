"""Predict the next position of a noisy planar orbit with a hand-rolled ReLU RNN."""
import math

import torch
from torch import nn

torch.manual_seed(5)

cfg = dict(hidden=64, seq_len=50, batch=64, steps=400, lr=2e-3, w_scale=0.25)


def orbits(n, length, gen=None):
    phase = torch.rand(n, 1, generator=gen) * 2 * math.pi
    omega = 0.15 + 0.25 * torch.rand(n, 1, generator=gen)
    ecc = 0.5 + 0.5 * torch.rand(n, 1, generator=gen)
    t = torch.arange(length + 1).float()
    x = torch.cos(omega * t + phase)
    y = ecc * torch.sin(omega * t + phase)
    xy = torch.stack([x, y], -1)
    noisy = xy + 0.02 * torch.randn(xy.shape, generator=gen)
    return noisy[:, :-1], xy[:, 1:]


class ReluRNN(nn.Module):
    def __init__(self, n_in, hidden, n_out, w_scale):
        super().__init__()
        self.w_in = nn.Linear(n_in, hidden)
        self.w_rec = nn.Parameter(torch.randn(hidden, hidden) * w_scale)
        self.w_out = nn.Linear(hidden, n_out)
        self.hidden = hidden

    def forward(self, x):
        h = x.new_zeros(x.size(0), self.hidden)
        outs = []
        for t in range(x.size(1)):
            h = torch.relu(self.w_in(x[:, t]) + h @ self.w_rec)
            outs.append(h)
        return self.w_out(torch.stack(outs, 1))


model = ReluRNN(2, cfg["hidden"], 2, cfg["w_scale"])
optimizer = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
val_x, val_y = orbits(256, cfg["seq_len"], torch.Generator().manual_seed(99))

for step in range(cfg["steps"]):
    x, y = orbits(cfg["batch"], cfg["seq_len"])
    loss = ((model(x) - y) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 40 == 0:
        print(f"step {step:4d} loss {loss.item():.5g}")

with torch.no_grad():
    val = ((model(val_x) - val_y) ** 2).mean()
    naive = ((val_x - val_y) ** 2).mean()
print(f"persistence mse {naive:.4f}")
print(f"final val mse {val:.5g}")
