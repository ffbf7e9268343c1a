"""MNIST with a small convolutional network, plain train/evaluate functions."""
import gzip
import os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

DATA_DIR = os.environ.get("DATA_DIR", "../shared/data")
SEED = int(os.environ.get("SEED", "1"))
BATCH_SIZE = 64
EPOCHS = 3
LEARNING_RATE = 0.1

torch.set_num_threads(1)
torch.manual_seed(SEED)


def read_idx(name):
    with gzip.open(os.path.join(DATA_DIR, "MNIST", "raw", name), "rb") as f:
        raw = f.read()
    ndim = raw[3]
    dims = [int.from_bytes(raw[4 + 4 * i: 8 + 4 * i], "big") for i in range(ndim)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * ndim).reshape(dims)


def load(split, n):
    x = read_idx(f"{split}-images-idx3-ubyte.gz")[:n]
    y = read_idx(f"{split}-labels-idx1-ubyte.gz")[:n]
    x = torch.tensor(x, dtype=torch.float32).unsqueeze(1) / 255.0
    x = (x - 0.1307) / 0.3081
    return TensorDataset(x, torch.tensor(y, dtype=torch.long))


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 5, padding=2)
        self.conv2 = nn.Conv2d(8, 16, 5, padding=2)
        self.bn = nn.BatchNorm2d(16)
        self.fc1 = nn.Linear(16 * 7 * 7, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = self.bn(F.max_pool2d(F.relu(self.conv2(x)), 2))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


def train_epoch(model, loader, optimizer):
    model.train()
    running = 0.0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(labels)
    return running / len(loader.dataset)


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    correct = 0
    for images, labels in loader:
        correct += (model(images).argmax(1) == labels).sum().item()
    return correct / len(loader.dataset)


train_loader = DataLoader(load("train", 6000), batch_size=BATCH_SIZE, shuffle=True)
test_loader = DataLoader(load("t10k", 2000), batch_size=500)

model = ConvNet()
optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)

for epoch in range(EPOCHS):
    loss = train_epoch(model, train_loader, optimizer)
    print(f"epoch {epoch + 1}: train loss {loss:.4f}  test acc {evaluate(model, test_loader):.4f}")

print(f"final test accuracy: {evaluate(model, test_loader):.4f}")
