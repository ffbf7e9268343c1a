"""Surrogate of a tubular reactor: predicts conversion and heat release from
the operating point (temperature, pressure, residence time, feed)."""
import os
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)


@dataclass
class Settings:
    width: int = 48
    depth: int = 3
    epochs: int = 40
    batch_size: int = 64
    lr: float = 2e-3
    heat_weight: float = 0.5


def simulate(n, seed):
    r = np.random.default_rng(seed)
    T = r.uniform(480.0, 560.0, n)          # K
    p = r.uniform(1.2e5, 3.0e5, n)          # Pa
    tau = r.uniform(20.0, 90.0, n)          # s
    feed = r.uniform(800.0, 1600.0, n)      # mol/m3
    k = 0.02 * np.exp(-9000.0 * (1 / T - 1 / 520.0))
    conv = 1 - np.exp(-k * tau * (p / 2e5) ** 0.6)
    heat = conv * feed * 0.085
    x = np.stack([T, p, tau, feed], 1).astype("float32")
    y = np.stack([conv, heat], 1).astype("float32")
    return torch.from_numpy(x), torch.from_numpy(y)


class Trunk(nn.Module):
    def __init__(self, n_in, s):
        super().__init__()
        layers, d = [], n_in
        for _ in range(s.depth):
            layers += [nn.Linear(d, s.width), nn.Tanh()]
            d = s.width
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return self.body(x)


class Surrogate(nn.Module):
    def __init__(self, s, x_mean, x_std):
        super().__init__()
        self.register_buffer("x_mean", x_mean)
        self.register_buffer("x_std", x_std)
        self.trunk = Trunk(4, s)
        self.conv_head = nn.Linear(s.width, 1)
        self.heat_head = nn.Linear(s.width, 1)

    def forward(self, x):
        h = self.trunk(x)
        return torch.cat([self.conv_head(h), self.heat_head(h)], 1)


class Trainer:
    def __init__(self, model, s):
        self.model, self.s = model, s
        self.opt = torch.optim.NAdam(model.parameters(), lr=s.lr)
        self.sched = torch.optim.lr_scheduler.ExponentialLR(self.opt, 0.96)
        self.loss = nn.SmoothL1Loss()

    def fit(self, loader):
        for epoch in range(self.s.epochs):
            total = 0.0
            for xb, yb in loader:
                out = self.model(xb)
                loss = self.loss(out[:, 0], yb[:, 0]) + self.s.heat_weight * self.loss(out[:, 1], yb[:, 1])
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
                total += loss.item()
            self.sched.step()
            if epoch % 10 == 0:
                print(f"epoch {epoch:3d}  loss {total / len(loader):.4f}")


s = Settings()
xtr, ytr = simulate(2500, 1)
xte, yte = simulate(800, 2)
mu, sd = ytr.mean(0), ytr.std(0)
loader = DataLoader(TensorDataset(xtr, (ytr - mu) / sd), batch_size=s.batch_size, shuffle=True)
model = Surrogate(s, xtr.mean(0), xtr.std(0))
Trainer(model, s).fit(loader)
model.eval()
with torch.no_grad():
    err = ((model(xte) - (yte - mu) / sd) ** 2).mean(0)
print(f"test R2 conversion {1 - err[0].item():.3f}  heat {1 - err[1].item():.3f}  mean {1 - err.mean().item():.4f}")
