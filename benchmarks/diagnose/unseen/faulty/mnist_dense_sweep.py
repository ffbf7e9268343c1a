# quick learning-rate sweep for the MNIST dense net
import gzip
import os
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 7
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)

data_dir = os.environ.get("DATA_DIR", "../shared/data")
raw = os.path.join(data_dir, "MNIST", "raw")

with gzip.open(os.path.join(raw, "t10k-images-idx3-ubyte.gz")) as f:
    images = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)
with gzip.open(os.path.join(raw, "t10k-labels-idx1-ubyte.gz")) as f:
    labels = np.frombuffer(f.read(), np.uint8, offset=8)

X = torch.from_numpy(images.astype(np.float32)) / 255.0
X = (X - 0.1307) / 0.3081
y = torch.from_numpy(labels.astype(np.int64))
X_train, y_train = X[:8000], y[:8000]
X_val, y_val = X[8000:], y[8000:]
print("train", tuple(X_train.shape), "val", tuple(X_val.shape))


class DenseNet(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList()
        for a, b in zip(sizes[:-1], sizes[1:]):
            self.layers.append(nn.Linear(a, b))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x)


configs = [
    {"name": "a", "lr": 3e-4, "hidden": 128},
    {"name": "b", "lr": 1e-3, "hidden": 128},
    {"name": "c", "lr": 1e-1, "hidden": 128},
]

results = {}
for cfg in configs:
    torch.manual_seed(SEED)
    model = DenseNet([784, cfg["hidden"], cfg["hidden"], cfg["hidden"], 10])
    opt = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
    loss_fn = nn.CrossEntropyLoss()
    step = 0
    for epoch in range(3):
        model.train()
        perm = torch.randperm(len(X_train))
        running = 0.0
        for i in range(0, len(perm), 64):
            idx = perm[i:i + 64]
            opt.zero_grad()
            loss = loss_fn(model(X_train[idx]), y_train[idx])
            loss.backward()
            opt.step()
            running += loss.item()
            step += 1
        model.eval()
        with torch.no_grad():
            out = model(X_val)
            val_loss = loss_fn(out, y_val).item()
            acc = (out.argmax(1) == y_val).float().mean().item()
        print(f"cfg {cfg['name']} lr {cfg['lr']:.4f} epoch {epoch} step {step} "
              f"train {running / 125:.4f} val {val_loss:.4f} acc {acc:.4f}")
    results[cfg["name"]] = acc

for name, acc in sorted(results.items(), key=lambda kv: -kv[1]):
    print(name, round(acc, 4))
print("last config acc", round(results["c"], 4), "mean acc", round(float(np.mean(list(results.values()))), 4))
