"""LeNet-style classifier on MNIST."""
import argparse
import gzip
import os

import numpy as np
import torch
torch.set_num_threads(1)
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset


def read_idx(name):
    root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")
    with gzip.open(os.path.join(root, name), "rb") as fh:
        buf = fh.read()
    ndim = buf[3]
    shape = [int.from_bytes(buf[4 + 4 * i:8 + 4 * i], "big") for i in range(ndim)]
    return np.frombuffer(buf, np.uint8, offset=4 + 4 * ndim).reshape(shape).copy()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 5, stride=1)
        self.conv2 = nn.Conv2d(12, 24, 3)
        self.fc = nn.Linear(24 * 5 * 5, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        return self.fc(x)


def train(args, model, loader, optimizer, epoch):
    model.train()
    for batch_idx, (data, target) in enumerate(loader):
        optimizer.zero_grad()
        output = model(data)
        loss = F.cross_entropy(output, target)
        loss.backward()
        optimizer.step()
        if batch_idx % args.log_interval == 0:
            print(f"epoch {epoch} [{batch_idx * len(data)}/{len(loader.dataset)}] loss {loss.item():.4f}")


def test(model, loader):
    model.eval()
    correct = 0
    with torch.no_grad():
        for data, target in loader:
            correct += (model(data).argmax(1) == target).sum().item()
    return correct / len(loader.dataset)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--epochs", type=int, default=2)
    p.add_argument("--lr", type=float, default=0.05)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--log-interval", type=int, default=30)
    args = p.parse_args()
    torch.manual_seed(args.seed)

    def to_ds(images, labels, n):
        x = torch.from_numpy(read_idx(images)[:n]).float().unsqueeze(1) / 255.0
        y = torch.from_numpy(read_idx(labels)[:n]).long()
        return TensorDataset((x - 0.1307) / 0.3081, y)

    train_loader = DataLoader(to_ds("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", 8000),
                              batch_size=args.batch_size, shuffle=True)
    test_loader = DataLoader(to_ds("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", 2000), batch_size=500)

    model = Net()
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(1, args.epochs + 1):
        train(args, model, train_loader, optimizer, epoch)
        print("test accuracy", test(model, test_loader))
    print(f"final accuracy {test(model, test_loader):.4f}")


if __name__ == "__main__":
    main()
