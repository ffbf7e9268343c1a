"""Breast cancer diagnosis from the Wisconsin table, nn.Sequential version."""
import os
import random
import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

seed = int(os.environ.get("SEED", 42))
random.seed(seed)
np.random.seed(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.3, stratify=y, random_state=seed)

X_train = torch.tensor(X_train, dtype=torch.float32)
X_test = torch.tensor(X_test, dtype=torch.float32)
y_train = torch.tensor(y_train, dtype=torch.float32).view(-1, 1)
y_test = torch.tensor(y_test, dtype=torch.float32).view(-1, 1)

model = nn.Sequential(
    nn.Linear(30, 32),
    nn.Tanh(),
    nn.Linear(32, 16),
    nn.Tanh(),
    nn.Linear(16, 1),
)

criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

n_epochs = 60
batch_size = 32

for epoch in range(n_epochs):
    model.train()
    order = torch.randperm(len(X_train))
    epoch_loss = 0.0
    for start in range(0, len(order), batch_size):
        idx = order[start:start + batch_size]
        logits = model(X_train[idx])
        loss = criterion(logits, y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(idx)
    if (epoch + 1) % 10 == 0:
        model.eval()
        with torch.no_grad():
            test_logits = model(X_test)
            test_loss = criterion(test_logits, y_test).item()
            acc = ((test_logits > 0).float() == y_test).float().mean().item()
        print(f"Epoch [{epoch + 1}/{n_epochs}] loss {epoch_loss / len(X_train):.4f} "
              f"val loss {test_loss:.4f} val acc {acc:.4f}")

with torch.no_grad():
    test_logits = model(X_test)
    pred = (test_logits > 0).float()
    accuracy = (pred == y_test).float().mean().item()
    malignant = y_test == 0
    recall = ((pred == 0) & malignant).sum().item() / malignant.sum().item()
print(f"recall on malignant: {recall:.4f}")
print(f"final test log loss: {criterion(test_logits, y_test).item():.4f}")
print(f"final test accuracy: {accuracy:.4f}")
