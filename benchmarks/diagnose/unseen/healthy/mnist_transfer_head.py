"""Transfer learning: features learnt on digits 0-4, a new head for digits 5-9."""
import gzip
import os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
RAW = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def load(split, digits, limit):
    with gzip.open(os.path.join(RAW, f"{split}-images-idx3-ubyte.gz")) as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(os.path.join(RAW, f"{split}-labels-idx1-ubyte.gz")) as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)
    keep = np.flatnonzero(np.isin(y, digits))[:limit]
    x = (torch.tensor(x[keep], dtype=torch.float32) / 255 - 0.1307) / 0.3081
    return TensorDataset(x, torch.tensor(y[keep].astype(np.int64) - min(digits)))


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 5, stride=2, padding=2)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.fc = nn.Linear(16 * 7 * 7, 64)

    def forward(self, x):
        x = F.leaky_relu(self.conv1(x), 0.1)
        x = F.leaky_relu(self.conv2(x), 0.1)
        return torch.tanh(self.fc(x.flatten(1)))


class Classifier(nn.Module):
    def __init__(self, backbone, n_classes):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(64, n_classes)

    def forward(self, x):
        return self.head(self.backbone(x))


def fit(model, data, epochs, lr):
    loader = DataLoader(data, batch_size=64, shuffle=True)
    params = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(params, lr=lr)
    for epoch in range(epochs):
        total = 0.0
        for x, y in loader:
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        print(f"  epoch {epoch + 1} loss {total / len(data):.4f}")


@torch.no_grad()
def score(model, data):
    x, y = data.tensors
    return (model(x).argmax(1) == y).float().mean().item()


low, high = [0, 1, 2, 3, 4], [5, 6, 7, 8, 9]
print("pre-training on 0-4")
source = Classifier(Backbone(), 5)
fit(source, load("train", low, 5000), epochs=3, lr=1e-3)
print(f"  source accuracy {score(source, load('t10k', low, 1500)):.4f}")

print("new head for 5-9")
for p in source.backbone.parameters():
    p.requires_grad = False
target = Classifier(source.backbone, 5)
fit(target, load("train", high, 4000), epochs=5, lr=5e-3)

test = load("t10k", high, 1500)
majority = torch.bincount(test.tensors[1]).max().item() / len(test)
print(f"baseline accuracy (majority class): {majority:.4f}")
print(f"final test accuracy: {score(target, test):.4f}")
