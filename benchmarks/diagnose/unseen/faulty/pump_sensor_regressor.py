from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


@dataclass
class Settings:
    hidden: tuple = (64, 64)
    lr: float = 3e-3
    epochs: int = 25
    batch: int = 64
    ema: float = 0.98
    columns: list = field(default_factory=lambda: ["pressure_kpa", "temp_k", "rpm", "flow", "vibration"])


def simulate(n, seed):
    g = np.random.default_rng(seed)
    pressure = g.normal(310.0, 45.0, n)
    temp = g.normal(335.0, 14.0, n)
    rpm = g.normal(1480.0, 120.0, n)
    flow = g.gamma(4.0, 6.0, n)
    vib = g.exponential(2.0, n)
    a, b, c = (pressure - 310) / 45, (temp - 335) / 14, (rpm - 1480) / 120
    wear = 1.4 * np.tanh(a * b) + 0.8 * np.sin(1.5 * c) + 0.5 * a + 0.03 * (flow - 24) + 0.1 * vib * (b > 0)
    wear += g.normal(0, 0.1, n)
    return np.stack([pressure, temp, rpm, flow, vib], 1).astype("float32"), wear.astype("float32")[:, None]


class Standardiser:
    def fit(self, a):
        self.mean, self.std = a.mean(0), a.std(0) + 1e-6
        return self

    def __call__(self, a):
        return (a - self.mean) / self.std


class SensorRows(Dataset):
    def __init__(self, table, target, x_scale, y_scale):
        self.rows = table
        self.target = y_scale(target)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return {"x": self.rows[i], "y": self.target[i]}


def collate(items):
    return (torch.from_numpy(np.stack([it["x"] for it in items])),
            torch.from_numpy(np.stack([it["y"] for it in items])))


class ScaledTanh(nn.Module):
    def forward(self, x):
        return 1.7159 * torch.tanh(x * (2.0 / 3.0))


class Regressor(nn.Module):
    def __init__(self, n_in, hidden):
        super().__init__()
        sizes = (n_in, *hidden)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.act = ScaledTanh()
        self.out = nn.Linear(sizes[-1], 1)
        for lin in self.layers:
            nn.init.xavier_uniform_(lin.weight)

    def forward(self, x):
        for lin in self.layers:
            x = self.act(lin(x))
        return self.out(x)


def run(s):
    torch.manual_seed(0)
    xtr, ytr = simulate(3000, 1)
    xte, yte = simulate(1000, 2)
    xs, ys = Standardiser().fit(xtr), Standardiser().fit(ytr)
    train = SensorRows(xtr, ytr, xs, ys)
    test = SensorRows(xte, yte, xs, ys)
    net = Regressor(len(s.columns), s.hidden)
    avg = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(s.ema))
    opt = torch.optim.Adam(net.parameters(), lr=s.lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, s.epochs)
    loader = DataLoader(train, batch_size=s.batch, shuffle=True, collate_fn=collate)
    for epoch in range(s.epochs):
        run_loss = 0.0
        for x, y in loader:
            loss = nn.functional.smooth_l1_loss(net(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            avg.update_parameters(net)
            run_loss += loss.item()
        sched.step()
        if epoch % 5 == 4:
            print(f"epoch {epoch} loss {run_loss / len(loader):.4f}")
    with torch.no_grad():
        x, y = collate([test[i] for i in range(len(test))])
        return 1 - ((avg(x) - y) ** 2).mean().item() / y.var().item()


if __name__ == "__main__":
    print(f"metric {run(Settings()):.4f}")
