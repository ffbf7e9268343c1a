from dataclasses import dataclass
import numpy as np
import torch
import torch.nn as nn

torch.set_num_threads(1)


@dataclass
class Config:
    window: int = 24
    hidden: int = 32
    epochs: int = 6
    batch: int = 64
    lr: float = 4e-3
    seed: int = 2


def synth_load(n, rng):
    t = np.arange(n)
    day = 260 * np.sin(2 * np.pi * t / 24 - 1.0) + 120 * np.sin(4 * np.pi * t / 24)
    week = 90 * np.sin(2 * np.pi * t / 168)
    ar = np.zeros(n)
    for i in range(1, n):
        ar[i] = 0.95 * ar[i - 1] + rng.normal() * 20
    return 1500 + day + week + ar


class LSTMCell(nn.Module):
    def __init__(self, n_in, n_hid):
        super().__init__()
        self.ih = nn.Linear(n_in, 4 * n_hid)
        self.hh = nn.Linear(n_hid, 4 * n_hid, bias=False)
        nn.init.constant_(self.ih.bias[n_hid:2 * n_hid].detach(), 1.0)

    def forward(self, x, state):
        h, c = state
        i, f, g, o = (self.ih(x) + self.hh(h)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, c


class Forecaster(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.cell = LSTMCell(1, cfg.hidden)
        self.head = nn.Linear(cfg.hidden, 1)

    def forward(self, x):
        h = x.new_zeros(len(x), self.cfg.hidden)
        c = torch.zeros_like(h)
        for t in range(x.shape[1]):
            h, c = self.cell(x[:, t:t + 1], (h, c))
        return self.head(h).squeeze(1)


class Trainer:
    def __init__(self, model, cfg):
        self.model, self.cfg = model, cfg
        self.opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)

    def run(self, x, y):
        for ep in range(self.cfg.epochs):
            losses = []
            for idx in torch.randperm(len(x)).split(self.cfg.batch):
                loss = (self.model(x[idx]) - y[idx]).pow(2).mean()
                self.opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
                self.opt.step()
                losses.append(loss.item())
            print(f"epoch {ep} mse {np.mean(losses):.4f}")


def windows(series, target, w):
    x = np.stack([series[i:i + w] for i in range(len(series) - w)])
    return torch.tensor(x, dtype=torch.float32), torch.tensor(target[w:], dtype=torch.float32)


cfg = Config()
torch.manual_seed(cfg.seed)
load = synth_load(6000, np.random.default_rng(cfg.seed))
mean, std = load[:4800].mean(), load[:4800].std()
target = (load - mean) / std
inputs = load
xtr, ytr = windows(inputs[:4800], target[:4800], cfg.window)
xte, yte = windows(inputs[4800:], target[4800:], cfg.window)
model = Forecaster(cfg)
Trainer(model, cfg).run(xtr, ytr)
with torch.no_grad():
    mse = (model(xte) - yte).pow(2).mean()
print(f"final_metric r2 {1 - (mse / yte.var()).item():.4f}")
