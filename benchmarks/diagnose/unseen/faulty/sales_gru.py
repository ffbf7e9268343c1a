"""Forecast a shop's next-week mean turnover from the last 42 days."""
import argparse
import numpy as np
import torch
import torch.nn as nn


def make_shops(n, days, rng):
    base = rng.uniform(800, 5000, (n, 1))
    t = np.arange(days)[None]
    amp = rng.uniform(0.1, 0.5, (n, 1))
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    period = rng.uniform(20, 45, (n, 1))
    growth = rng.uniform(-0.004, 0.004, (n, 1))
    weekly = 1 + 0.15 * np.sin(2 * np.pi * t / 7)
    s = base * (1 + amp * np.sin(2 * np.pi * t / period + phase)) * np.exp(growth * t) * weekly
    return (s * rng.normal(1, 0.03, s.shape)).astype(np.float32)


class Forecaster(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.readout = nn.Linear(hidden, 1)

    def forward(self, seq):
        out, _ = self.rnn(seq)
        return self.readout(out[:, -1])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--steps", type=int, default=700)
    p.add_argument("--hidden", type=int, default=32)
    a = p.parse_args([])
    torch.set_num_threads(1)
    torch.manual_seed(0)
    data = make_shops(3000, 49, np.random.default_rng(5))
    x, y = data[:, :42, None], data[:, 42:].mean(1, keepdims=True)
    y = (y - y[:2500].mean()) / y[:2500].std()
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    xtr, ytr, xva, yva = x[:2500], y[:2500], x[2500:], y[2500:]
    net = Forecaster(a.hidden)
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.0)
    for step in range(1, a.steps + 1):
        b = torch.randint(0, len(xtr), (64,))
        loss = ((net(xtr[b]) - ytr[b]) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()
        if step % 100 == 0:
            with torch.no_grad():
                mse = ((net(xva) - yva) ** 2).mean().item()
            print(f"step {step} train {loss.item():.4f} val_mse {mse:.4f}")
    print(f"final val_mse {mse:.4f}")


main()
