import numpy as np
import torch
import torch.nn as nn

np.random.seed(0)
torch.manual_seed(0)

t = np.arange(1500)
series = np.sin(2 * np.pi * t / 25) + 0.4 * np.sin(2 * np.pi * t / 60) + 0.05 * np.random.randn(len(t))
series = (series - series.mean()) / series.std()
LOOKBACK = 20
X = np.stack([series[i:i + LOOKBACK] for i in range(len(series) - LOOKBACK)])
y = series[LOOKBACK:]
X = torch.tensor(X, dtype=torch.float32).unsqueeze(-1)
y = torch.tensor(y, dtype=torch.float32).unsqueeze(-1)
X_train, y_train, X_test, y_test = X[:1200], y[:1200], X[1200:], y[1200:]


class Forecaster(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.linear = nn.Linear(hidden, 1)
        self.relu = nn.ReLU()

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        return self.relu(self.linear(h[-1]))


model = Forecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
loss_fn = nn.MSELoss()

for epoch in range(8):
    perm = torch.randperm(len(X_train))
    for i in range(0, len(perm), 40):
        idx = perm[i:i + 40]
        loss = loss_fn(model(X_train[idx]), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"Epoch [{epoch + 1}/8] loss: {loss.item():.4f}")

with torch.no_grad():
    print("test mse", loss_fn(model(X_test), y_test).item())
