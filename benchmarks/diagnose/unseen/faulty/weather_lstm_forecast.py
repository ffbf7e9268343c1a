"""Hourly weather station: predict the temperature six hours ahead with an LSTM."""
import math

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

CFG = {"window": 24, "ahead": 6, "hidden": 32, "batch": 64, "lr": 2e-3, "epochs": 24, "seed": 11}


def simulate(hours, gen):
    """columns: temperature [C], pressure [hPa], humidity [%], wind [km/h]"""
    t = torch.arange(hours, dtype=torch.float32)
    noise = torch.randn(hours, 4, generator=gen)
    front = torch.zeros(hours)
    press, wind = torch.zeros(hours), torch.zeros(hours)
    for i in range(1, hours):
        front[i] = 0.97 * front[i - 1] + 0.25 * noise[i, 0]
        press[i] = 0.98 * press[i - 1] - 0.5 * front[i] + 0.3 * noise[i, 1]
        wind[i] = 0.9 * wind[i - 1] + noise[i, 2]
    temp = (14 + 6 * torch.sin(2 * math.pi * t / 24 - 2.0) + 5 * torch.sin(2 * math.pi * t / 2400)
            + 1.5 * front + 0.3 * noise[:, 3])
    hum = (70 - 2.0 * (temp - 14) + 4 * front).clamp(5, 100)
    return torch.stack([temp, 1013 + press, hum, (12 + 3 * wind).clamp(min=0)], dim=1)


class Windows(Dataset):
    def __init__(self, series, mean, std, cfg):
        self.x = series
        self.y = (series[:, 0] - mean[0]) / std[0]
        self.w, self.a = cfg["window"], cfg["ahead"]

    def __len__(self):
        return len(self.x) - self.w - self.a

    def __getitem__(self, i):
        return self.x[i:i + self.w], self.y[i + self.w + self.a - 1]


class Forecaster(nn.Module):
    def __init__(self, n_in, hidden):
        super().__init__()
        self.lstm = nn.LSTM(n_in, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h, _ = self.lstm(x)
        return self.out(h[:, -1]).squeeze(-1)


class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg
        torch.manual_seed(cfg["seed"])
        series = simulate(8000, torch.Generator().manual_seed(cfg["seed"]))
        train, val = series[:6500], series[6500:]
        mean, std = train.mean(0), train.std(0)
        self.train_dl = DataLoader(Windows(train, mean, std, cfg), cfg["batch"], shuffle=True)
        self.val_dl = DataLoader(Windows(val, mean, std, cfg), 256)
        self.net = Forecaster(4, cfg["hidden"])
        self.opt = torch.optim.Adam(self.net.parameters(), lr=cfg["lr"])
        self.loss = nn.MSELoss()

    def validate(self):
        self.net.eval()
        se, n, ys = 0.0, 0, []
        with torch.no_grad():
            for x, y in self.val_dl:
                se += ((self.net(x) - y) ** 2).sum().item()
                n += len(y)
                ys.append(y)
        self.net.train()
        return se / n, torch.cat(ys).var().item()

    def fit(self):
        for epoch in range(self.cfg["epochs"]):
            total = 0.0
            for x, y in self.train_dl:
                self.opt.zero_grad()
                loss = self.loss(self.net(x), y)
                loss.backward()
                nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
                self.opt.step()
                total += loss.item()
            mse, var = self.validate()
            print(f"epoch {epoch:2d} train {total / len(self.train_dl):.4f} val {mse:.4f} (val var {var:.4f})")
        print(f"final val mse {self.validate()[0]:.4f}")


if __name__ == "__main__":
    Trainer(CFG).fit()
