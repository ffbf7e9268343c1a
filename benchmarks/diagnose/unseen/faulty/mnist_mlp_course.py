"""Lecture notebook: weight initialisation and a three-layer perceptron on MNIST."""
import gzip
import os
import numpy as np
import torch
from torch import nn, optim
import torch.nn.functional as F
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset

torch.set_num_threads(1)
torch.manual_seed(int(os.environ.get("SEED", 10)))
np.random.seed(int(os.environ.get("SEED", 10)))
root = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw")


def images(fn):
    with gzip.open(os.path.join(root, fn)) as f:
        return np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)


def labels(fn):
    with gzip.open(os.path.join(root, fn)) as f:
        return np.frombuffer(f.read(), np.uint8, offset=8)


def to_dataset(x, y):
    x = torch.from_numpy(x.astype(np.float32) / 255.0)
    return TensorDataset((x - 0.1307) / 0.3081, torch.from_numpy(y.astype(np.int64)))


class Net(nn.Module):
    def __init__(self, hidden_1=128, hidden_2=64):
        super().__init__()
        self.fc1 = nn.Linear(28 * 28, hidden_1)
        self.fc2 = nn.Linear(hidden_1, hidden_2)
        self.fc3 = nn.Linear(hidden_2, 10)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def weights_init(m):
    if isinstance(m, nn.Linear):
        nn.init.constant_(m.weight, 0.01)
        nn.init.zeros_(m.bias)


def train(model, train_loader, valid_loader, n_epochs=3):
    optimizer = optim.Adam(model.parameters(), lr=0.001)
    criterion = nn.CrossEntropyLoss()
    history = []
    for epoch in range(1, n_epochs + 1):
        model.train()
        for data, target in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(data), target)
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        print(f"Epoch {epoch}: loss {np.mean(history[-50:]):.4f}, "
              f"valid acc {validate(model, valid_loader):.4f}")
    return history


@torch.no_grad()
def validate(model, loader):
    model.eval()
    good, n = 0, 0
    for data, target in loader:
        good += (model(data).argmax(1) == target).sum().item()
        n += len(target)
    return good / n


full = to_dataset(images("train-images-idx3-ubyte.gz")[:12000], labels("train-labels-idx1-ubyte.gz")[:12000])
test = to_dataset(images("t10k-images-idx3-ubyte.gz")[:3000], labels("t10k-labels-idx1-ubyte.gz")[:3000])
indices = np.random.permutation(len(full))
train_loader = DataLoader(full, batch_size=64, sampler=SubsetRandomSampler(indices[2000:]))
valid_loader = DataLoader(full, batch_size=200, sampler=SubsetRandomSampler(indices[:2000]))
test_loader = DataLoader(test, batch_size=200)

model = Net()
model.apply(weights_init)
train(model, train_loader, valid_loader)
print(f"final test accuracy: {validate(model, test_loader):.4f}")
