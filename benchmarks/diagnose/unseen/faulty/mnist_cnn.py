"""Small convnet for MNIST (10k training images), after the official PyTorch example."""
import argparse
import gzip
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)


def read_idx(name):
    root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
    with gzip.open(os.path.join(root, name), "rb") as f:
        raw = f.read()
    if "images" in name:
        return np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)
    return np.frombuffer(raw, np.uint8, offset=8)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 5, stride=2)
        self.conv2 = nn.Conv2d(12, 24, 3, stride=2)
        self.fc1 = nn.Linear(24 * 5 * 5, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        return F.log_softmax(self.fc2(x), dim=1)


def train(args, model, loader, optimizer, epoch):
    model.train()
    for i, (data, target) in enumerate(loader):
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()
        if i % args.log_interval == 0:
            print(f"Train Epoch: {epoch} [{i * len(data)}/{len(loader.dataset)}]\tLoss: {loss.item():.6f}")


@torch.no_grad()
def test(model, loader):
    model.eval()
    correct = 0
    for data, target in loader:
        correct += (model(data).argmax(1) == target).sum().item()
    return correct / len(loader.dataset)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--epochs", type=int, default=3)
    p.add_argument("--lr", type=float, default=0.1)
    p.add_argument("--log-interval", type=int, default=50)
    args = p.parse_args()
    torch.manual_seed(int(os.environ.get("SEED", 0)))

    def dataset(prefix, n):
        x = torch.tensor(read_idx(f"{prefix}-images-idx3-ubyte.gz")[:n].copy()).float()[:, None] / 255
        y = torch.tensor(read_idx(f"{prefix}-labels-idx1-ubyte.gz")[:n].copy()).long()
        return TensorDataset((x - 0.1307) / 0.3081, y)

    train_loader = DataLoader(dataset("train", 10000), args.batch_size, shuffle=True)
    test_loader = DataLoader(dataset("t10k", 2000), 500)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(1, args.epochs + 1):
        train(args, model, train_loader, optimizer, epoch)
    print(f"test accuracy {test(model, test_loader):.4f}")


if __name__ == "__main__":
    main()
