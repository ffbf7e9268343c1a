"""Forecasts monthly passengers with a GRU on sliding windows (tutorial style)."""
import os
import numpy as np
import torch
import torch.nn as nn
from sklearn.preprocessing import MinMaxScaler, StandardScaler

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 2))
np.random.seed(SEED)
torch.manual_seed(SEED)

LOOK_BACK = 24
HIDDEN = 24
EPOCHS = 60


def make_series(months=480):
    """Trend, yearly season and noise for four routes, in thousands of passengers."""
    t = np.arange(months)
    series = []
    for k in range(4):
        season = np.sin(2 * np.pi * (t + 3 * k) / 12) + 0.4 * np.sin(4 * np.pi * t / 12)
        swing = 1 + 0.5 * np.sin(2 * np.pi * t / 130 + k)
        series.append(300 + 25 * k + 90 * season * swing + np.random.normal(0, 12, months))
    return np.stack(series)


def windows(series):
    xs, ys = [], []
    for row in series:
        for i in range(len(row) - LOOK_BACK):
            xs.append(row[i:i + LOOK_BACK])
            ys.append(row[i + LOOK_BACK])
    x = torch.tensor(np.array(xs), dtype=torch.float32).unsqueeze(-1)
    y = torch.tensor(np.array(ys), dtype=torch.float32).unsqueeze(-1)
    return x, y


class GRUForecaster(nn.Module):
    def __init__(self, hidden=HIDDEN):
        super().__init__()
        self.gru = nn.GRU(input_size=1, hidden_size=hidden, batch_first=True)
        self.head = nn.Sequential(nn.Linear(hidden, 1), nn.Sigmoid())

    def forward(self, x):
        out, _ = self.gru(x)
        return self.head(out[:, -1])


raw = make_series()
cut = 384
scaler = StandardScaler().fit(raw[:, :cut].reshape(-1, 1))
scaled = scaler.transform(raw.reshape(-1, 1)).reshape(raw.shape)
x_train, y_train = windows(scaled[:, :cut])
x_test, y_test = windows(scaled[:, cut - LOOK_BACK:])

model = GRUForecaster()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)

for epoch in range(EPOCHS):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(x_train)).split(128):
        optimizer.zero_grad()
        loss = criterion(model(x_train[idx]), y_train[idx])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item() * len(idx)
    scheduler.step()
    if (epoch + 1) % 10 == 0:
        print(f"Epoch {epoch + 1}, train MSE {total / len(x_train):.4f}")

model.eval()
with torch.no_grad():
    pred = scaler.inverse_transform(model(x_test).numpy())
true = scaler.inverse_transform(y_test.numpy())
mae_mean = np.abs(true - raw[:, :cut].mean()).mean()
print(f"MAE of the mean: {mae_mean:.2f}")
print(f"final test MAE: {np.abs(pred - true).mean():.2f} thousand passengers")
