"""Hourly electric load from weather and calendar readings."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.model_selection import train_test_split

torch.manual_seed(3)
rng = np.random.default_rng(3)


def make_table(n=4000):
    temp = rng.normal(15, 9, n)
    pressure = rng.normal(1013, 8, n)
    humidity = rng.uniform(20, 100, n)
    hour = rng.integers(0, 24, n).astype(float)
    wind = rng.gamma(2.0, 3.0, n)
    population = rng.uniform(200, 900, n)
    load = (0.05 * (temp - 18) ** 2 + 6 * np.sin((hour - 6) / 24 * 2 * np.pi)
            + 0.02 * population + 0.03 * humidity * (temp > 22)
            - 0.1 * wind + 0.05 * (pressure - 1013) + rng.normal(0, 0.7, n))
    x = np.stack([temp, pressure, humidity, hour, wind, population], 1)
    return x, load


class LoadNet(nn.Module):
    def __init__(self, d_in, hidden=(64, 64, 32)):
        super().__init__()
        layers, d = [], d_in
        for h in hidden:
            layers += [nn.Linear(d, h), nn.ReLU()]
            d = h
        layers.append(nn.Linear(d, 1))
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return self.body(x).squeeze(-1)


def main():
    x, y = make_table()
    xtr, xva, ytr, yva = train_test_split(x, y, test_size=0.2, random_state=0)
    mu, sd = ytr.mean(), ytr.std()
    ytr, yva = (ytr - mu) / sd, (yva - mu) / sd

    t = lambda a: torch.tensor(a, dtype=torch.float32)
    loader = DataLoader(TensorDataset(t(xtr), t(ytr)), batch_size=64, shuffle=True)
    model = LoadNet(x.shape[1])
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    sched = torch.optim.lr_scheduler.StepLR(opt, step_size=8, gamma=0.5)
    loss_fn = nn.MSELoss()
    for epoch in range(25):
        model.train()
        total = 0.0
        for xb, yb in loader:
            opt.zero_grad()
            loss = loss_fn(model(xb), yb)
            loss.backward()
            opt.step()
            total += loss.item() * len(xb)
        sched.step()
        model.eval()
        with torch.no_grad():
            val = loss_fn(model(t(xva)), t(yva)).item()
        print(f"epoch {epoch:02d} train {total / len(xtr):.4f} val {val:.4f}")
    print(f"val_mse {val:.4f}")


if __name__ == "__main__":
    main()
