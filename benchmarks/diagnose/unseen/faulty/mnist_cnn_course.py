"""Week 4 assignment: convnet on MNIST with a step-wise learning rate."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
np.random.seed(SEED)
ROOT = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")

BASE_LR = 1e-3
GAMMA = 0.1
EPOCHS = 3


def read_idx(name, head):
    with gzip.open(os.path.join(ROOT, name), "rb") as f:
        return np.frombuffer(f.read(), np.uint8, offset=head)


def load(split, n):
    x = read_idx(f"{split}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)[:n]
    y = read_idx(f"{split}-labels-idx1-ubyte.gz", 8)[:n]
    x = (torch.tensor(x, dtype=torch.float32) / 255 - 0.1307) / 0.3081
    return TensorDataset(x, torch.tensor(y, dtype=torch.long))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 5, stride=2)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2)
        self.fc1 = nn.Linear(16 * 5 * 5, 64)
        self.fc2 = nn.Linear(64, 10)
        for layer in (self.conv1, self.conv2, self.fc1):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


def set_lr(optimizer, epoch):
    lr = BASE_LR * GAMMA ** (1 - epoch)
    for group in optimizer.param_groups:
        group["lr"] = lr
    return lr


def evaluate(model, loader):
    model.eval()
    good = 0
    with torch.no_grad():
        for x, y in loader:
            good += (model(x).argmax(1) == y).sum().item()
    return good / len(loader.dataset)


if __name__ == "__main__":
    train = DataLoader(load("train", 12000), batch_size=64, shuffle=True)
    test = DataLoader(load("t10k", 2000), batch_size=500)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=BASE_LR)
    for epoch in range(1, EPOCHS + 1):
        lr = set_lr(optimizer, epoch)
        model.train()
        running = 0.0
        for x, y in train:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            running += loss.item()
        print(f"epoch {epoch} lr {lr:.0e} loss {running / len(train):.4f} acc {evaluate(model, test):.4f}")
    print(f"final accuracy: {evaluate(model, test):.4f}")
