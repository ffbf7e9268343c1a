import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split


def conv_block(cin, cout):
    conv = nn.Conv2d(cin, cout, 3, padding=1)
    nn.init.xavier_uniform_(conv.weight, gain=0.1)
    nn.init.zeros_(conv.bias)
    return nn.Sequential(conv, nn.ReLU(inplace=True))


def build():
    return nn.Sequential(
        conv_block(1, 16),
        conv_block(16, 16),
        nn.MaxPool2d(2),
        conv_block(16, 32),
        conv_block(32, 32),
        nn.MaxPool2d(2),
        conv_block(32, 32),
        conv_block(32, 32),
        nn.Flatten(),
        nn.Linear(128, 10),
    )


def accuracy(net, loader):
    net.eval()
    hits = total = 0
    with torch.no_grad():
        for xb, yb in loader:
            hits += (net(xb).argmax(1) == yb).sum().item()
            total += len(yb)
    return hits / total


torch.manual_seed(0)
d = load_digits()
full = TensorDataset(torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16, torch.tensor(d.target))
train_set, test_set = random_split(full, [1400, len(full) - 1400])
train_loader = DataLoader(train_set, 50, shuffle=True)
test_loader = DataLoader(test_set, 200)

net = build()
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
for epoch in range(5):
    net.train()
    for xb, yb in train_loader:
        loss = nn.functional.cross_entropy(net(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss", loss.item())
print("test accuracy", accuracy(net, test_loader))
