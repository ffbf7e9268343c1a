# One-step-ahead forecast of a monthly passenger series with an Elman network.
import numpy as np
import torch
from torch import nn

SEED = 3
WINDOW = 18
HIDDEN = 24
EPOCHS = 150

rng = np.random.default_rng(SEED)
torch.manual_seed(SEED)


def make_series(n=480):
    t = np.arange(n)
    level = 420 + 0.25 * t
    season = 90 * np.sin(2 * np.pi * t / 12) + 45 * np.cos(2 * np.pi * t / 6)
    cycle = 60 * np.sin(2 * np.pi * t / 41)
    return (level + season + cycle + rng.normal(0, 8, n)).astype(np.float32)


def windows(series, length):
    xs = np.stack([series[i:i + length] for i in range(len(series) - length)])
    return xs


class ElmanForecaster(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.cell = nn.RNNCell(1, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h = x.new_zeros(x.size(0), self.cell.hidden_size)
        for step in range(x.size(1)):
            h = self.cell(x[:, step:step + 1], h)
        return self.out(h).squeeze(1)


series = make_series()
split = 360
mu, sigma = series[:split].mean(), series[:split].std()
scaled = (series - mu) / sigma

inputs = windows(series, WINDOW)
targets = scaled[WINDOW:]
cut = split - WINDOW
x_train, y_train = torch.from_numpy(inputs[:cut]), torch.from_numpy(targets[:cut])
x_test, y_test = torch.from_numpy(inputs[cut:]), torch.from_numpy(targets[cut:])

model = ElmanForecaster(HIDDEN)
optimizer = torch.optim.RMSprop(model.parameters(), lr=2e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=50, gamma=0.5)
loss_fn = nn.MSELoss()

for epoch in range(EPOCHS):
    order = torch.randperm(len(x_train))
    losses = []
    for i in range(0, len(order), 64):
        b = order[i:i + 64]
        optimizer.zero_grad()
        loss = loss_fn(model(x_train[b]), y_train[b])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    scheduler.step()
    if (epoch + 1) % 30 == 0:
        print(f"[{epoch + 1}/{EPOCHS}] mse={np.mean(losses):.4f}")

with torch.no_grad():
    pred = model(x_test)
    rmse = loss_fn(pred, y_test).sqrt().item() * float(sigma)
print("test RMSE (passengers)", round(rmse, 3))
