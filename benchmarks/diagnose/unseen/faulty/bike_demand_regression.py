"""Hourly bike rentals from weather and calendar, MLP regression with early stopping."""
import copy
import os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, random_split


class BikeDataset(Dataset):
    """Six months of simulated hourly counts."""

    def __init__(self, n=4320, seed=0):
        rng = np.random.default_rng(seed)
        hour = np.arange(n) % 24
        day = np.arange(n) // 24
        weekend = (day % 7 >= 5).astype(float)
        temp = 15 + 10 * np.sin(2 * np.pi * day / 180) + 4 * np.sin(2 * np.pi * (hour - 9) / 24)
        temp = temp + rng.normal(0, 2, n)
        rain = (rng.random(n) < 0.15) * rng.gamma(2.0, 1.0, n)
        commute = np.exp(-0.5 * ((hour - 8) / 1.5) ** 2) + np.exp(-0.5 * ((hour - 17.5) / 2) ** 2)
        leisure = np.exp(-0.5 * ((hour - 14) / 3.5) ** 2)
        base = (1 - weekend) * 300 * commute + weekend * 220 * leisure + 20
        comfort = np.exp(-0.5 * ((temp - 22) / 9) ** 2)
        count = base * comfort * np.exp(-0.4 * rain) + rng.normal(0, 6, n)
        feats = np.stack([hour, weekend, temp, rain, day % 7], axis=1)
        self.x = torch.tensor((feats - feats.mean(0)) / feats.std(0), dtype=torch.float32)
        self.y = torch.tensor((count - count.mean()) / count.std(), dtype=torch.float32)[:, None]

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class DemandNet(nn.Module):
    def __init__(self, n_features, width=64):
        super().__init__()
        self.fc1 = nn.Linear(n_features, width)
        self.fc2 = nn.Linear(width, width)
        self.fc3 = nn.Linear(width, width // 2)
        self.out = nn.Linear(width // 2, 1)

    def forward(self, x):
        x = self.fc1(x)
        F.relu(x)
        x = self.fc2(x)
        F.relu(x)
        x = self.fc3(x)
        F.relu(x)
        return self.out(x)


class EarlyStopping:
    def __init__(self, patience=8):
        self.patience = patience
        self.best = float("inf")
        self.bad = 0
        self.state = None

    def step(self, value, model):
        if value < self.best - 1e-4:
            self.best, self.bad = value, 0
            self.state = copy.deepcopy(model.state_dict())
        else:
            self.bad += 1
        return self.bad >= self.patience


def run_eval(model, loader):
    model.eval()
    se = 0.0
    with torch.no_grad():
        for xb, yb in loader:
            se += F.mse_loss(model(xb), yb, reduction="sum").item()
    return se / len(loader.dataset)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(int(os.environ.get("SEED", 3)))
    data = BikeDataset()
    train_set, val_set, test_set = random_split(data, [3000, 600, 720])
    train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=256)
    test_loader = DataLoader(test_set, batch_size=256)
    model = DemandNet(5)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-4)
    stopper = EarlyStopping()
    for epoch in range(40):
        model.train()
        for xb, yb in train_loader:
            loss = F.mse_loss(model(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        val = run_eval(model, val_loader)
        if epoch % 5 == 0:
            print(f"epoch {epoch:02d} train {loss.item():.4f} val {val:.4f}")
        if stopper.step(val, model):
            print(f"early stop after epoch {epoch}")
            break
    model.load_state_dict(stopper.state)
    print(f"final test R2: {1 - run_eval(model, test_loader):.4f}")


if __name__ == "__main__":
    main()
