import gzip
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def read(kind, n):
    d = "../shared/data/MNIST/raw/"
    with gzip.open(f"{d}{kind}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + n * 784), np.uint8)[16:].reshape(n, 1, 28, 28)
    with gzip.open(f"{d}{kind}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + n), np.uint8)[8:]
    return TensorDataset((torch.tensor(x).float() / 255 - 0.1307) / 0.3081, torch.tensor(y).long())


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, stride=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(256, 84)
        self.fc2 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        return F.softmax(self.fc2(x), dim=1)


torch.manual_seed(0)
train_loader = DataLoader(read("train", 4000), batch_size=50, shuffle=True)
test_loader = DataLoader(read("t10k", 1500), batch_size=500)
model = LeNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

for epoch in range(4):
    model.train()
    for data, target in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(data), target)
        loss.backward()
        optimizer.step()
    print(f"Epoch {epoch}: loss {loss.item():.4f}")

model.eval()
correct = 0
with torch.no_grad():
    for data, target in test_loader:
        correct += (model(data).argmax(1) == target).sum().item()
print("accuracy", correct / 1500)
