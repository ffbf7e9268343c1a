"""House price regression with a small MLP.

Columns imitate the usual Kaggle "houses" table: living area, lot size, year
built, rooms, distance to centre, overall quality.
"""
import argparse

import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=30)
parser.add_argument("--batch-size", type=int, default=64)
parser.add_argument("--lr", type=float, default=0.2)
parser.add_argument("--seed", type=int, default=3)
args = parser.parse_args()

rng = np.random.default_rng(args.seed)
torch.manual_seed(args.seed)


def make_houses(n=4000):
    area = rng.gamma(6.0, 28.0, n) + 30
    lot = area * rng.uniform(1.0, 9.0, n)
    year = rng.integers(1900, 2021, n).astype(float)
    rooms = np.clip(np.round(area / 28 + rng.normal(0, 1, n)), 1, 14)
    dist = rng.exponential(7.0, n)
    quality = rng.integers(1, 11, n).astype(float)
    price = (
        1.1 * area * (1 + 0.12 * (quality - 5))
        + 0.03 * lot
        + 60 * np.exp(-dist / 5)
        - 0.4 * np.abs(year - 1975)
        + 4 * rooms
        + rng.normal(0, 10, n)
    )
    X = np.stack([area, lot, year, rooms, dist, quality], 1)
    return X.astype(np.float32), price.astype(np.float32)


X, y = make_houses()
X_tr, X_va, y_tr, y_va = train_test_split(X, y, test_size=0.2, random_state=0)

x_mean, x_std = X_tr.mean(0), X_tr.std(0)
X_tr, X_va = (X_tr - x_mean) / x_std, (X_va - x_mean) / x_std
y_mean, y_std = y_tr.mean(), y_tr.std()
y_tr_n = (y_tr - y_mean) / y_std
y_va_n = (y_va - y_mean) / y_std

train_loader = DataLoader(
    TensorDataset(torch.from_numpy(X_tr), torch.from_numpy(y_tr_n)),
    batch_size=args.batch_size,
    shuffle=True,
)
Xv, yv = torch.from_numpy(X_va), torch.from_numpy(y_va_n)


class PriceNet(nn.Module):
    def __init__(self, n_in, hidden=64):
        super().__init__()
        self.fc1 = nn.Linear(n_in, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, hidden // 2)
        self.out = nn.Linear(hidden // 2, 1)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        x = torch.relu(self.fc3(x))
        return self.out(x).squeeze(-1)


model = PriceNet(X.shape[1])
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
criterion = nn.MSELoss()

for epoch in range(args.epochs):
    model.train()
    running = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(xb)
    model.eval()
    with torch.no_grad():
        val = criterion(model(Xv), yv).item()
    if epoch % 5 == 0 or epoch == args.epochs - 1:
        print(f"epoch {epoch:02d}  train {running / len(X_tr):.4f}  val {val:.4f}")

with torch.no_grad():
    pred = model(Xv).numpy() * y_std + y_mean
print(f"MAE {mean_absolute_error(y_va, pred):.2f}k   R2 {r2_score(y_va, pred):.3f}")
