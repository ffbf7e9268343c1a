"""Course assignment 3: handwritten digits with a small MLP-on-conv network."""
import gzip
import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(7)
np.random.seed(7)
torch.set_num_threads(1)

ROOT = "../shared/data/MNIST/raw/"


def read_images(name, n):
    with gzip.open(ROOT + name, "rb") as f:
        buf = f.read(16 + n * 784)
    return np.frombuffer(buf, dtype=np.uint8, offset=16).reshape(n, 1, 28, 28)


def read_labels(name, n):
    with gzip.open(ROOT + name, "rb") as f:
        buf = f.read(8 + n)
    return np.frombuffer(buf, dtype=np.uint8, offset=8).astype(np.int64)


def make_loader(img, lab, n, batch_size, shuffle):
    x = torch.from_numpy(read_images(img, n).astype(np.float32))
    y = torch.from_numpy(read_labels(lab, n))
    return DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=shuffle)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(8 * 7 * 7, 128),
            nn.ReLU(),
            nn.Linear(128, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        )

    def forward(self, x):
        return self.classifier(self.features(x))


def train(model, loader, criterion, optimizer):
    model.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    return total / len(loader.dataset)


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    hits = 0
    for x, y in loader:
        hits += (model(x).argmax(1) == y).sum().item()
    return hits / len(loader.dataset)


train_loader = make_loader("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", 4000, 64, True)
test_loader = make_loader("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", 1000, 250, False)

model = Net()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.9)

for epoch in range(1, 5):
    loss = train(model, train_loader, criterion, optimizer)
    print(f"epoch {epoch}: train loss {loss:.4f}  test acc {evaluate(model, test_loader):.3f}")

print("final accuracy:", evaluate(model, test_loader))
