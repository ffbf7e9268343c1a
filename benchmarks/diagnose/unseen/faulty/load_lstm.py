# Day-ahead electricity load forecasting with an LSTM (homework 4)
import argparse

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--hidden", type=int, default=48)
parser.add_argument("--lr", type=float, default=3e-3)
parser.add_argument("--epochs", type=int, default=6)
parser.add_argument("--seq-len", type=int, default=36)
parser.add_argument("--seed", type=int, default=1)
args = parser.parse_args()

torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)

# --- synthetic grid data: load in MW, temperature in F, wind in W/m^2 ---
n = 4200
t = np.arange(n)
temp = 60 + 18 * np.sin(2 * np.pi * t / (24 * 60)) + 9 * np.sin(2 * np.pi * (t - 9) / 24) + 3 * rng.standard_normal(n)
wind = np.abs(240 + 130 * np.sin(2 * np.pi * t / 53.0) + 50 * rng.standard_normal(n))
load = 31000 + 5200 * np.sin(2 * np.pi * (t - 7) / 24) + 2100 * np.sin(4 * np.pi * (t - 3) / 24)
load += 5.5 * (temp - 62) ** 2 + 700 * rng.standard_normal(n)
feats = np.stack([load, temp, wind], axis=1).astype(np.float32)

L = args.seq_len
X = np.stack([feats[i:i + L] for i in range(n - L)])
y = load[L:].astype(np.float32)
split = 3400
y_mean, y_std = y[:split].mean(), y[:split].std()
y = (y - y_mean) / y_std

X_train, X_val = torch.from_numpy(X[:split]), torch.from_numpy(X[split:])
y_train, y_val = torch.from_numpy(y[:split]), torch.from_numpy(y[split:])
x_mean, x_std = X_train.mean((0, 1)), X_train.std((0, 1))

train_loader = DataLoader(TensorDataset(X_train, y_train), batch_size=64, shuffle=True)
val_loader = DataLoader(TensorDataset(X_val, y_val), batch_size=256)


class LoadForecaster(nn.Module):
    def __init__(self, n_features, hidden):
        super().__init__()
        self.lstm = nn.LSTM(n_features, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1]).squeeze(-1)


model = LoadForecaster(X.shape[-1], args.hidden)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)


def run_epoch(loader, train):
    model.train(train)
    total, count = 0.0, 0
    with torch.set_grad_enabled(train):
        for xb, yb in loader:
            loss = criterion(model(xb), yb)
            if train:
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
            total += loss.item() * len(xb)
            count += len(xb)
    return total / count


for epoch in range(1, args.epochs + 1):
    tr = run_epoch(train_loader, True)
    va = run_epoch(val_loader, False)
    print(f"[{epoch:02d}] train {tr:.4f}  val {va:.4f}  (val RMSE {np.sqrt(va) * y_std:.0f} MW)")
print(f"final val mse {va:.4f}")
