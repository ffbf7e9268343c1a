import gzip
import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(0)


def idx(name, skip, count):
    with gzip.open("../shared/data/MNIST/raw/" + name + ".gz") as f:
        return np.frombuffer(f.read(skip + count), np.uint8, offset=skip).copy()


N, M = 5000, 2000
x_train = torch.tensor(idx("train-images-idx3-ubyte", 16, N * 784)).view(N, 784).float() / 127.5 - 1
y_train = torch.tensor(idx("train-labels-idx1-ubyte", 8, N)).long()
x_test = torch.tensor(idx("t10k-images-idx3-ubyte", 16, M * 784)).view(M, 784).float() / 127.5 - 1
y_test = torch.tensor(idx("t10k-labels-idx1-ubyte", 8, M)).long()


class BinaryActivation(nn.Module):
    def forward(self, x):
        return torch.sign(x)


model = nn.Sequential(
    nn.Linear(784, 64), nn.BatchNorm1d(64), BinaryActivation(),
    nn.Linear(64, 64), nn.BatchNorm1d(64), BinaryActivation(),
    nn.Linear(64, 64), nn.BatchNorm1d(64), BinaryActivation(),
    nn.Linear(64, 10),
)
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(6):
    model.train()
    for b in torch.randperm(N).split(64):
        opt.zero_grad()
        loss = loss_fn(model(x_train[b]), y_train[b])
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        acc = (model(x_test).argmax(1) == y_test).float().mean().item()
    print("epoch", epoch, "loss", round(loss.item(), 3), "test acc", acc)
