import gzip
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

ROOT = "../shared/data/MNIST/raw/"


def load():
    with gzip.open(ROOT + "t10k-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)
    with gzip.open(ROOT + "t10k-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)
    x = torch.tensor(x / 255.0, dtype=torch.float32)
    x = (x - 0.1307) / 0.3081
    return x, torch.tensor(y, dtype=torch.long)


torch.manual_seed(0)
x, y = load()
train = DataLoader(TensorDataset(x[:6000], y[:6000]), batch_size=64, shuffle=True)

model = nn.Sequential(
    nn.Linear(784, 256), nn.ReLU(),
    nn.Linear(256, 128), nn.ReLU(),
    nn.Linear(128, 10),
)
opt = torch.optim.SGD(model.parameters(), lr=0.6, momentum=0.9)
criterion = nn.CrossEntropyLoss()

for epoch in range(3):
    total = 0.0
    for xb, yb in train:
        opt.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        opt.step()
        total += loss.item()
    print(f"epoch {epoch} loss {total / len(train):.4f}")

with torch.no_grad():
    acc = (model(x[6000:]).argmax(1) == y[6000:]).float().mean()
print("test accuracy", acc.item())
