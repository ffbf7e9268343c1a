"""Hourly bike rentals: predict mean and spread with a small tanh network."""
import math
import os
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

torch.set_num_threads(1)
seed = int(os.environ.get("SEED", 0))
rng = np.random.default_rng(seed)
torch.manual_seed(seed)


@dataclass
class Config:
    width: int = 48
    lr: float = 2e-3
    steps: int = 1500
    batch: int = 128


def make_table(n):
    year = rng.integers(2011, 2015, n)
    day = rng.integers(1, 366, n)
    hour = rng.integers(0, 24, n)
    temp = 60 - 25 * np.cos(2 * np.pi * (day - 20) / 365) + rng.normal(0, 6, n)
    hum = rng.uniform(20, 100, n)
    rush = np.exp(-((hour - 8) / 1.8) ** 2) + 1.2 * np.exp(-((hour - 17.5) / 2.2) ** 2)
    mean = 1.2 * rush + 0.02 * (temp - 60) - 0.008 * (hum - 60) + 0.2 * (year - 2012)
    rentals = mean + rng.normal(0, 0.1 + 0.15 * rush, n)
    x = np.stack([year, day, hour, temp, hum], 1).astype("float32")
    return torch.from_numpy(x), torch.tensor(rentals, dtype=torch.float32)


def tanh(x):
    return 2 * torch.sigmoid(2 * x) - 1


def gaussian_nll(mu, logvar, y):
    return 0.5 * (logvar + (y - mu) ** 2 * torch.exp(-logvar) + math.log(2 * math.pi)).mean()


def build(d, cfg):
    def mat(o, i):
        return nn.Parameter(torch.randn(o, i) / math.sqrt(i))
    return nn.ParameterDict({
        "w1": mat(cfg.width, d), "b1": nn.Parameter(torch.zeros(cfg.width)),
        "w2": mat(cfg.width, cfg.width), "b2": nn.Parameter(torch.zeros(cfg.width)),
        "w3": mat(2, cfg.width), "b3": nn.Parameter(torch.zeros(2)),
    })


def predict(p, x):
    h = tanh(F.linear(x, p["w1"], p["b1"]))
    h = tanh(F.linear(h, p["w2"], p["b2"]))
    mu, logvar = F.linear(h, p["w3"], p["b3"]).unbind(-1)
    return mu, logvar.clamp(-6, 4)


cfg = Config()
x, y = make_table(6000)
x_train, y_train, x_test, y_test = x[:5000], y[:5000], x[5000:], y[5000:]

params = build(x.shape[1], cfg)
opt = torch.optim.RMSprop(params.parameters(), lr=cfg.lr)
for step in range(cfg.steps):
    b = torch.randint(0, len(x_train), (cfg.batch,))
    mu, logvar = predict(params, x_train[b])
    loss = gaussian_nll(mu, logvar, y_train[b])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 250 == 0:
        print(step, round(loss.item(), 4))

with torch.no_grad():
    mu, logvar = predict(params, x_test)
    rmse = ((mu - y_test) ** 2).mean().sqrt().item()
print(f"std of target {y_test.std().item():.4f}  test RMSE {rmse:.4f}")
