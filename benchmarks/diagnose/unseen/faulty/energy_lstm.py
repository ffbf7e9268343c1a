# Next-hour electricity demand from the previous 48 hours.
import torch
torch.set_num_threads(1)
import numpy as np
from torch import nn

SEED = 7
WINDOW = 48
np.random.seed(SEED)
torch.manual_seed(SEED)


def make_series(hours=4000):
    t = np.arange(hours)
    daily = 2500 * np.sin(2 * np.pi * t / 24) + 900 * np.sin(4 * np.pi * t / 24 + 0.7)
    weekly = 1800 * np.sin(2 * np.pi * t / 168)
    drift = np.cumsum(np.random.randn(hours)) * 35
    drift -= np.linspace(drift[0], drift[-1], hours)
    demand = 21000 + daily + weekly + drift + 180 * np.random.randn(hours)
    temp = 12 + 9 * np.sin(2 * np.pi * (t - 5) / 24) + np.random.randn(hours)
    return np.stack([demand, temp], axis=1).astype(np.float32)


series = make_series()
split = 3200
mean, std = series[:split].mean(0), series[:split].std(0)
inputs = series
targets = (series[:, 0] - mean[0]) / std[0]

X = np.stack([inputs[i:i + WINDOW] for i in range(len(series) - WINDOW)])
y = targets[WINDOW:]
n_train = split - WINDOW
X_train, y_train = torch.from_numpy(X[:n_train]), torch.from_numpy(y[:n_train]).float()
X_test, y_test = torch.from_numpy(X[n_train:]), torch.from_numpy(y[n_train:]).float()


class DemandForecaster(nn.Module):
    def __init__(self, n_features=2, hidden=32):
        super().__init__()
        self.lstm = nn.LSTM(n_features, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.head(out[:, -1]).squeeze(-1)


model = DemandForecaster()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.5)

batch_size = 64
for epoch in range(6):
    model.train()
    perm = torch.randperm(len(X_train))
    running = 0.0
    for i in range(0, len(perm), batch_size):
        idx = perm[i:i + batch_size]
        optimizer.zero_grad()
        loss = criterion(model(X_train[idx]), y_train[idx])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        running += loss.item() * len(idx)
    scheduler.step()
    print(f"epoch {epoch + 1}: train mse {running / len(perm):.4f}")

model.eval()
with torch.no_grad():
    pred = model(X_test)
r2 = 1 - ((pred - y_test) ** 2).sum() / ((y_test - y_test.mean()) ** 2).sum()
print(f"final r2 {r2.item():.4f}")
