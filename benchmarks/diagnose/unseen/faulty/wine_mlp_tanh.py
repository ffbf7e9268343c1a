"""Classify the cultivar of a wine from its chemical analysis with a small tanh network."""
import random
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

SEED = 7
random.seed(SEED); np.random.seed(SEED); torch.manual_seed(SEED)
torch.set_num_threads(1)

X, y = load_wine(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.35, stratify=y, random_state=SEED)

train_ds = TensorDataset(torch.tensor(Xtr, dtype=torch.float32), torch.tensor(ytr))
test_x = torch.tensor(Xte, dtype=torch.float32)
test_y = torch.tensor(yte)
loader = DataLoader(train_ds, batch_size=16, shuffle=True)

model = nn.Sequential(
    nn.Linear(13, 32),
    nn.Tanh(),
    nn.Linear(32, 16),
    nn.Tanh(),
    nn.Linear(16, 3),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=60, gamma=0.5)

for epoch in range(1, 91):
    running, seen = 0.0, 0
    for xb, yb in loader:
        optimizer.zero_grad()
        out = model(xb)
        loss = criterion(out, yb)
        loss.backward()
        optimizer.step()
        running += loss.item() * xb.size(0)
        seen += xb.size(0)
    scheduler.step()
    if epoch % 30 == 0:
        print(f"epoch {epoch:3d}  loss {running / seen:.4f}")

with torch.no_grad():
    pred = model(test_x).argmax(dim=1)
print("test accuracy:", round((pred == test_y).float().mean().item(), 4))
