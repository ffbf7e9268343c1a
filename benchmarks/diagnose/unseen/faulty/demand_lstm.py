# Next-day demand forecast, one LSTM with a small decoder per horizon.
import math
import torch

torch.set_num_threads(1)
import torch.nn as nn


def series(n_stores=60, days=140, seed=0):
    g = torch.Generator().manual_seed(seed)
    day = torch.arange(days).float()
    base = 40 + 25 * torch.rand(n_stores, 1, generator=g)
    week = torch.sin(2 * math.pi * day / 7 + 6.28 * torch.rand(n_stores, 1, generator=g))
    month = torch.sin(2 * math.pi * day / 30 + 6.28 * torch.rand(n_stores, 1, generator=g))
    out = base + 30 * week + 18 * month + 3 * torch.randn(n_stores, days, generator=g)
    return out


def windows(s, look=28, ahead=3):
    xs, ys = [], []
    for start in range(0, s.shape[1] - look - ahead, 3):
        xs.append(s[:, start:start + look])
        ys.append(s[:, start + look:start + look + ahead])
    return torch.cat(xs).unsqueeze(-1), torch.cat(ys)


class Forecaster(nn.Module):
    def __init__(self, hidden=32, ahead=3):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.decoders = nn.ModuleList(
            nn.Sequential(nn.Linear(hidden, 16), nn.Tanh(), nn.Linear(16, 1), nn.Tanh())
            for _ in range(ahead)
        )

    def forward(self, x):
        seq, _ = self.lstm(x)
        last = seq[:, -1]
        return torch.cat([d(last) for d in self.decoders], dim=1)


torch.manual_seed(12)
raw = series()
mean, std = raw[:, :100].mean(), raw[:, :100].std()
norm = (raw - mean) / std
tx, ty = windows(norm[:, :100])
vx, vy = windows(norm[:, 72:])
net = Forecaster()
opt = torch.optim.Adam(net.parameters(), lr=6e-3)
sched = torch.optim.lr_scheduler.StepLR(opt, step_size=6, gamma=0.5)

for epoch in range(16):
    order = torch.randperm(len(tx))
    for b in range(0, len(order), 64):
        sel = order[b:b + 64]
        loss = ((net(tx[sel]) - ty[sel]) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        opt.step()
    sched.step()
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1}: mse {loss.item():.4f}")

with torch.no_grad():
    rmse = ((net(vx) - vy) ** 2).mean().sqrt() * std
print(f"final rmse {rmse.item():.3f}")
