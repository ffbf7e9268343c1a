"""Hourly rentals (synthetic, non-negative with many zeros): ReLU on the output keeps predictions >= 0."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(0)
n = 6000
hour = rng.integers(0, 24, n)
temp = rng.normal(15, 8, n)
rain = rng.random(n) < 0.25
rate = 6 * np.exp(-0.5 * ((hour - 17) / 3.5) ** 2) + 3 * np.exp(-0.5 * ((hour - 8) / 1.5) ** 2)
rate = np.where((hour < 5) | rain, 0.15, 1.0) * rate * np.clip((temp + 5) / 20, 0.02, 2)
casual, member = rng.poisson(0.6 * rate), rng.poisson(rate)
X = np.stack([np.sin(2 * np.pi * hour / 24), np.cos(2 * np.pi * hour / 24), np.sin(4 * np.pi * hour / 24),
              np.cos(4 * np.pi * hour / 24), (temp - 15) / 8, rain * 2 - 1.0], 1)
X = torch.tensor(X, dtype=torch.float32)
Y = torch.tensor(np.stack([casual, member], 1), dtype=torch.float32)
print("zero share", (Y == 0).float().mean().item())

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(6, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 2), nn.ReLU())
nn.init.constant_(net[4].bias, 1.0)
loader = DataLoader(TensorDataset(X[:5000], Y[:5000]), batch_size=100, shuffle=True)
opt = torch.optim.RMSprop(net.parameters(), lr=1e-3)
mse = nn.MSELoss()
for epoch in range(15):
    net.train()
    for xb, yb in loader:
        opt.zero_grad()
        loss = mse(net(xb), yb)
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        p = net(X[5000:])
        val = mse(p, Y[5000:]).item()
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1} val mse {val:.3f} (mean predictor {mse(Y[:5000].mean(0).expand_as(p), Y[5000:]).item():.3f}) "
              f"share of exact zeros predicted {(p == 0).float().mean().item():.2f}")
