"""A small convnet for MNIST, following the 'What is torch.nn really?' tutorial."""
import gzip
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 0)))
PATH = Path(os.environ.get("DATA_DIR", "../shared/data")) / "MNIST" / "raw"


def read_idx(name):
    with gzip.open(PATH / name, "rb") as f:
        raw = f.read()
    ndim = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * i:8 + 4 * i], "big") for i in range(ndim)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * ndim).reshape(shape)


n_train, n_valid = 6000, 2000
x_train = torch.tensor(read_idx("train-images-idx3-ubyte.gz")[:n_train].copy()).float()
y_train = torch.tensor(read_idx("train-labels-idx1-ubyte.gz")[:n_train].copy()).long()
x_valid = torch.tensor(read_idx("t10k-images-idx3-ubyte.gz")[:n_valid].copy()).float()
y_valid = torch.tensor(read_idx("t10k-labels-idx1-ubyte.gz")[:n_valid].copy()).long()


class Mnist_CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(16, 16, kernel_size=3, stride=2, padding=1)
        self.fc1 = nn.Linear(16 * 7 * 7, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, xb):
        xb = xb.view(-1, 1, 28, 28)
        xb = F.relu(self.conv1(xb))
        xb = F.relu(self.conv2(xb))
        xb = F.relu(self.fc1(xb.flatten(1)))
        return self.fc2(xb)


def accuracy(out, yb):
    return (out.argmax(1) == yb).float().mean()


bs, lr, epochs = 64, 0.1, 4
model = Mnist_CNN()
loss_func = F.cross_entropy


def fit():
    for epoch in range(epochs):
        model.train()
        perm = torch.randperm(n_train)
        for i in range((n_train - 1) // bs + 1):
            idx = perm[i * bs:(i + 1) * bs]
            loss = loss_func(model(x_train[idx]), y_train[idx])
            loss.backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= p.grad * lr
                model.zero_grad()

        model.eval()
        with torch.no_grad():
            out = model(x_valid)
        print(epoch, "valid loss", loss_func(out, y_valid).item())


fit()
with torch.no_grad():
    print(f"final valid accuracy {accuracy(model(x_valid), y_valid).item():.4f}")
