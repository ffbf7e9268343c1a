"""Transformer encoder that forecasts the next value of a standardised electricity load series."""
import math

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


def synth_load(hours=2400, seed=9):
    rng = np.random.default_rng(seed)
    t = np.arange(hours)
    daily = 1.2 * np.sin(2 * np.pi * t / 24) + 0.4 * np.sin(4 * np.pi * t / 24 + 0.5)
    weekly = 0.6 * np.cos(2 * np.pi * t / 168)
    ar = np.zeros(hours)
    for i in range(1, hours):
        ar[i] = 0.8 * ar[i - 1] + rng.normal(0, 0.15)
    y = 30 + 8 * (daily + weekly + ar)
    return ((y - y.mean()) / y.std()).astype(np.float32)


class WindowSet(Dataset):
    def __init__(self, series, context):
        self.series, self.context = torch.from_numpy(series), context

    def __len__(self):
        return len(self.series) - self.context

    def __getitem__(self, i):
        return self.series[i:i + self.context].unsqueeze(-1), self.series[i + self.context]


class LoadTransformer(nn.Module):
    def __init__(self, d=32, heads=4, layers=2, context=24):
        super().__init__()
        self.proj = nn.Linear(1, d)
        pos = torch.arange(context).unsqueeze(1)
        div = torch.exp(torch.arange(0, d, 2) * (-math.log(10000.0) / d))
        pe = torch.zeros(context, d)
        pe[:, 0::2], pe[:, 1::2] = torch.sin(pos * div), torch.cos(pos * div)
        self.register_buffer("pe", pe)
        layer = nn.TransformerEncoderLayer(d, heads, 64, dropout=0.0, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers)
        self.head = nn.Linear(d, 1)

    def forward(self, x):
        h = self.encoder(self.proj(x) + self.pe)
        return torch.relu(self.head(h[:, -1])).squeeze(-1)


def run_epoch(model, loader, loss_fn, opt=None):
    total, n = 0.0, 0
    with torch.set_grad_enabled(opt is not None):
        for x, y in loader:
            loss = loss_fn(model(x), y)
            if opt is not None:
                opt.zero_grad()
                loss.backward()
                opt.step()
            total, n = total + loss.item() * len(x), n + len(x)
    return total / n


def main():
    torch.manual_seed(4)
    series = synth_load()
    train_dl = DataLoader(WindowSet(series[:1900], 24), batch_size=64, shuffle=True)
    test_dl = DataLoader(WindowSet(series[1900:], 24), batch_size=128)
    model = LoadTransformer()
    opt = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, 2e-3, total_steps=8)
    for epoch in range(8):
        tr = run_epoch(model, train_dl, nn.MSELoss(), opt)
        sched.step()
        print(f"epoch {epoch} train mse {tr:.4f}")
    print("test mse", round(run_epoch(model, test_dl, nn.MSELoss()), 4))


if __name__ == "__main__":
    main()
