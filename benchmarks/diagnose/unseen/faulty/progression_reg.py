import copy

import numpy as np
import torch
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
torch.manual_seed(0)
np.random.seed(0)

LR = 0.2
WEIGHT_DECAY = 1e-4
EPOCHS = 150

data = load_diabetes()
X_train, X_val, y_train, y_val = train_test_split(
    data.data, data.target, test_size=0.25, random_state=42)
scaler = StandardScaler().fit(X_train)
X_train = torch.tensor(scaler.transform(X_train), dtype=torch.float32)
X_val = torch.tensor(scaler.transform(X_val), dtype=torch.float32)
y_train = torch.tensor(y_train, dtype=torch.float32).unsqueeze(1)
y_val = torch.tensor(y_val, dtype=torch.float32).unsqueeze(1)

y_mean, y_std = y_train.mean(), y_train.std()

train_loader = DataLoader(TensorDataset(X_train, (y_train - y_mean) / y_std), batch_size=16, shuffle=True)


class Regressor(nn.Module):
    def __init__(self, n_features, hidden=(64, 64, 32, 16)):
        super().__init__()
        layers = []
        prev = n_features
        for h in hidden:
            layers += [nn.Linear(prev, h), nn.ReLU()]
            prev = h
        self.features = nn.Sequential(*layers)
        self.out = nn.Linear(prev, 1)

    def forward(self, x):
        return self.out(self.features(x))


model = Regressor(X_train.shape[1])
criterion = nn.MSELoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=WEIGHT_DECAY)

best_rmse, best_state = float("inf"), None
for epoch in range(1, EPOCHS + 1):
    model.train()
    total = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(xb)
    model.eval()
    with torch.no_grad():
        pred = model(X_val) * y_std + y_mean
        rmse = (pred - y_val).pow(2).mean().sqrt().item()
    if rmse < best_rmse:
        best_rmse, best_state = rmse, copy.deepcopy(model.state_dict())
    if epoch % 15 == 0 or epoch == 1:
        print(f"epoch {epoch:3d} train mse {total / len(X_train):.3f} val rmse {rmse:.2f}")

model.load_state_dict(best_state)
model.eval()
with torch.no_grad():
    pred = model(X_val) * y_std + y_mean
r2 = 1 - (pred - y_val).pow(2).sum() / (y_val - y_val.mean()).pow(2).sum()
print(f"best val rmse {best_rmse:.2f}  R2 {r2.item():.3f}")
