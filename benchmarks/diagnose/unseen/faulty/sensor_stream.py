"""Online learning of a virtual sensor.

Readings come in raw units as a stream; a running estimate of mean and spread
standardises them (Welford's recurrence, one update per batch), and a small tanh
network is trained on every batch once. Errors are reported on held-out readings.
"""
import math

import numpy as np
import torch
import torch.nn as nn

torch.set_num_threads(1)


class RunningScaler:
    """Mean and standard deviation of everything seen so far (Welford over batches)."""

    def __init__(self, dim):
        self.count = 0
        self.mean = torch.zeros(dim)
        self.m2 = torch.zeros(dim)

    def update(self, batch):
        self.count += 1
        delta = batch.mean(0) - self.mean
        self.mean = self.mean + delta / self.count
        self.m2 = self.m2 + batch.var(0)

    @property
    def std(self):
        return self.m2.sqrt() / self.count

    def __call__(self, x):
        return (x - self.mean) / (self.std + 1e-6)


class Plant:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.offset = self.rng.uniform(-50, 200, 8)
        self.spread = self.rng.uniform(5, 60, 8)
        self.mix = self.rng.normal(size=(4, 8)) / math.sqrt(8)

    def sample(self, n):
        z = self.rng.normal(size=(n, 8))
        p = z @ self.mix.T
        y = np.sin(2 * p[:, 0]) + p[:, 1] * p[:, 2] + 0.5 * np.abs(p[:, 3])
        x = self.offset + self.spread * z
        return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


def build():
    return nn.Sequential(
        nn.Linear(8, 64), nn.Tanh(),
        nn.Linear(64, 64), nn.Tanh(),
        nn.Linear(64, 64), nn.Tanh(),
        nn.Linear(64, 1),
    )


def main(batches=1000, batch_size=64):
    torch.manual_seed(1)
    plant = Plant(seed=5)
    x_val, y_val = plant.sample(2000)
    scaler = RunningScaler(8)
    net = build()
    opt = torch.optim.Adam(net.parameters(), lr=1.5e-3)

    avg = None
    for step in range(1, batches + 1):
        x, y = plant.sample(batch_size)
        scaler.update(x)
        pred = net(scaler(x)).squeeze(1)
        loss = nn.functional.mse_loss(pred, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        avg = loss.item() if avg is None else 0.98 * avg + 0.02 * loss.item()
        if step % 100 == 0:
            with torch.no_grad():
                val = nn.functional.mse_loss(net(scaler(x_val)).squeeze(1), y_val).item()
            print(f"batch {step:5d}   running loss {avg:.4f}   held-out mse {val:.4f}")

    with torch.no_grad():
        res = y_val - net(scaler(x_val)).squeeze(1)
    r2 = 1 - res.var() / y_val.var()
    print(f"held-out R^2: {r2.item():.3f}")


if __name__ == "__main__":
    main()
