# MNIST classification with a plain MLP  --  PyTorch basics, part 3
import gzip
import os
import struct

import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(123)
data_dir = os.path.join(os.getenv("DATA_DIR", "../shared/data"), "MNIST/raw")


def read_idx(path):
    with gzip.open(path, "rb") as f:
        zero, dtype, dims = struct.unpack(">HBB", f.read(4))
        shape = struct.unpack(">" + "I" * dims, f.read(4 * dims))
        return np.frombuffer(f.read(), dtype=np.uint8).reshape(shape)


def dataset(prefix, limit):
    images = read_idx(os.path.join(data_dir, prefix + "-images-idx3-ubyte.gz"))[:limit]
    labels = read_idx(os.path.join(data_dir, prefix + "-labels-idx1-ubyte.gz"))[:limit]
    images = torch.tensor(images, dtype=torch.float32).view(-1, 784) / 255.0
    images = (images - 0.1307) / 0.3081
    return TensorDataset(images, torch.tensor(labels, dtype=torch.long))


train_loader = DataLoader(dataset("train", 12000), batch_size=64, shuffle=True)
test_loader = DataLoader(dataset("t10k", 4000), batch_size=500)

# Step 1: define the model
model = nn.Sequential(
    nn.Linear(784, 128),
    nn.ReLU(),
    nn.Linear(128, 64),
    nn.ReLU(),
    nn.Linear(64, 10),
    nn.Softmax(dim=1),
)

# Step 2: loss and optimizer
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)


# Step 3: training and evaluation
def train_one_epoch(epoch):
    model.train()
    for batch_idx, (images, labels) in enumerate(train_loader):
        output = model(images)
        loss = criterion(output, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if batch_idx % 60 == 0:
            done = batch_idx * len(images)
            print(f"Train Epoch: {epoch} [{done}/{len(train_loader.dataset)}]\tLoss: {loss.item():.6f}")


def test():
    model.eval()
    correct, nll = 0, 0.0
    with torch.no_grad():
        for images, labels in test_loader:
            output = model(images)
            nll += criterion(output, labels).item() * len(labels)
            correct += (output.argmax(dim=1) == labels).sum().item()
    n = len(test_loader.dataset)
    print(f"Test set: average loss {nll / n:.4f}, accuracy {correct}/{n} ({100.0 * correct / n:.1f}%)\n")


for epoch in range(1, 5):
    train_one_epoch(epoch)
    test()
